"""The words between the parent and the child: one JSON document in, JSON lines out.

The child does not import pydantic: its start-up time is the command's.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from estimator.drystep.cluster import CollectiveUse, VirtualRank
from estimator.drystep.measurement import DryStepReport, KernelUse, Precision
from estimator.drystep.request import CudaCard, DeviceChoice, DryStepRequest, PlanSpace
from estimator.drystep.strategy import Strategy
from estimator.errors import (
    BadInput,
    EstimatorError,
    InternalError,
    NoFeasiblePlan,
    UserCodeFailed,
)
from estimator.messages import Message, from_portable, map_texts, to_portable
from estimator.workload.types import Script, SyntheticTensor, TensorRequest, Workload

DUMP_SIGNAL = signal.SIGRTMIN + 5
"""Makes the child's faulthandler write where it is; one that user code hardly uses."""

WARM = "--warm"
"""Tells the child to import Paddle first and to read its order then."""

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
    """One line: the answer, and how to say each of its sentences in another language."""
    return _line({"report": report, "sentences": _sentences(report)})


def encode_error(error: EstimatorError) -> bytes:
    """One line: the error that `decode_error` makes again, with its notes."""
    return _line(
        {
            "error": {
                "kind": type(error).__name__,
                "what": to_portable(error.what),
                "where": error.where,
                "hint": to_portable(error.hint),
                "notes": getattr(error, "__notes__", []),
            }
        }
    )


@cache
def report_adapter() -> TypeAdapter[DryStepReport]:
    """What checks a report. Making it takes a while: best done while the child is starting."""
    from pydantic import TypeAdapter

    return TypeAdapter(DryStepReport)


def decode_report(line: Mapping[str, Any]) -> DryStepReport:
    """The report of a parsed ``report`` line, checked; raises pydantic.ValidationError."""
    report = report_adapter().validate_python(line["report"])
    known = {str(said): said for said in map(from_portable, line["sentences"])}
    return map_texts(report, lambda said: known.get(said, said), leaves=(KernelUse, CollectiveUse))


def decode_error(plain: Mapping[str, Any]) -> EstimatorError:
    """The error of a parsed ``error`` line."""
    kind = _ERRORS.get(plain["kind"], InternalError)
    what, hint = from_portable(plain["what"]), from_portable(plain["hint"])
    error = kind(what, where=plain["where"], hint=hint)
    for note in plain["notes"]:
        error.add_note(note)
    return error


def _sentences(report: DryStepReport) -> list[object]:
    """Every text of the report that has a translation; JSON keeps the English words alone."""
    found: dict[str, Message] = {}

    def gather(said: str) -> str:
        if isinstance(said, Message):
            found[said] = said
        return said

    map_texts(report, gather, leaves=(KernelUse, CollectiveUse))
    return [to_portable(said) for said in found.values()]


def _line(message: object) -> bytes:
    return json.dumps(message, default=_plain).encode() + b"\n"


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
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
            "variants": tuple(map(_workload, plain["variants"])),
            "plugin": Path(plain["plugin"]) if plain["plugin"] else None,
            "scratch": Path(plain["scratch"]) if plain["scratch"] else None,
            "card": _card(plain["card"]) if plain["card"] else None,
            "rank": VirtualRank(**plain["rank"]) if plain["rank"] else None,
            "mail": tuple(plain["mail"]),
            "plans": _space(plain["plans"]) if plain["plans"] else None,
        }
    )


def _space(plain: dict[str, Any]) -> PlanSpace:
    return PlanSpace(
        **plain
        | {
            "gpu_counts": tuple(plain["gpu_counts"]),
            "precisions": tuple(Precision(**precision) for precision in plain["precisions"]),
            "strategies": tuple(Strategy(**strategy) for strategy in plain["strategies"]),
            "capacities": tuple(plain["capacities"]),
            "nodes": tuple((count, nodes) for count, nodes in plain["nodes"]),
            "degrees": tuple((name, degree) for name, degree in plain["degrees"]),
        }
    )


def _card(plain: dict[str, Any]) -> CudaCard:
    return CudaCard(**plain | {"compute_capability": tuple(plain["compute_capability"])})


def _workload(plain: dict[str, Any]) -> Workload:
    return Workload(
        **plain
        | {
            "model_file": Path(plain["model_file"]),
            "inputs": tuple(_tensor(tensor) for tensor in plain["inputs"]),
            "labels": tuple(_tensor(tensor) for tensor in plain["labels"]),
            "precision": Precision(**plain["precision"]) if plain["precision"] else None,
            "strategy": Strategy(**plain["strategy"]) if plain["strategy"] else None,
            "script": _script(plain["script"]) if plain["script"] else None,
        }
    )


def _script(plain: dict[str, Any]) -> Script:
    words = ("command", "arguments", "batch_argument")
    synthetic = tuple(
        SyntheticTensor(each["name"], _tensor(each["tensor"])) for each in plain["synthetic"]
    )
    return Script(**plain | {name: tuple(plain[name]) for name in words} | {"synthetic": synthetic})


def _tensor(plain: dict[str, Any]) -> TensorRequest:
    return TensorRequest(**plain | {"shape": tuple(plain["shape"])})
