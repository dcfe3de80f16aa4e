"""paddle-estimate: what a Paddle training job needs, before it is submitted."""
