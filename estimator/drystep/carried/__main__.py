"""``python tool.zip``: unpack what lies beside it, run the step, print the answer in lines.

Besides itself the folder of the zip file holds ``order.json`` and ``files.zip``. This file comes
first, so it takes nothing for granted: Paddle's images have Python 3.10.
"""

import enum
import os
import sys
import tempfile
import zipfile
from pathlib import Path

CHILD = "child"
RUN = "run"


def main() -> None:
    """One of three: unpack and start again, run the step, be its child."""
    task = sys.argv[1] if len(sys.argv) > 1 else ""
    _bring_up_to_date()
    if task == CHILD:
        from estimator.drystep.child.main import main as be_child

        be_child()
    elif task == RUN:
        from estimator.drystep.carried.inside import answer

        answer(Path(sys.argv[2]), Path.cwd(), (sys.executable, "-u", __file__, CHILD))
    else:
        _unpack(Path(sys.argv[0]))


def _unpack(tool: Path) -> None:
    """Write everything to a scratch folder and go on there."""
    scratch = Path(tempfile.mkdtemp(prefix="paddle-estimate-"))
    for archive, name in ((tool, "tool"), (tool.with_name("files.zip"), "job")):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(scratch / name)
    os.chdir(scratch / "job")
    program = str(scratch / "tool" / Path(__file__).name)
    os.execv(sys.executable, [sys.executable, "-u", program, RUN, str(tool.parent)])


def _bring_up_to_date() -> None:
    """What Python 3.11 has and this package uses, for Python 3.10."""
    if not hasattr(enum, "StrEnum"):
        vars(enum)["StrEnum"] = _StrEnum
    if sys.argv[1:] and not hasattr(Exception, "add_note"):
        from estimator.errors import EstimatorError

        _extend(EstimatorError, add_note=_add_note)


def _extend(kind: type, **methods: object) -> None:
    for name, method in methods.items():
        setattr(kind, name, method)


class _StrEnum(str, enum.Enum):  # noqa: UP042 - it stands in for StrEnum
    def __str__(self) -> str:
        return str(self.value)


def _add_note(error: Exception, note: str) -> None:
    vars(error).setdefault("__notes__", []).append(note)


if __name__ == "__main__":
    main()
