import time
from pathlib import Path

while not Path("ready.1").exists():
    time.sleep(1)
