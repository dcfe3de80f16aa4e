"""A file that insists on a GPU."""

import paddle

paddle.set_device("gpu")
