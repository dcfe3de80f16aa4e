from __future__ import annotations

import io

import pytest
from rich.console import Console

from estimator.cli.progress import TerminalProgress
from estimator.cli.session import Session
from estimator.messages import Language, message
from estimator.progress import Progress, Silence, Stage


def shown(*, terminal: bool, language: Language) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, highlight=False, markup=False, width=100)
    with TerminalProgress(console, Session(language)) as progress:
        tell_everything(progress)
    return file.getvalue()


def tell_everything(progress: Progress) -> None:
    progress.stage(Stage.LARGEST_BATCH)
    progress.detail("batch [64]")
    progress.advance(2, 5)
    progress.note(message("error.no_path", path="a"))


@pytest.mark.parametrize(
    ("language", "note"), [(Language.EN, "'a' does not exist"), (Language.ZH, "'a' 不存在")]
)
def test_a_terminal_sees_the_stage_and_keeps_the_note(language: Language, note: str) -> None:
    seen = shown(terminal=True, language=language)
    assert note in seen
    assert "2/5" in seen
    assert "batch [64]" in seen
    assert Session(language).say(Stage.LARGEST_BATCH.value) in seen


def test_without_a_terminal_only_notes_are_printed() -> None:
    assert shown(terminal=False, language=Language.EN) == "'a' does not exist\n"


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("language", Language)
def test_every_stage_has_a_text(stage: Stage, language: Language) -> None:
    assert Session(language).say(stage.value)


def test_silence_takes_everything() -> None:
    tell_everything(Silence())
