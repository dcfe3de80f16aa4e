"""A cluster replayed: jobs placed on nodes as they come, event by event.

``nodes`` places, ``engine`` replays, ``trace`` makes work of job records, ``scenario`` changes what
is replayed, ``compare`` sets two replays against each other.
"""
