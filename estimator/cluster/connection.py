"""Finds the cluster that kubectl would use, tries documents out there and applies them.

Both go by server-side apply (``PATCH`` with ``application/apply-patch+yaml``), which creates what
is not there, and with ``fieldValidation=Strict``, which refuses unknown fields.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from estimator.cluster.answers import findings_in
from estimator.errors import BadInput
from estimator.manifest.types import Finding, Origin
from estimator.manifest.validate import located, require_valid
from estimator.manifest.walk import Document
from estimator.messages import message

FIELD_MANAGER = "paddle-estimate"
"""Who owns the fields that are applied, as ``managedFields`` name it."""

READY = "kubectl get --raw /readyz"
"""What to try where a cluster does not do its work: whether it says that it is ready."""

_NOT_INSTALLED = "pip install 'paddle-estimate[kubernetes]'"
_REFUSED = (401, 403)
_FROM_SERVER = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Where kubectl would work: a context of the kubeconfig, and a namespace; None: its own."""

    context: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """An object that the cluster has taken; ``resource`` is its plural with the API group."""

    kind: str
    name: str
    namespace: str
    resource: str


class Cluster:
    """One cluster and the namespace to work in."""

    def __init__(self, client: Any, address: str, namespace: str) -> None:
        self._client = client
        self.address = address
        self.namespace = namespace

    def try_out(self, documents: Sequence[Document]) -> Iterator[tuple[int, Finding]]:
        """What the server says against the documents, with the position of each; nothing stays.

        A TrainJob is left out: its runtime must be there for good before it can be judged.
        """
        for position, document in enumerate(documents):
            if document.get("kind") != "TrainJob":
                found = self._send(document, dry_run=True)
                if not isinstance(found, Applied):
                    yield from ((position, finding) for finding in found)

    def require_taken(self, documents: Sequence[Document], origins: Sequence[Origin]) -> None:
        """Raise BadInput with everything that the server has against the documents."""
        found = tuple(self.try_out(documents))
        require_valid(located(found, documents, origins), documents)

    def apply(self, documents: Sequence[Document]) -> Iterator[Applied]:
        """Apply the documents in their order. Raises BadInput at the first that is refused."""
        for document in documents:
            found = self._send(document, dry_run=False)
            if not isinstance(found, Applied):
                first = next(iter(found))
                raise BadInput(
                    message("cluster.refused", kind=document.get("kind"), why=first.problem),
                    where=self.address,
                    hint=first.mend,
                )
            yield found

    def namespace_of(self, document: Document) -> str:
        """The document's own namespace, else the one to work in."""
        metadata = document.get("metadata")
        own = metadata.get("namespace") if isinstance(metadata, dict) else None
        return str(own or self.namespace)

    def _send(self, document: Document, *, dry_run: bool) -> Applied | list[Finding]:
        from kubernetes.dynamic import exceptions
        from urllib3.exceptions import HTTPError

        version, kind = str(document.get("apiVersion")), str(document.get("kind"))
        try:
            resource = self._client.resources.get(api_version=version, kind=kind)
            answer = self._client.server_side_apply(
                resource,
                body=_plain(document),
                namespace=self.namespace_of(document),
                field_manager=FIELD_MANAGER,
                query_params=[("fieldValidation", "Strict")],
                **({"dry_run": "All"} if dry_run else {}),
            )
        except exceptions.ResourceNotFoundError:
            said = message("cluster.no_kind", kind=kind, version=version)
            return [Finding(("kind",), said, mend=message("cluster.other_kind"))]
        except exceptions.DynamicApiError as error:
            self._raise_unless_about_document(error)
            return list(findings_in(error.body, document))
        except HTTPError as error:
            raise self._unreachable(error) from error
        group = resource.group
        return Applied(
            kind=kind,
            name=str(answer.metadata.name),
            namespace=self.namespace_of(document),
            resource=f"{resource.name}.{group}" if group else str(resource.name),
        )

    def _raise_unless_about_document(self, error: Any) -> None:
        if error.status in _REFUSED:
            what = message("cluster.not_allowed", why=_said(error))
            raise BadInput(
                what, where=self.address, hint="kubectl auth can-i create jobs"
            ) from error
        if error.status >= _FROM_SERVER:
            what = message("cluster.broken", status=error.status, why=_said(error))
            raise BadInput(what, where=self.address, hint=READY) from error

    def _unreachable(self, error: Exception) -> BadInput:
        why = str(getattr(error, "reason", error))
        return BadInput(
            message("cluster.unreachable", why=why.splitlines()[0]),
            where=self.address,
            hint="kubectl cluster-info",
        )


@dataclass(frozen=True, slots=True)
class Way:
    """The client for a cluster, and the namespace to work in."""

    client: Any
    namespace: str

    @property
    def address(self) -> str:
        """Where the API server is found."""
        return str(self.client.configuration.host)


def connect(place: Place) -> Cluster:
    """The cluster at a place, whose kinds it has told. Raises BadInput as :func:`way_to`, and where
    the cluster does not answer.
    """
    return _cluster(way_to(place))


def way_to(place: Place) -> Way:
    """To the cluster of the kubeconfig (``KUBECONFIG``, else ~/.kube/config), or the one we run in.

    Raises BadInput where the client is not installed, and where there is no such cluster.
    """
    try:
        from kubernetes import config
    except ImportError as error:
        raise BadInput(message("cluster.no_client"), hint=_NOT_INSTALLED) from error
    try:
        return _from_file(place)
    except config.ConfigException as error:
        if not _runs_in_a_cluster() or place.context is not None:
            what = message("cluster.no_config", why=str(error).splitlines()[0])
            raise BadInput(what, where="--context", hint="kubectl config get-contexts") from error
    return _from_pod(place)


def _from_file(place: Place) -> Way:
    from kubernetes import config

    path = os.environ.get("KUBECONFIG") or None
    client = config.new_client_from_config(config_file=path, context=place.context)
    contexts, active = config.list_kube_config_contexts(config_file=path)
    wanted = place.context or active["name"]
    chosen = next(one for one in contexts if one["name"] == wanted)
    namespace = place.namespace or chosen["context"].get("namespace") or "default"
    return Way(client, namespace)


def _from_pod(place: Place) -> Way:
    from kubernetes import client, config

    config.load_incluster_config()
    own = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
    namespace = place.namespace or own.read_text(encoding="utf-8").strip()
    return Way(client.ApiClient(), namespace)


def _runs_in_a_cluster() -> bool:
    return "KUBERNETES_SERVICE_HOST" in os.environ


def _cluster(way: Way) -> Cluster:
    from kubernetes.dynamic import DynamicClient
    from kubernetes.dynamic.exceptions import DynamicApiError
    from urllib3.exceptions import HTTPError

    client = way.client
    client.rest_client.pool_manager.connection_pool_kw["retries"] = 1
    cluster = Cluster(None, way.address, way.namespace)
    try:
        # A cache of our own: the client's default is one file for all users of the machine.
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            cluster._client = DynamicClient(client, cache_file=str(Path(folder) / "kinds.json"))
    except DynamicApiError as error:
        cluster._raise_unless_about_document(error)
        what = message("cluster.broken", status=error.status, why=_said(error))
        raise BadInput(what, where=way.address, hint=READY) from error
    except HTTPError as error:
        raise cluster._unreachable(error) from error
    return cluster


def _said(error: Any) -> str:
    return str(error.summary()).splitlines()[0]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(child) for key, child in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
