"""A file that leaves processes and threads behind, one of them in our own code."""

import os
import subprocess
import threading
import time
from pathlib import Path

sleeper = subprocess.Popen(["sleep", "600"])
fork = os.fork()
if fork:
    Path("left_behind.txt").write_text(f"{sleeper.pid} {fork}")
    threading.Thread(target=time.sleep, args=(600,)).start()
