"""A file without any model."""

LEARNING_RATE = 0.1
