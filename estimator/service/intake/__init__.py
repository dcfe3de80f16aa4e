"""From what a client sends to one checked question."""
