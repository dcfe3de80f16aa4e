"""The border around the user's code: whatever it raises becomes one clear line."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from estimator.drystep.child.readers import behind, frames_in_worker, said_in_worker
from estimator.drystep.places import innermost, is_own_or_frozen, place, place_in_traceback
from estimator.errors import EstimatorError, InternalError, UserCodeFailed
from estimator.messages import sentence

_MOST_CHARACTERS = 400
_WITHOUT_FLEET = ("get_model_parallel_group", "'Fleet' object has no attribute '_hcg'")
"""What Paddle says of layers for several GPUs where ``fleet.init`` has not been called."""

_KERNEL_NOT_THERE = re.compile(
    r"kernel `(?P<name>\w+)` is not registered"
    r"|virtual GPU (?:has no|does not know what) kernel `(?P<other>\w+)`"
)
_ASKED_TYPE = re.compile(r"Selected wrong DataType `(?P<type>\w+)`")
_TYPES_THERE = re.compile(r"following DataTypes: (?P<types>[\w, ]+)\.")
_PADDLE_SUMMARY = "Error Message Summary:\n----------------------\n"
_DEVICE_IS_FULL = "Out of memory error on"
"""Paddle's words for a device, in whatever exception they come."""
_PADDLE_TAIL = re.compile(r"\s*(\[Hint: .*|\(at /paddle/[^)]*\).*)", re.DOTALL)


@contextmanager
def user_code(model_file: Path, hint: str = "") -> Iterator[None]:
    """Raise UserCodeFailed for whatever the block raises; ``hint`` where there is no better one.

    A MemoryError passes: whether it answers the question is for the one who asked to say.
    """
    try:
        yield
    except (EstimatorError, MemoryError):
        raise
    except BaseException as error:
        if _DEVICE_IS_FULL in str(error):  # out of a PyLayer's backward pass as an OSError
            raise MemoryError(str(error)) from error
        raise failure_of(error, model_file, hint) from error


def failure_of(error: BaseException, model_file: Path, hint: str = "") -> UserCodeFailed:
    """The user's exception as one line with its place, and its traceback as a note."""
    error = behind(error)
    failure = UserCodeFailed(
        one_line(error),
        where=where_in_user_code(error, model_file),
        hint=_hint(error) or hint or _on_download(error),
    )
    frames = "".join(traceback.format_exception(type(error), error, _users_part(error)))
    failure.add_note(frames.rstrip())
    return failure


def internal(error: BaseException) -> InternalError:
    """An exception of our own as the defect that it is, with its traceback as a note."""
    defect = InternalError(one_line(error))
    defect.add_note("".join(traceback.format_exception(error)).rstrip())
    return defect


def one_line(error: BaseException) -> str:
    """Type and message on one line, without the C++ part of Paddle's messages."""
    if isinstance(error, SystemExit):
        return f"the model file called sys.exit({error.code!r})"
    if kernel := _KERNEL_NOT_THERE.search(str(error)):
        name = kernel["name"] or kernel["other"]
        return f"the virtual GPU has no kernel `{name}`{_for_type(str(error))}"
    if said := said_in_worker(error):
        return said
    text = str(error).rpartition(_PADDLE_SUMMARY)[2]
    message = " ".join((_PADDLE_TAIL.sub("", text) or text).split())
    if len(message) > _MOST_CHARACTERS:
        message = message[:_MOST_CHARACTERS] + " ..."
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _for_type(message: str) -> str:
    """The data type that was asked for, where others are there, as Paddle lists them."""
    asked, there = _ASKED_TYPE.search(message), _TYPES_THERE.search(message)
    if not asked or not there:
        return ""
    return f" for {asked['type']}, as on a GPU: it takes {there['types']}"


def where_in_user_code(error: BaseException, model_file: Path) -> str:
    """``file:line`` of the innermost user frame, or at least the model file."""
    if isinstance(error, SyntaxError) and error.filename:
        return place(error.filename, error.lineno)
    return (
        innermost(frames_in_worker(error))
        or place_in_traceback(error.__traceback__)
        or place(str(model_file), None)
    )


def _hint(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return _without_module(error.name or "")
    if _KERNEL_NOT_THERE.search(str(error)):
        return "--device cpu, which computes small batches with Paddle's CPU kernels"
    if "in reshard only supported on CPU" in str(error):
        return "Fleet's layers: Paddle's CPU build reshards no tensor of a device (shard_tensor)"
    if any(name in str(error) for name in _WITHOUT_FLEET):
        return "--search, which starts Fleet before build_model is given a degree above 1"
    if "not compiled with CUDA" in str(error):
        return "leave the device to paddle-estimate: no paddle.set_device in the model file"
    return ""


_DISTRIBUTIONS = {
    "cv2": "opencv-python-headless",
    "PIL": "Pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "yaml": "PyYAML",
}
"""Packages that have another name where they are installed from."""

_DOWNLOAD = re.compile(r"Download from \S+ failed|Cannot download \S+ within retry limit")
"""What paddle.utils.download and paddle.dataset say."""


def _without_module(name: str) -> str:
    """What brings the module, or why nothing does: the installed package has no such part."""
    package = name.partition(".")[0]
    found = sys.modules.get(package)
    if name != package and found is not None:
        return sentence(
            "{package} is there ({which}) without {module}: the code wants another version of it "
            "or another package of that name",
            package=package,
            which=getattr(found, "__version__", "") or str(getattr(found, "__file__", "")),
            module=name,
        )
    if Path(package).is_dir() or Path(f"{package}.py").is_file():
        return sentence(
            "PYTHONPATH=. in front of the command: {package} is in this folder", package=package
        )
    return f"pip install {_DISTRIBUTIONS.get(package, package)}"


def _on_download(error: BaseException) -> str:
    if not _DOWNLOAD.search(str(error)):
        return ""
    return sentence(
        "this machine does not reach that address: the option that goes without pretrained weights "
        "(they change no memory), or the file where the code looks for it"
    )


def _users_part(error: BaseException) -> TracebackType | None:
    """The traceback without our own frames at its beginning, and Python's import machinery."""
    trace = error.__traceback__
    while trace and is_own_or_frozen(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace
