"""An API server with a node behind it: jobs that are created are run, as local processes.

It speaks the paths that a dry step on a cluster uses, and does what a cluster does with a Job and
its Secret: both are held against Kubernetes' strict schemas, the secret is mounted when it is
there, the container's command runs with the container's variables alone, its output is the pod's
log, and what a deleted job owns goes with it. ``trouble`` is what happens to pods instead.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kubernetes_validate

from tests.cluster.json_handler import JsonHandler

POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "paddle-estimate-dry-step"},
    "spec": {
        "podSelector": {"matchLabels": {"app.kubernetes.io/component": "dry-step"}},
        "policyTypes": ["Ingress", "Egress"],
    },
}


@dataclass
class Pod:
    """The process of a job, its folder, and what the API says of it."""

    job: dict[str, Any]
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    status: dict[str, Any] = field(default_factory=lambda: {"phase": "Pending"})

    @property
    def name(self) -> str:
        return f"{self.job['metadata']['name']}-x7k2p"

    @property
    def log(self) -> Path:
        return self.folder / "log"


class Nodes(ThreadingHTTPServer):
    """``calls``: method and path of every request; ``trouble``: see the tests."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.jobs: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, Pod] = {}
        self.policies: dict[str, dict[str, Any]] = {}
        self.seen_jobs: list[dict[str, Any]] = []
        self.seen_secrets: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str]] = []
        self.trouble = ""
        self.breaks = 0
        self.lock = Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def settle(self) -> None:
        """What controllers and the node do by themselves."""
        with self.lock:
            for name, job in self.jobs.items():
                if name not in self.pods and self.trouble != "no pod":
                    folder = Path(tempfile.mkdtemp(dir=self.folder))
                    self.pods[name] = Pod(job, folder)
            for pod in self.pods.values():
                self._go_on(pod)

    def delete(self, name: str) -> bool:
        with self.lock:
            pod, job = self.pods.pop(name, None), self.jobs.pop(name, None)
            owned = [
                key
                for key, one in self.secrets.items()
                if job is not None
                and one["metadata"]["ownerReferences"][0]["uid"] == job["metadata"]["uid"]
            ]
            for key in owned:
                del self.secrets[key]
        if pod is not None and pod.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(pod.process.pid, signal.SIGKILL)
            pod.process.wait()
        return job is not None

    def _go_on(self, pod: Pod) -> None:
        spec = pod.job["spec"]["template"]["spec"]
        [container] = spec["containers"]
        secret = next(one["secret"]["secretName"] for one in spec["volumes"] if "secret" in one)
        if self.trouble in _WAITING:
            pod.status = _WAITING[self.trouble]
        elif pod.process is None and secret in self.secrets:
            mount = next(
                m["mountPath"]
                for m in container["volumeMounts"]
                if m.get("readOnly") and m["name"] == "question"
            )
            self._start(pod, container, mount, self.secrets[secret])
        if pod.process is not None:
            code = pod.process.poll()
            state: dict[str, Any] = {"running": {}}
            if code is not None:
                reason = "OOMKilled" if self.trouble == "memory" else "Error"
                state = {"terminated": {"exitCode": abs(code), "reason": reason}}
            pod.status = {
                "phase": "Running" if code is None else "Failed" if code else "Succeeded",
                "containerStatuses": [{"name": "paddle", "state": state}],
            }
            if self.trouble == "evicted" and code is not None:
                said = "The node was low on resource: memory."
                pod.status = {"phase": "Failed", "reason": "Evicted", "message": said}

    def _start(
        self, pod: Pod, container: dict[str, Any], mount: str, secret: dict[str, Any]
    ) -> None:
        question = pod.folder / "question"
        question.mkdir()
        for name, value in secret["data"].items():
            (question / name).write_bytes(base64.b64decode(value))
        command = [word.replace(mount, str(question)) for word in container["command"]]
        if self.trouble in ("memory", "evicted", "silent"):
            command = ["/bin/sh", "-c", "echo no such device >&2; exit 137"]
        environment = {one["name"]: one["value"] for one in container["env"]}
        environment |= {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "TMPDIR": str(pod.folder),
        }
        with pod.log.open("wb") as log:
            log.write(b"== CUDA ==\n")  # entry points of images print as well
            log.flush()
            pod.process = subprocess.Popen(
                command,
                env=environment,
                cwd=pod.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


_WAITING = {
    "image": {
        "phase": "Pending",
        "containerStatuses": [
            {
                "name": "paddle",
                "state": {
                    "waiting": {
                        "reason": "ImagePullBackOff",
                        "message": 'Back-off pulling image "paddlepaddle/paddle:x"',
                    }
                },
            }
        ],
    },
    "no gpu": {
        "phase": "Pending",
        "conditions": [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
            }
        ],
    },
}


@contextmanager
def running(folder: Path) -> Iterator[Nodes]:
    server = Nodes(folder)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        for name in list(server.jobs):
            server.delete(name)
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(JsonHandler):
    server: Nodes
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        path = self._called()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = body["metadata"]["name"]
        if self.server.trouble == "forbidden":
            said = 'jobs.batch is forbidden: User "u" cannot create resource "jobs"'
            return self._fail(403, "Forbidden", said)
        try:
            kubernetes_validate.validate(body, "1.37", strict=True)
        except kubernetes_validate.ValidationError as error:
            return self._fail(400, "BadRequest", str(error.message))
        if path.endswith("/jobs"):
            body["metadata"] |= {"uid": os.urandom(8).hex(), "namespace": path.split("/")[5]}
            self.server.jobs[name] = body
            self.server.seen_jobs.append(body)
        elif path.endswith("/secrets"):
            self.server.secrets[name] = body
            self.server.seen_secrets.append(body)
        self.server.settle()
        return self.send_json(201, body)

    def do_GET(self) -> None:
        path, query = self._called(), parse_qs(urlsplit(self.path).query)
        self.server.settle()
        if path.endswith("/log"):
            pod = next(p for p in self.server.pods.values() if p.name == path.split("/")[-2])
            return self._log(pod, follow=query.get("follow") == ["true"])
        if path.endswith("/pods"):
            wanted = query["labelSelector"][0].removeprefix("batch.kubernetes.io/job-name=")
            found = [p for name, p in self.server.pods.items() if name == wanted]
            return self.send_json(200, {"kind": "PodList", "items": [_plain(one) for one in found]})
        if path.endswith("/events"):
            return self.send_json(200, {"kind": "EventList", "items": self._events()})
        policy = self.server.policies.get(path.split("/")[-1])
        if "/networkpolicies/" in path and policy is not None:
            return self.send_json(200, policy)
        return self._fail(404, "NotFound", f"no {path}")

    def do_DELETE(self) -> None:
        path = self._called()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert body["propagationPolicy"] == "Background"
        if not self.server.delete(path.split("/")[-1]):
            return self._fail(404, "NotFound", "no such job")
        return self.send_json(200, {"kind": "Status", "status": "Success"})

    def _log(self, pod: Pod, *, follow: bool) -> None:
        """The log as it grows, in chunks; now and then the connection is lost."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        until = time.monotonic() + 2 if self.server.breaks else None
        self.server.breaks -= 1 if self.server.breaks else 0
        with pod.log.open("rb") as log, suppress(OSError):
            while True:
                ended = pod.process is None or pod.process.poll() is not None
                if found := log.read():
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(found), found))
                if until and time.monotonic() > until:
                    self.close_connection = True
                    return
                if ended or not follow:
                    self.wfile.write(b"0\r\n\r\n")
                    return
                time.sleep(0.05)

    def _events(self) -> list[dict[str, Any]]:
        if self.server.trouble != "no pod":
            return []
        said = "pods is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1"
        return [{"reason": "FailedCreate", "message": f"Error creating: {said}"}]

    def _called(self) -> str:
        path = urlsplit(self.path).path
        self.server.calls.append((self.command, path))
        return path

    def _fail(self, code: int, reason: str, said: str) -> None:
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
        self.send_json(code, {**status, "reason": reason, "message": said, "code": code})


def _plain(pod: Pod) -> dict[str, Any]:
    return {
        "metadata": {"name": pod.name, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": pod.job["spec"]["template"]["spec"],
        "status": pod.status,
    }
