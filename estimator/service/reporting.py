"""The capacity report over the own records, made by the command in a process of its own.

One at a time, and kept for a minute: a report over many jobs takes half a minute of one core.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from estimator.errors import BadInput, InternalError
from estimator.messages import Language, message
from estimator.records.store import default_address, is_there

FRESH_SECONDS = 60.0
_MOST_KEPT = 16
_TIME_LIMIT = 600.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What the report is to be of, in the words of the command line."""

    by: str = "team"
    sections: tuple[str, ...] = ()
    since: str | None = None
    before: str | None = None
    compare: str | None = None
    timezone: str = "UTC"

    def words(self) -> Iterator[str]:
        """As arguments of the command; a value never stands alone, so none is taken for a flag."""
        yield from (f"--section={name}" for name in self.sections)
        named = {"since": self.since, "before": self.before, "compare": self.compare}
        yield from (f"--{name}={value}" for name, value in named.items() if value)
        yield from (f"--by={self.by}", f"--timezone={self.timezone}")


@dataclass(frozen=True, slots=True)
class Made:
    """A report as a page and as JSON; at: when, by a clock that never goes back."""

    at: float
    page: str
    document: str


class Reports:
    """Reports of this service. cluster: the description of what it plans for, if any."""

    def __init__(self, cluster: Path | None) -> None:
        self._cluster = cluster
        self._kept: dict[tuple[Wish, Language], Made] = {}
        self._one = asyncio.Lock()

    async def of(self, wish: Wish, language: Language) -> Made:
        """The report. Raises BadInput for what cannot be used, also where there is no record."""
        if not is_there(default_address()):
            raise BadInput(message("error.no_records"), hint="paddle-estimate history import FILE")
        async with self._one:
            key = (wish, language)
            kept = self._kept.pop(key, None)
            if kept is None or time.monotonic() - kept.at > FRESH_SECONDS:
                kept = await self._made(wish, language)
            self._kept[key] = kept
            while len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            return kept

    async def _made(self, wish: Wish, language: Language) -> Made:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "report.html"
            cluster = [] if self._cluster is None else [f"--cluster={self._cluster}"]
            words = ["report", *wish.words(), *cluster, f"--lang={language.value}", f"--out={out}"]
            await _run(words)
            texts = [each.read_text("utf-8") for each in (out, out.with_suffix(".json"))]
        return Made(time.monotonic(), *texts)


async def _run(words: list[str]) -> None:
    """The command to its end. Raises what it says is wrong."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "estimator", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await asyncio.wait_for(child.communicate(), _TIME_LIMIT)
    except TimeoutError:
        raise InternalError("TimeoutError") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == BadInput.exit_code:
        raise _bad_input(said.decode(errors="replace"))
    if child.returncode:
        raise InternalError(f"report: {child.returncode}")


def _bad_input(said: str) -> BadInput:
    """The error that the command printed in the reader's language: a line, and what to try."""
    what, _, tried = said.strip().partition("\n")
    hint = re.sub(r"^[^:：]*[:：]\s*", "", tried.strip())
    return BadInput(re.sub(r"^[^:：]*[:：]\s*", "", what), hint=hint)
