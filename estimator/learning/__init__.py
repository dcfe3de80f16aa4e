"""What past jobs teach: how far predictions and requests are off, and what to ask for."""
