"""The few calls that a dry step on a cluster takes, with errors in our own words.

What they need: create, get and delete jobs, create secrets, list pods and events, get pods/log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

from estimator.cluster.answers import findings_in
from estimator.cluster.connection import FIELD_MANAGER, READY, Way
from estimator.cluster.pods import Plain
from estimator.errors import BadInput
from estimator.manifest.validate import line_of
from estimator.messages import message

Query = Sequence[tuple[str, str]]

_SECONDS = 20
_SILENCE_SECONDS = 15
"""A log in which nothing was said for so long has lost its connection: there is a beat a second."""

_GROUPS = {"jobs": "/apis/batch/v1", "networkpolicies": "/apis/networking.k8s.io/v1"}
_REFUSED = (401, 403)
_FROM_SERVER = 500


class Objects:
    """Jobs, secrets and pods of one namespace."""

    def __init__(self, way: Way, namespace: str) -> None:
        from kubernetes.dynamic import DynamicClient

        self.address, self.namespace = way.address, namespace
        self._client = DynamicClient(way.client, discoverer=_nothing_to_discover)

    def create_job(self, job: Plain) -> Plain:
        """The job as it was taken. Raises BadInput where it is refused."""
        return self._create("jobs", job)

    def create_secret(self, secret: Plain) -> None:
        """Raises BadInput where it is refused."""
        self._create("secrets", secret)

    def delete_job(self, name: str) -> None:
        """Take a job away with its pods and all that it owns; one that is gone is gone."""
        how = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "gracePeriodSeconds": 0,
        }
        with self._told("delete jobs"), suppress(_not_found()):
            self._ask("delete", f"{self._path('jobs')}/{name}", body=how)

    def pod_of(self, job: str) -> Plain | None:
        """The pod that a job made last; None where there is none."""
        query = [("labelSelector", f"batch.kubernetes.io/job-name={job}")]
        pods = self._list("pods", query)
        return max(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), default=None)

    def events_of(self, job: str) -> Sequence[Plain]:
        """What the cluster says of a job; nothing where that is not for us to know."""
        chosen = f"involvedObject.kind=Job,involvedObject.name={job}"
        with suppress(BadInput):
            return self._list("events", [("fieldSelector", chosen)])
        return ()

    def lines_of(self, pod: str, *, follow: bool) -> Iterator[str]:
        """The log of a pod from its beginning, ended early where the connection is lost."""
        from urllib3.exceptions import HTTPError

        path = f"{self._path('pods')}/{pod}/log"
        query = [("follow", "true")] if follow else []
        with self._told("get pods/log"):
            answer = self._raw("get", path, query, (_SECONDS, _SILENCE_SECONDS))
        with closing(answer), suppress(HTTPError):
            rest = b""
            for chunk in answer.stream(1 << 14):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.decode(errors="replace") for line in lines)
            yield rest.decode(errors="replace")

    def policy(self, name: str) -> Plain | None:
        """A network policy; None where there is none, or where we may not know."""
        with suppress(BadInput), self._told("get networkpolicies"), suppress(_not_found()):
            return self._ask("get", f"{self._path('networkpolicies')}/{name}")
        return None

    def _create(self, resource: str, document: Plain) -> Plain:
        query = [("fieldManager", FIELD_MANAGER), ("fieldValidation", "Strict")]
        with self._told(f"create {resource}", document):
            return self._ask("post", self._path(resource), document, query)

    def _list(self, resource: str, query: Query) -> Sequence[Plain]:
        with self._told(f"list {resource}"):
            found = self._ask("get", self._path(resource), query=query)
        items: Sequence[Plain] = found.get("items") or ()
        return items

    def _path(self, resource: str) -> str:
        group = _GROUPS.get(resource, "/api/v1")
        return f"{group}/namespaces/{self.namespace}/{resource}"

    def _ask(self, method: str, path: str, body: Plain | None = None, query: Query = ()) -> Plain:
        found: Plain = json.loads(self._raw(method, path, query, _SECONDS, body).data)
        return found

    def _raw(
        self, method: str, path: str, query: Query, seconds: object, body: Plain | None = None
    ) -> Any:
        return self._client.request(
            method,
            path,
            body=None if body is None else dict(body),
            query_params=list(query),
            serialize=False,
            _request_timeout=seconds,
        )

    @contextmanager
    def _told(self, what: str, document: Plain | None = None) -> Iterator[None]:
        """Errors of the server and of the way to it as BadInput; ``what`` was to be done."""
        from kubernetes.dynamic.exceptions import DynamicApiError
        from urllib3.exceptions import HTTPError

        try:
            yield
        except DynamicApiError as error:
            raise self._error_of(error, what, document) from error
        except HTTPError as error:
            why = str(getattr(error, "reason", None) or error).splitlines()[0]
            raise BadInput(
                message("cluster.unreachable", why=why),
                where=self.address,
                hint="kubectl cluster-info",
            ) from error

    def _error_of(self, error: Any, what: str, document: Plain | None) -> BadInput:
        first = next(iter(findings_in(error.body, document or {})))
        if error.status in _REFUSED:
            return BadInput(
                message("cluster.not_allowed", why=first.problem),
                where=self.address,
                hint=f"kubectl auth can-i {what} -n {self.namespace}",
            )
        if error.status >= _FROM_SERVER or not document:
            said = message("cluster.broken", status=error.status, why=first.problem)
            return BadInput(said, where=self.address, hint=READY)
        why = line_of(first, document)
        return BadInput(
            message("cluster.refused", kind=document["kind"], why=why),
            where=self.address,
            hint=first.mend or "paddle-estimate templates show dry-step",
        )


def _nothing_to_discover(*_: object) -> None:
    """The paths of these kinds are known."""


def _not_found() -> type[Exception]:
    from kubernetes.dynamic.exceptions import NotFoundError

    found: type[Exception] = NotFoundError
    return found
