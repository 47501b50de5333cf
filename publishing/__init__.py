"""FROM an output TO a platform.

    Output -> Publication (row) -> platforms -> a post on a channel

Nothing here yet: channels and posting come with their own issue. The place is kept so that imports point
the right way from the start: `publishing` may use `jobs`, never the other way round.
"""
