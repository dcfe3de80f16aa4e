"""A small server that speaks the paths of a Kubernetes API server: discovery and server-side apply.

It answers as a real one does: 400 for a field that Kubernetes' own strict schema does not have, 422
with causes for GPUs whose request is not their limit and for a pod template that would change,
403 where it is told to. Objects of a dry run are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kubernetes_validate
import yaml

from tests.cluster.json_handler import JsonHandler

KINDS = {
    "v1": (("Service", "services"),),
    "batch/v1": (("Job", "jobs"),),
    "jobset.x-k8s.io/v1alpha2": (("JobSet", "jobsets"),),
}


class ApiServer(ThreadingHTTPServer):
    """``objects`` by path; ``requests``: (method, path, query) of every write."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str, dict[str, list[str]]]] = []
        self.forbidden = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving() -> Iterator[ApiServer]:
    server = ApiServer()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_kubeconfig(path: Path, address: str, namespace: str = "vision") -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": address}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": namespace}},
            {"name": "other", "context": {"cluster": "c", "user": "u"}},
        ],
    }
    path.write_text(yaml.safe_dump(config))
    return path


class _Handler(JsonHandler):
    server: ApiServer

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path.strip("/")
        if path == "version":
            self.send_json(200, {"major": "1", "minor": "34", "gitVersion": "v1.34.0"})
        elif path == "api":
            self.send_json(200, {"kind": "APIVersions", "versions": ["v1"]})
        elif path == "apis":
            self.send_json(200, {"kind": "APIGroupList", "groups": list(_groups())})
        elif path.removeprefix("apis/").removeprefix("api/") in KINDS:
            self.send_json(200, _resources(path.removeprefix("apis/").removeprefix("api/")))
        else:
            self._fail(404, "NotFound", f"no {path}")

    def do_PATCH(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        length = int(self.headers["Content-Length"])
        document = yaml.safe_load(self.rfile.read(length))
        self.server.requests.append(("PATCH", url.path, query))
        assert self.headers["Content-Type"] == "application/apply-patch+yaml"
        assert query["fieldManager"] == ["paddle-estimate"]
        if self.server.forbidden:
            self._fail(403, "Forbidden", 'jobs.batch is forbidden: User "u" cannot patch')
            return
        if query.get("fieldValidation") == ["Strict"] and (unknown := _unknown(document)):
            self._fail(400, "BadRequest", f'strict decoding error: unknown field "{unknown}"')
            return
        causes = [*_gpu_causes(document), *self._immutable(url.path, document)]
        if causes:
            self._fail(422, "Invalid", "is invalid", causes)
            return
        if query.get("dryRun") != ["All"]:
            self.server.objects[url.path] = document
        self.send_json(200, document)

    def _immutable(self, path: str, document: dict[str, Any]) -> Iterator[dict[str, str]]:
        old = self.server.objects.get(path)
        if old is not None and old["kind"] == "Job" and old["spec"] != document["spec"]:
            yield {
                "field": "spec.template",
                "message": "Invalid value: core.PodTemplateSpec{}: field is immutable",
                "reason": "FieldValueInvalid",
            }

    def _fail(
        self, code: int, reason: str, message: str, causes: list[dict[str, str]] | None = None
    ) -> None:
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "reason": reason,
            "message": message,
            "code": code,
        }
        self.send_json(code, {**status, "details": {"causes": causes}} if causes else status)


def _groups() -> Iterator[dict[str, Any]]:
    for version in KINDS:
        group, _, number = version.rpartition("/")
        if group:
            found = {"groupVersion": version, "version": number}
            yield {"name": group, "versions": [found], "preferredVersion": found}


def _resources(version: str) -> dict[str, Any]:
    return {
        "kind": "APIResourceList",
        "groupVersion": version,
        "resources": [
            {
                "name": plural,
                "singularName": kind.lower(),
                "namespaced": True,
                "kind": kind,
                "verbs": ["create", "get", "patch"],
            }
            for kind, plural in KINDS[version]
        ],
    }


def _unknown(document: dict[str, Any]) -> str:
    """The first field that Kubernetes' strict schema does not have."""
    try:
        kubernetes_validate.validate(document, "1.34", strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        return ""
    except kubernetes_validate.ValidationError as error:
        steps = [f"[{one}]" if isinstance(one, int) else f".{one}" for one in error.absolute_path]
        name = str(error.message).split("'")[1]
        return f"{''.join(steps)}.{name}".removeprefix(".")
    return ""


def _gpu_causes(document: dict[str, Any]) -> Iterator[dict[str, str]]:
    if document["kind"] != "Job":
        return
    for position, container in enumerate(document["spec"]["template"]["spec"]["containers"]):
        resources = container.get("resources", {})
        for name, amount in resources.get("requests", {}).items():
            if "/" in name and resources.get("limits", {}).get(name) != amount:
                yield {
                    "field": f"spec.template.spec.containers[{position}].resources.requests",
                    "message": f'Invalid value: "{amount}": must be equal to {name} limit',
                    "reason": "FieldValueInvalid",
                }
