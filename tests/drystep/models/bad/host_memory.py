"""A file that asks for 100 GB of host memory."""

import numpy as np

table = np.ones(100 * 10**9, "uint8")
