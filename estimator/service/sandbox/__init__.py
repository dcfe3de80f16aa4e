"""Where a stranger's code runs: no network, no files but its own, and bounds on all it takes."""
