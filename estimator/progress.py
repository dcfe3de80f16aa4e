"""How a long computation tells a front end where it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Stage(StrEnum):
    """A part of an estimate that a person may have to wait for; the value is its text's key."""

    READ = "stage.read"
    BUILD_DEVICE = "stage.build_device"
    DRY_STEP = "stage.dry_step"
    VERIFY = "stage.verify"
    LARGEST_BATCH = "stage.largest_batch"
    PREDICT = "stage.predict"
    PLAN = "stage.plan"
    MANIFEST = "stage.manifest"
    READ_RECORDS = "stage.read_records"
    REPORT = "stage.report"
    WRITE = "stage.write"


class Progress(Protocol):
    """What the pipeline tells while it works. Implementations must not raise."""

    def stage(self, stage: Stage) -> None:
        """A stage begins, and the one before it is done."""
        ...

    def detail(self, words: str) -> None:
        """What exactly is under way within the current stage."""
        ...

    def advance(self, done: int, total: int) -> None:
        """So many of the current stage's parts are done."""
        ...

    def note(self, text: str) -> None:
        """One line that people should see even where no progress is shown."""
        ...


class Silence:
    """A :class:`Progress` that shows nothing."""

    def stage(self, stage: Stage) -> None:
        """Nothing to show."""

    def detail(self, words: str) -> None:
        """Nothing to show."""

    def advance(self, done: int, total: int) -> None:
        """Nothing to show."""

    def note(self, text: str) -> None:
        """Nothing to show."""
