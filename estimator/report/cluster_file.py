"""A cluster description from a file: YAML, ``kubectl get nodes -o json``, or openb's node list."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from estimator.errors import BadInput
from estimator.gpus.catalogue import Catalogue, load_catalogue
from estimator.gpus.names import find_type, matching_types, types_called
from estimator.gpus.yamlfile import read_model
from estimator.messages import sentence
from estimator.report.cluster import Cluster, NodeKind
from estimator.units import MIB, parse_bytes
from estimator.values import Missing

_GPU_RESOURCE = "nvidia.com/gpu"
_PRODUCT = "nvidia.com/gpu.product"
_HINT = "nodes: [{count: 4, gpu: A100-80G, gpus: 8, cpu: 96, memory: 1Ti}]"
_SUFFIXES = {"m": 1e-3, "": 1.0, "k": 1e3}

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Bytes = Annotated[int, BeforeValidator(lambda raw: parse_bytes(str(raw))), Field(gt=0)]


class _Nodes(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    gpu: str = ""
    gpus: Annotated[int, Field(ge=0, le=1024)] = 0
    cpu: Annotated[float, Field(gt=0)] | None = None
    memory: Bytes | None = None


class ClusterFile(BaseModel):
    """``cluster.yaml``. prices: of one GPU for an hour by type; memory_price: of a GiB."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nodes: Annotated[tuple[_Nodes, ...], Field(min_length=1)]
    prices: Mapping[str, Price] = {}
    currency: str = ""
    queues: Mapping[str, Annotated[int, Field(ge=1)]] = {}
    memory_price: Price | None = None


def read_cluster(path: Path) -> Cluster:
    """The cluster of a file; GPU types under the catalogue's names, prices of the site added.

    Raises BadInput with the place where the file cannot be used.
    """
    if not path.is_file():
        raise BadInput(sentence("there is no such file"), where=str(path), hint="--cluster FILE")
    if path.suffix == ".csv":
        found = Cluster(_counted(_openb_nodes(path)))
    elif path.suffix == ".json":
        found = Cluster(_counted(_kubernetes_nodes(path)))
    else:
        found = _from_yaml(path)
    return _named(found, load_catalogue(), str(path.name))


def type_meant(cluster: Cluster, name: str) -> str:
    """The GPU type that a name means beside a cluster: one of its own before all others.

    ``A100`` is the A100 that the cluster has; a type that nobody knows keeps its name. Raises
    BadInput where the cluster has several that it can mean.
    """
    catalogue, own = load_catalogue(), cluster.gpus()
    if name in own:
        return name
    known = [gpu for gpu in catalogue.types if gpu.name in own]
    if matching_types(known, name):
        return find_type(known, name, where="--what-if").name
    return _known_name(name, catalogue)


def _from_yaml(path: Path) -> Cluster:
    said, _ = read_model(path, ClusterFile)
    kinds = (NodeKind(n.count, n.gpu, n.gpus, n.cpu, n.memory) for n in said.nodes)
    price = said.memory_price
    return Cluster(
        tuple(kinds),
        dict(said.prices),
        said.currency,
        dict(said.queues),
        Missing(sentence("the cluster description has no memory_price"))
        if price is None
        else price,
    )


def _kubernetes_nodes(path: Path) -> Iterable[NodeKind]:
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        items = listed.get("items", [listed])
        return [_kubernetes_node(item) for item in items]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            sentence("this is no list of nodes: {error}", error=repr(error)),
            where=str(path),
            hint="kubectl get nodes -o json > nodes.json",
        ) from error


def _kubernetes_node(item: Mapping[str, Any]) -> NodeKind:
    room = item["status"].get("allocatable") or item["status"]["capacity"]
    labels = item["metadata"].get("labels") or {}
    resource = next((name for name in room if name.endswith("/gpu")), _GPU_RESOURCE)
    return NodeKind(
        1,
        str(labels.get(_PRODUCT, "")),
        int(room.get(resource, 0)),
        _cores(room["cpu"]) if "cpu" in room else None,
        parse_bytes(str(room["memory"])) if "memory" in room else None,
    )


def _cores(quantity: object) -> float:
    words = str(quantity)
    number = words.rstrip("mk")
    return float(number) * _SUFFIXES[words[len(number) :]]


def _openb_nodes(path: Path) -> Iterable[NodeKind]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        try:
            return [
                NodeKind(
                    1,
                    row["model"],
                    int(row["gpu"]),
                    float(row["cpu_milli"]) / 1000,
                    int(row["memory_mib"]) * MIB,
                )
                for row in rows
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(
                sentence("this is no list of nodes: {error}", error=repr(error)),
                where=f"{path}:{rows.line_num}",
                hint="sn,cpu_milli,memory_mib,gpu,model",
            ) from error


def _counted(nodes: Iterable[NodeKind]) -> tuple[NodeKind, ...]:
    """Nodes that are alike as one kind."""
    from dataclasses import replace

    counts = Counter(nodes)
    return tuple(replace(kind, count=count) for kind, count in counts.items())


def _named(cluster: Cluster, catalogue: Catalogue, source: str) -> Cluster:
    from dataclasses import replace

    if not cluster.nodes:
        raise BadInput(sentence("there is no node in it"), where=source, hint=_HINT)
    nodes = tuple(
        replace(kind, gpu=_known_name(kind.gpu, catalogue) if kind.gpus else "")
        for kind in cluster.nodes
    )
    of_site = {
        gpu.name: gpu.price_per_hour
        for gpu in catalogue.types
        if not isinstance(gpu.price_per_hour, Missing)
    }
    own = {_known_name(name, catalogue): price for name, price in cluster.prices.items()}
    return replace(cluster, nodes=nodes, prices={**of_site, **own}, source=source)


def _known_name(name: str, catalogue: Catalogue) -> str:
    """The catalogue's name where it knows just one type that is meant; else as it is."""
    found = types_called(catalogue.types, name) if name else ()
    return found[0].name if len(found) == 1 else name
