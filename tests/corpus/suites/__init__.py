"""How an architecture of each suite is built and fed. Imported in the child process only."""
