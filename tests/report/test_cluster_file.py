"""Cluster descriptions: YAML, kubectl's JSON, openb's node list, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.report.cluster import Cluster, NodeKind
from estimator.report.cluster_file import read_cluster, type_meant
from estimator.report.simulate.scenario import parse_scenario, with_types
from estimator.units import GIB, MIB
from estimator.values import Missing

YAML = """
currency: CNY
memory_price: 0.02
nodes:
  - {count: 4, gpu: A100-80G, gpus: 8, cpu: 96, memory: 1Ti}
  - {count: 2, cpu: 64, memory: 256Gi}
prices: {A100-80G: 12.5, Kunlun-R200: 3}
queues: {vision: 16}
"""

NODE = {
    "metadata": {"labels": {"nvidia.com/gpu.product": "Tesla-T4"}},
    "status": {
        "capacity": {"cpu": "32", "memory": "131072Ki", "nvidia.com/gpu": "4"},
        "allocatable": {"cpu": "31500m", "memory": "130048Ki", "nvidia.com/gpu": "4"},
    },
}
PLAIN = {"metadata": {}, "status": {"capacity": {"cpu": "8", "memory": "16Gi"}}}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("P100", "P100-PCIE-16GB"),  # the only one of the cluster
        ("p100-pcie-16gb", "P100-PCIE-16GB"),
        ("T4", "T4"),
        ("ours", "ours"),
        ("nobody-knows-it", "nobody-knows-it"),
    ],
)
def test_the_type_that_a_what_if_means(tmp_path: Path, words: str, meant: str) -> None:
    path = tmp_path / "cluster.yaml"
    kinds = ("P100", "V100-16G", "V100-32G", "ours")
    path.write_text("nodes: [" + ", ".join(f"{{gpu: {one}, gpus: 8}}" for one in kinds) + "]")
    cluster = read_cluster(path)
    assert type_meant(cluster, words) == meant
    asked = parse_scenario(f"{words}+8,{words}=4")
    changed = with_types(asked, lambda name: type_meant(cluster, name))
    assert (changed.gpus, changed.mix) == (((meant, 8),), ((meant, 4),))
    with pytest.raises(BadInput, match="2 GPU types"):
        type_meant(cluster, "V100")


def test_yaml(tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text(YAML)
    found = read_cluster(path)
    (name,) = found.gpus()  # as the catalogue calls it, whatever the file says
    assert name.startswith("A100")
    assert found.gpus()[name] == 32
    assert found.prices == {name: 12.5, "Kunlun-R200": 3.0}
    assert found.nodes[1] == NodeKind(2, "", 0, 64.0, 256 * GIB)
    assert (found.currency, found.memory_price, found.queues) == ("CNY", 0.02, {"vision": 16})


def test_kubectl(tmp_path: Path) -> None:
    path = tmp_path / "nodes.json"
    path.write_text(json.dumps({"kind": "List", "items": [NODE, NODE, PLAIN]}))
    found = read_cluster(path)
    assert found.nodes == (
        NodeKind(2, "T4", 4, 31.5, 130048 << 10),
        NodeKind(1, "", 0, 8.0, 16 * GIB),
    )
    assert isinstance(found.memory_price, Missing)
    path.write_text(json.dumps(NODE))  # kubectl get node NAME -o json
    assert read_cluster(path).gpus() == {"T4": 4}


def test_openb_nodes(tmp_path: Path) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text("sn,cpu_milli,memory_mib,gpu,model\na,96000,786432,8,G2\nb,96000,786432,8,G2\n")
    assert read_cluster(path).nodes == (NodeKind(2, "G2", 8, 96.0, 786432 * MIB),)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("c.yaml", "nodes: []", "c.yaml:1"),
        ("c.yaml", "nodes: [{gpu: T4, gpus: -1}]", "c.yaml:1"),
        ("c.yaml", "nodes: [{gpus: 1, memory: lots}]", "c.yaml:1"),
        ("c.yaml", "nodes: [{gpus: 1}]\nprices: {T4: .nan}", "c.yaml:2"),
        ("c.yaml", "nodes: [{gpus: 1, price: 3}]", "price"),
        ("n.json", "{", "no list of nodes"),
        ("n.json", '{"items": [{"metadata": {}}]}', "no list of nodes"),
        ("n.json", '{"items": []}', "no node"),
        ("n.csv", "sn,gpu\na,8\n", "no list of nodes"),
        ("n.csv", "sn,cpu_milli,memory_mib,gpu,model\na,x,1,8,T4\n", "n.csv:2"),
        ("none.yaml", None, "no such file"),
    ],
)
def test_what_is_no_cluster(tmp_path: Path, name: str, text: str | None, why: str) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInput) as error:
        read_cluster(path)
    assert why in str(error.value)


def test_more_and_fewer_gpus_of_a_type() -> None:
    cluster = Cluster((NodeKind(2, "A", 8, 64.0, GIB), NodeKind(1, "B", 4)))
    assert cluster.with_gpus("A", 8).gpus() == {"A": 24, "B": 4}
    # 13 GPUs: a whole node and one with the other five
    fewer = cluster.with_gpus("A", -3)
    assert [(k.count, k.gpus) for k in fewer.nodes if k.gpu == "A"] == [(1, 8), (1, 5)]
    # nodes of several sizes stay in proportion: half of 10 x 2 and of 2 x 8
    mixed = Cluster((NodeKind(10, "A", 2), NodeKind(2, "A", 8))).with_gpus("A", -18)
    assert [(k.count, k.gpus) for k in mixed.nodes] == [(5, 2), (1, 8)]
    assert cluster.with_gpus("A", -99).gpus() == {"B": 4}
    assert cluster.with_gpus("C", 8).gpus()["C"] == 8
