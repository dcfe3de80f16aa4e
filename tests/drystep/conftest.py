"""Paddle warns about its own installation when it is imported; tests treat warnings as errors."""

import warnings

with warnings.catch_warnings(action="ignore"):
    import paddle  # noqa: F401
