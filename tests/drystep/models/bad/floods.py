"""A file that prints without end to both of its outputs, and then dies."""

import os
import sys

for number in range(20_000):
    print("out", number, "x" * 100)
    print("err", number, file=sys.stderr)
os.write(1, b"the very last words\n")
os._exit(7)
