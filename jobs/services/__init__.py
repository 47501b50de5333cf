"""Rows <-> work: the only place that does both. Admin, commands and (later) the API all call these.

assets   a file, an upload or a URL becomes an Asset          plan     what a job would make, cost, limits
enqueue  plan -> Job, cells, first stages                     stages   which function works on which stage
prepare  bring a source here, give its cells keys, batch them render   one batch of cells -> verified, stored files
finish   fan-in and the job's last word                       cancel, retry, prune
"""
