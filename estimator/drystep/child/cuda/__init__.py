"""Makes the virtual GPU look like a CUDA device, to the user's script and to Paddle itself.

Paddle's Python asks whether this is a CUDA build, and then for functions of its C++ core that only
CUDA builds have. Both are answered here, so that Paddle's own code goes the way it goes on a card.
"""
