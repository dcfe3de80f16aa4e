"""Run as a file by its path, so that the user's folder cannot stand in for this package."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

from estimator.drystep.child.main import main

main()
