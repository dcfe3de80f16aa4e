"""paddle-estimate: what a Paddle training job needs, before it is submitted."""

__version__ = "0.1.0"
