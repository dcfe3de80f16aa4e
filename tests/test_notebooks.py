"""Every notebook runs from beginning to end, and is the same as its paired text."""

from __future__ import annotations

import os
from pathlib import Path

import jupytext
import nbclient
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
PHILLY = Path(__file__).resolve().parents[2] / "shared/data/history/sia_philly/philly.csv"
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.py"))
WITHOUT_PADDLE = {"capacity_plan", "learning_from_history"}


def marked(name: str) -> object:
    needs = [] if name in WITHOUT_PADDLE else [pytest.mark.paddle]
    if name == "capacity_plan":
        reason = "the traces are not part of the repository"
        needs.append(pytest.mark.skipif(not PHILLY.exists(), reason=reason))
    return pytest.param(name, marks=needs)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [marked(name) for name in NOTEBOOKS])
def test_it_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PADDLE_ESTIMATE_STORE", str(tmp_path / "records.sqlite3"))
    monkeypatch.setenv("PHILLY_CSV", str(PHILLY))
    # as in a checkout: the package beside the notebooks
    path = os.pathsep.join((str(FOLDER.parent), os.environ.get("PYTHONPATH", "")))
    monkeypatch.setenv("PYTHONPATH", path)
    notebook = jupytext.read(FOLDER / f"{name}.ipynb")
    ran = nbclient.NotebookClient(
        notebook, timeout=500, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    pictures = [
        output
        for cell in ran.cells
        for output in cell.get("outputs", ())
        if "image/svg+xml" in output.get("data", {})
    ]
    assert pictures or name == "site_template"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_and_text_are_the_same_and_nothing_but_input_is_kept(name: str) -> None:
    text, notebook = (jupytext.read(FOLDER / f"{name}.{kind}") for kind in ("py", "ipynb"))
    assert [(cell.cell_type, cell.source) for cell in text.cells] == [
        (cell.cell_type, cell.source) for cell in notebook.cells
    ]
    assert not any(cell.get("outputs") for cell in notebook.cells)
