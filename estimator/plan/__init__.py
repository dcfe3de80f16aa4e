"""Candidate plans, the recommendation and its reasons."""
