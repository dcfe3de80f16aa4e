"""``--dry-step-on`` of the command line, with a cluster whose pods are processes here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from estimator.cli import main
from tests.cluster.nodes import Nodes, running
from tests.cluster.server import write_kubeconfig
from tests.service.apps import SOURCE


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    monkeypatch.setenv("PADDLE_ESTIMATE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PADDLE_ESTIMATE_STORE", raising=False)
    with running(tmp_path) as found:
        config = write_kubeconfig(tmp_path / "config", found.address)
        monkeypatch.setenv("KUBECONFIG", str(config))
        yield found


@pytest.mark.paddle
def test_the_answer_is_measured_on_the_cluster(
    nodes: Nodes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model.py"
    model.write_text("import width\n" + SOURCE.replace("8", "width.SIZE", 1))
    (tmp_path / "width.py").write_text("SIZE = 8\n")
    # no GPU is at hand, neither here nor there: the step is computed on the pod's CPU
    words = ["--dry-step-on", "kubernetes:lab", "--device", "cpu", "--gpu", "T4", "--json"]
    assert main([str(model), *words]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["model"]["parameters"] == 4 * 8 + 8
    assert document["measurement"]["device"] == "cpu"
    assert ("POST", "/apis/batch/v1/namespaces/lab/jobs") in nodes.calls


def test_an_unknown_place_and_a_command_that_has_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model.py"
    model.write_text(SOURCE)
    assert main([str(model), "--dry-step-on", "mars"]) == 2
    assert "'mars' is no place for dry steps" in capsys.readouterr().err
    assert main(["explain", str(model), "--dry-step-on", "kubernetes"]) == 2
    assert "runs its steps on this machine" in capsys.readouterr().err
