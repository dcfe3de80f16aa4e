"""A file that ends the program."""

import sys

sys.exit("done")
