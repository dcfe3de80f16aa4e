"""Dry steps on the workers of a Dask cluster.

Each of its workers has this package and Paddle, and runs the step in a sandbox of its own machine;
what comes back is the report as the child wrote it. A worker that dies in the middle of a step is
replaced by another one: that is Dask's own doing.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from estimator.drystep.device.choose import choose_device
from estimator.drystep.launch import OnProgress
from estimator.drystep.measurement import DryStepReport
from estimator.drystep.protocol import (
    Order,
    decode_error,
    decode_order,
    decode_report,
    encode_error,
    encode_order,
    encode_report,
)
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits
from estimator.errors import BadInput, EstimatorError, InternalError, UserCodeFailed
from estimator.messages import sentence
from estimator.service.engines.local import LocalEngine
from estimator.service.sandbox.slots import copy_files

SCHEMES = ("tcp://", "tls://")
_CONNECT_SECONDS = 15
_WAIT_SECONDS = 0.2
_one_at_a_time = Lock()


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which a cluster's worker runs a step: bytes, seconds, and whether without a sandbox."""

    memory_bytes: int
    seconds: float
    unsafe: bool


class DaskPlace:
    """A folder here, and a step there."""

    def __init__(self, client: Any, folder: Path, unsafe: bool) -> None:
        self.folder = folder
        self._client = client
        self._unsafe = unsafe
        self._given_up = False

    def kill(self) -> None:
        """Wait no longer; the worker of the cluster ends the step at its time limit."""
        self._given_up = True

    def run(self, request: DryStepRequest, limits: Limits, heard: OnProgress) -> DryStepReport:
        """Send files and request to a worker, and wait for the report."""
        heard(sentence("running on the cluster"))
        files = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }
        terms = Terms(limits.host_memory_bytes or 0, limits.seconds, self._unsafe)
        future = self._client.submit(
            carry_out, files, encode_order(Order(request, 0, 0)), terms, pure=False
        )
        try:
            return _report(self._answer(future))
        finally:
            future.cancel()

    def _answer(self, future: Any) -> bytes:
        from distributed import TimeoutError as NotYet

        while not self._given_up:
            try:
                answer: bytes = future.result(timeout=_WAIT_SECONDS)
            except (NotYet, TimeoutError):
                continue
            except Exception as error:  # whatever Dask says of workers that are gone
                said = " ".join(str(error).split())[:200]
                raise InternalError(sentence("the cluster: {why}", why=said)) from error
            return answer
        raise UserCodeFailed(sentence("stopped"), hint="")  # who stopped it knows


class DaskEngine:
    """The cluster at an address. Raises BadInput where it does not answer."""

    safe = True  # a worker of the cluster without a sandbox refuses
    choose = staticmethod(choose_device)

    def __init__(self, address: str, unsafe: bool) -> None:
        try:
            from distributed import Client
        except ImportError:
            hint = "pip install distributed"
            raise BadInput(sentence("Dask is not installed"), hint=hint) from None
        try:
            self._client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            what = sentence("the Dask cluster does not answer: {why}", why=str(error)[:200])
            raise BadInput(what, where=address, hint="dask scheduler") from error
        self._unsafe = unsafe

    @contextmanager
    def place(self, others_wait: bool = False) -> Iterator[DaskPlace]:
        """A folder here for the files of one estimate."""
        with tempfile.TemporaryDirectory(prefix="paddle-estimate-") as folder:
            yield DaskPlace(self._client, Path(folder), self._unsafe)

    def close(self) -> None:
        """Leave the cluster."""
        self._client.close()


def carry_out(files: Mapping[str, bytes], order: bytes, terms: Terms) -> bytes:
    """On a worker of the cluster: one dry step; the report or the error as a line of JSON."""
    with _one_at_a_time:
        engine = _engine(terms.memory_bytes, terms.seconds)
        try:
            if not engine.safe and not terms.unsafe:
                what = sentence("uploads are refused: this machine has no sandbox")
                raise BadInput(what, hint="apt-get install bubblewrap")
            with engine.place() as place:
                copy_files(files, place.folder)
                request = _of_this_machine(decode_order(order).request, place.folder)
                limits = Limits(terms.seconds, terms.memory_bytes)
                return encode_report(place.run(request, limits, lambda _: None))
        except EstimatorError as error:
            return encode_error(error)


@cache
def _engine(memory_bytes: int, seconds: float) -> LocalEngine:
    return LocalEngine(memory_bytes, seconds)


def _of_this_machine(request: DryStepRequest, folder: Path) -> DryStepRequest:
    """The request with the virtual GPU that was built here."""
    workload = replace(request.workload, model_file=folder / request.workload.model_file)
    plugin = choose_device(DeviceChoice.AUTO, lambda _: None).plugin
    return replace(
        request,
        workload=workload,
        plugin=plugin.library if plugin and request.plugin else None,
        environment=plugin.environment() if plugin and request.plugin else {},
    )


def _report(line: bytes) -> DryStepReport:
    answer = json.loads(line)
    if "error" in answer:
        raise decode_error(answer["error"])
    return decode_report(answer)
