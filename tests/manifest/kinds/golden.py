"""Writes the golden files again: ``python -m tests.manifest.kinds.golden``, then ``git diff``."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from estimator.manifest.fill import fill
from estimator.manifest.kindnames import ManifestKind
from tests.manifest.builders import MINIMAL, template
from tests.manifest.kinds.sizes import CASES, SIZES

GOLDEN = Path(__file__).parent / "golden"
GOLDEN_CASES = [(kind, size) for kind, size in CASES if size != "1-gpu"]
"""One GPU differs from eight in two words."""


def golden_file(kind: ManifestKind, size: str) -> Path:
    ending = "sh" if kind is ManifestKind.DOCKER else "yaml"
    return GOLDEN / f"{kind}-{size}.{ending}"


def text(folder: Path, kind: ManifestKind, size: str) -> str:
    return fill(template(folder, MINIMAL), SIZES[size], kind).text


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        for case in GOLDEN_CASES:
            golden_file(*case).write_text(text(Path(folder), *case))
