"""Runs an unmodified training script on the virtual GPU and watches what it does."""
