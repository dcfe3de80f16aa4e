"""Progress for a person who waits: one live line on stderr, on a terminal only."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from estimator.cli.session import Session
from estimator.messages import translate
from estimator.progress import Stage


class TerminalProgress:
    """An :class:`estimator.progress.Progress`; the live line goes when the context ends."""

    def __init__(self, console: Console, session: Session) -> None:
        self._session = session
        self._live = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.fields[parts]}", markup=False),
            TextColumn("{task.fields[detail]}", markup=False, style="dim"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._live.add_task("", total=None, parts="", detail="")

    def __enter__(self) -> TerminalProgress:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def stage(self, stage: Stage) -> None:
        """Name the stage on the live line."""
        self._live.update(
            self._task, description=self._session.say(stage.value), parts="", detail=""
        )

    def detail(self, words: str) -> None:
        """Show the words behind the stage."""
        self._live.update(self._task, detail=translate(words, self._session.language))

    def advance(self, done: int, total: int) -> None:
        """Show ``done/total`` behind the stage."""
        self._live.update(self._task, parts=f"{done}/{total}")

    def note(self, text: str) -> None:
        """Print one line that stays, with or without a terminal."""
        self._live.console.print(translate(text, self._session.language))
