"""The parent's side of a dry step in another place: asks the child and prints the answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from estimator.drystep.carried.lines import BEAT, answer_lines, progress_line
from estimator.drystep.launch import Asking, ask_child, child_of
from estimator.drystep.protocol import decode_order, encode_error
from estimator.drystep.request import Limits
from estimator.errors import EstimatorError, InternalError

ORDER = "order.json"
_BEAT_SECONDS = 1.0


def answer(folder: Path, job: Path, child: Sequence[str]) -> None:
    """Carry out the order in a folder on the files of ``job``, the current folder."""
    over = threading.Event()
    beats = threading.Thread(target=_beat, args=(over,), daemon=True)
    beats.start()
    found = _answer((folder / ORDER).read_bytes(), child)
    over.set()
    beats.join()
    for line in answer_lines(found):
        _say(line)


def _answer(order: bytes, child: Sequence[str]) -> bytes:
    """The report or the error as a line of JSON."""
    try:
        wanted = decode_order(order)
        request = replace(wanted.request, scratch=None)
        limits = Limits(request.seconds, wanted.host_memory_bytes or None)
        asking = Asking(limits, lambda said: _say(progress_line(said)), child_of(child))
        return json.dumps(dict(ask_child(request, asking))).encode()
    except EstimatorError as error:
        return encode_error(error)
    except Exception as error:
        return encode_error(InternalError(f"{type(error).__name__}: {error}"))


def _beat(over: threading.Event) -> None:
    while not over.wait(_BEAT_SECONDS):
        _say(BEAT)


def _say(line: str) -> None:
    print(line, flush=True)
