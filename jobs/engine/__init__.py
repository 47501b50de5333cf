"""Background work: django-q2 is the doorbell, the leased row is the truth.

ring(queue) -> django-q2 message "look at this queue" -> broker: nothing else comes through -> worker.work(queue)
                    gate: paused? disk full? -> nothing is taken
                    claim: best due row, one conditional UPDATE (token, attempt + 1, lease)
                    handler(row, lease) <- registry      heartbeat thread keeps the lease
                    done | retry_wait | failed | dead | cancelled, each one conditional UPDATE; policy says which
hands: a cluster whose workers are all busy takes no message; who takes a row rings on for those that are idle
supervisor: starts the clusters, reaps expired leases, rings again
"""
