"""The words between the parent and the child: one JSON document in, JSON lines out.

The child does not import pydantic: its start-up time is the command's.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from estimator.drystep.measurement import DryStepReport, Precision
from estimator.drystep.request import DeviceChoice, DryStepRequest
from estimator.errors import (
    BadInput,
    EstimatorError,
    InternalError,
    NoFeasiblePlan,
    UserCodeFailed,
)
from estimator.workload.types import TensorRequest, Workload

DUMP_SIGNAL = signal.SIGRTMIN + 5
"""Makes the child's faulthandler write where it is; one that user code hardly uses."""

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_ERRORS = {kind.__name__: kind for kind in (BadInput, NoFeasiblePlan, UserCodeFailed)}


@dataclass(frozen=True, slots=True)
class Order:
    """The request, and what the child must know of its parent and its limits.

    ``host_memory_bytes`` is the most the child may map as private data.
    """

    request: DryStepRequest
    host_memory_bytes: int
    parent_pid: int


def encode_order(order: Order) -> bytes:
    """The JSON document that the child reads from its standard input."""
    return json.dumps(order, default=_plain).encode()


def decode_order(document: bytes) -> Order:
    """What `encode_order` was given."""
    plain = json.loads(document)
    return Order(_request(plain["request"]), plain["host_memory_bytes"], plain["parent_pid"])


def encode_progress(text: str) -> bytes:
    """One line: the child has begun ``text``."""
    return _line({"progress": text})


def encode_report(report: DryStepReport) -> bytes:
    """One line: the answer."""
    return _line({"report": report})


def encode_error(error: EstimatorError) -> bytes:
    """One line: the error that `decode_error` makes again, with its notes."""
    return _line(
        {
            "error": {
                "kind": type(error).__name__,
                "what": error.what,
                "where": error.where,
                "hint": error.hint,
                "notes": getattr(error, "__notes__", []),
            }
        }
    )


@cache
def report_adapter() -> TypeAdapter[DryStepReport]:
    """What checks a report. Making it takes a while: best done while the child is starting."""
    from pydantic import TypeAdapter

    return TypeAdapter(DryStepReport)


def decode_report(plain: object) -> DryStepReport:
    """The report of a parsed ``report`` line, checked; raises pydantic.ValidationError."""
    return report_adapter().validate_python(plain)


def decode_error(plain: Mapping[str, Any]) -> EstimatorError:
    """The error of a parsed ``error`` line."""
    kind = _ERRORS.get(plain["kind"], InternalError)
    error = kind(plain["what"], where=plain["where"], hint=plain["hint"])
    for note in plain["notes"]:
        error.add_note(note)
    return error


def _line(message: object) -> bytes:
    return json.dumps(message, default=_plain).encode() + b"\n"


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a message cannot carry a {type(value).__name__}")


def _request(plain: dict[str, Any]) -> DryStepRequest:
    return DryStepRequest(
        **plain
        | {
            "workload": _workload(plain["workload"]),
            "precisions": tuple(Precision(**precision) for precision in plain["precisions"]),
            "device": DeviceChoice(plain["device"]),
            "capacities": tuple(plain["capacities"]),
            "plugin": Path(plain["plugin"]) if plain["plugin"] else None,
        }
    )


def _workload(plain: dict[str, Any]) -> Workload:
    return Workload(
        **plain
        | {
            "model_file": Path(plain["model_file"]),
            "inputs": tuple(_tensor(tensor) for tensor in plain["inputs"]),
            "labels": tuple(_tensor(tensor) for tensor in plain["labels"]),
            "precision": Precision(**plain["precision"]) if plain["precision"] else None,
        }
    )


def _tensor(plain: dict[str, Any]) -> TensorRequest:
    return TensorRequest(**plain | {"shape": tuple(plain["shape"])})
