"""What was filled in for the user."""

from __future__ import annotations


class Assumptions:
    """Plain sentences, each once, in the order they were made."""

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}

    def add(self, sentence: str) -> None:
        """Note ``sentence``, unless it is there already."""
        self._sentences[sentence] = None

    def as_tuple(self) -> tuple[str, ...]:
        """All of them so far."""
        return tuple(self._sentences)
