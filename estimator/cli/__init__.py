"""The command line: ``paddle-estimate``."""

from estimator.cli.entry import main

__all__ = ["main"]
