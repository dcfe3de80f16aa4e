"""What was wrong with what was read: counted by reason, with the first places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_PLACES = 3
"""Places kept of each reason: enough to look at, whatever the size of the file."""


@dataclass(slots=True)
class Problem:
    """How often one thing was wrong, and where first."""

    count: int = 0
    places: list[str] = field(default_factory=list)

    def add(self, place: str) -> None:
        self.count += 1
        if len(self.places) < _PLACES:
            self.places.append(place)


@dataclass(slots=True)
class Tally:
    """What came of reading: grows while a file is read.

    taken: rows given on. skipped: rows left out, by reason. doubtful: rows given on without a
    value that was refused, or with one that looks wrong, by reason.
    """

    taken: int = 0
    skipped: dict[str, Problem] = field(default_factory=dict)
    doubtful: dict[str, Problem] = field(default_factory=dict)

    def skip(self, reason: str, place: str) -> None:
        """Count a row that is left out."""
        self.skipped.setdefault(reason, Problem()).add(place)

    def doubt(self, reason: str, place: str) -> None:
        """Count a value that was refused or looks wrong."""
        self.doubtful.setdefault(reason, Problem()).add(place)

    @property
    def read(self) -> int:
        """Rows that were there."""
        return self.taken + sum(problem.count for problem in self.skipped.values())

    def lines(self) -> Iterator[str]:
        """The report in plain words, one line for each reason."""
        for word, group in (("skipped", self.skipped), ("doubtful", self.doubtful)):
            for reason, problem in sorted(group.items(), key=lambda item: -item[1].count):
                where = ", ".join(problem.places)
                yield f"{word} {problem.count}: {reason} (first: {where})"
