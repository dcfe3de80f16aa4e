"""What holds where the user says nothing, as far as the command line shows it.

Apart from the rooms that use it, because the command line must not load them to be shown.
"""

MAX_GPUS = 8
"""GPUs of one ordinary node: plans beyond it are several nodes and have to be asked for."""

TIME_LIMIT_SECONDS = 120.0
"""How long user code may run in the child process before it counts as hanging."""

SCRIPT_TIME_LIMIT_SECONDS = 600.0
"""The same for a training script, which imports and reads more before it trains."""

OOM_PRICE = 7.0
"""An out-of-memory and its retry cost as much as this many average jobs' requested memory-time.
Chosen together with the constants of ``learning/tail.py``."""

WASTE_PRICE = 1.0
"""What the request's memory-time that a job does not use costs; only the ratio matters."""
