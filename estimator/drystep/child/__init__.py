"""The child process: the only place that imports Paddle."""
