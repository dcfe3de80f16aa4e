"""The GPU catalogue."""
