"""What a model takes along to another place."""

from __future__ import annotations

from pathlib import Path

from estimator.cluster.own_files import files_of


def written(folder: Path, **sources: str) -> None:
    for name, source in sources.items():
        path = folder / name.replace("__slash__", "/")
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".py").write_text(source)


def test_a_model_takes_what_it_imports_and_nothing_else(tmp_path: Path) -> None:
    written(
        tmp_path,
        model="import paddle, blocks\nfrom heads.big import Head\n",
        blocks="def f():\n    import late\n",
        late="",
        other="",
        heads__slash__big="from . import small\n",
        heads__slash__small="",
    )
    (tmp_path / "secret.txt").write_text("not code")
    names = sorted(files_of(tmp_path / "model.py"))
    assert names == ["blocks.py", "heads/big.py", "heads/small.py", "late.py", "model.py"]


def test_a_model_that_is_no_python_is_taken_as_it_is(tmp_path: Path) -> None:
    written(tmp_path, model="def (")
    assert files_of(tmp_path / "model.py") == {"model.py": b"def ("}


def test_a_saved_program_takes_all_files_of_its_name(tmp_path: Path) -> None:
    for name in ("net.json", "net.pdiparams", "other.json"):
        (tmp_path / name).write_text(name)
    assert sorted(files_of(tmp_path / "net.json")) == ["net.json", "net.pdiparams"]
