"""What a Prometheus server remembers of pods: memory, processor time, and DCGM's of GPUs.

Instant queries of the HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/). The
metrics are cAdvisor's (``container_memory_working_set_bytes`` and
``container_cpu_usage_seconds_total``) and those of NVIDIA's dcgm-exporter (``DCGM_FI_DEV_FB_USED``
in MiB, ``DCGM_FI_DEV_GPU_UTIL`` in per cent), which names the pod in ``exported_pod`` where
Prometheus keeps its own ``pod``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

from estimator.errors import BadInput
from estimator.messages import sentence

_SECONDS = 30
_MOST_BYTES = 1 << 20
_SHORTEST = 60
"""Seconds of a job that are asked for at least: below the interval of scraping nothing is found."""

QUERIES: Mapping[str, str] = {
    "peak_memory_bytes": (
        'max(max_over_time(container_memory_working_set_bytes{{container!="",container!="POD",'
        "{pods}}}[{seconds}s]))"
    ),
    "used_cpu_s": (
        'sum(increase(container_cpu_usage_seconds_total{{container!="",container!="POD",'
        "{pods}}}[{seconds}s]))"
    ),
    "peak_device_bytes": (
        "max(max_over_time(DCGM_FI_DEV_FB_USED{{{pods}}}[{seconds}s])"
        " or max_over_time(DCGM_FI_DEV_FB_USED{{{exported}}}[{seconds}s])) * 1048576"
    ),
    "gpu_utilization": (
        "avg(avg_over_time(DCGM_FI_DEV_GPU_UTIL{{{pods}}}[{seconds}s])"
        " or avg_over_time(DCGM_FI_DEV_GPU_UTIL{{{exported}}}[{seconds}s])) / 100"
    ),
}
"""Column of a record -> what is asked for, of the pods of one job over its time."""


@dataclass(frozen=True, slots=True)
class PodsOfJob:
    """The pods of one job and its time, in seconds since 1970."""

    namespace: str
    names: Sequence[str]
    started: float
    ended: float


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server, by its address."""

    url: str

    def __post_init__(self) -> None:
        if urlsplit(self.url).scheme not in ("http", "https"):
            what = sentence("'{url}' is no address of a server", url=self.url)
            raise BadInput(what, where="--prometheus", hint="http://prometheus:9090")

    def facts(self, pods: PodsOfJob) -> dict[str, str | None]:
        """What is known of the pods, by column; None where the server has no such series."""
        found = {column: self._ask(query, pods) for column, query in QUERIES.items()}
        return {column: None if value is None else repr(value) for column, value in found.items()}

    def _ask(self, query: str, pods: PodsOfJob) -> float | None:
        names = "|".join(map(re.escape, pods.names))
        where = {"namespace": _quoted(pods.namespace), "names": _quoted(names)}
        words = query.format(
            pods="namespace={namespace},pod=~{names}".format(**where),
            exported="exported_namespace={namespace},exported_pod=~{names}".format(**where),
            seconds=max(_SHORTEST, math.ceil(pods.ended - pods.started)),
        )
        result = self._get({"query": words, "time": repr(pods.ended)})
        values = [float(one["value"][1]) for one in result]
        return values[0] if values and math.isfinite(values[0]) else None

    def _get(self, parameters: Mapping[str, str]) -> list[dict[str, list[str]]]:
        address = f"{self.url.rstrip('/')}/api/v1/query?{urlencode(parameters)}"
        try:
            with urlopen(address, timeout=_SECONDS) as answer:
                said = json.loads(answer.read(_MOST_BYTES))
            if said["status"] != "success":
                raise ValueError(said.get("error", said["status"]))
            return list(said["data"]["result"])
        except (OSError, URLError, HTTPException, ValueError, KeyError, TypeError) as error:
            what = sentence("Prometheus does not answer: {why}", why=str(error))
            raise BadInput(what, where=self.url, hint="--prometheus http://HOST:9090") from error


def _quoted(value: str) -> str:
    """A string of PromQL."""
    return json.dumps(value, ensure_ascii=False)
