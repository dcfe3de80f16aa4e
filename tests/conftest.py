"""For all tests."""

from hypothesis import settings

# A busy machine makes any example slow; how long a test may take says pytest's own time limit.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
