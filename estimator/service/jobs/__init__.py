"""Estimates as durable runs: kept in a database, claimed by workers, finished once."""
