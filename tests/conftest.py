"""What holds for all tests: a machine that is slow for a moment fails none of them."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
