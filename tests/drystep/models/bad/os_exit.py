"""A file that ends the process under our feet."""

import os

os._exit(0)
