"""``python -m estimator`` is the command ``paddle-estimate``."""

import sys

from estimator.cli import main

if __name__ == "__main__":
    sys.exit(main())
