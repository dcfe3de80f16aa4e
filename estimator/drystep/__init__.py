"""The dry step: a child process runs the user's step and brings back a measurement."""
