"""``paddle-estimate submit``: what is wrong is never applied; what is right is, after a yes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from estimator.cli.app import create_app
from estimator.cli.argv import normalise
from estimator.cli.session import Session
from estimator.cli.submit import where_to_look
from estimator.cluster.connection import Applied
from estimator.errors import BadInput
from estimator.manifest.fill import fill
from estimator.messages import Language, speaker
from tests.cluster.server import ApiServer, serving, write_kubeconfig
from tests.manifest.builders import REQUEST, TWO_NODES, shipped


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    with serving() as found:
        config = write_kubeconfig(tmp_path / "config", found.address)
        monkeypatch.setenv("KUBECONFIG", str(config))
        yield found


def saved(folder: Path, text: str | None = None) -> Path:
    path = folder / "job.yaml"
    path.write_text(fill(shipped("ocr"), TWO_NODES, "job").text if text is None else text)
    return path


def submit(*words: str) -> Result:
    app = create_app(speaker(Language.EN))
    session = Session(Language.EN)
    return CliRunner().invoke(app, normalise(["submit", *words]), obj=session)


def test_applies_and_says_where_to_look(server: ApiServer, tmp_path: Path) -> None:
    done = submit(str(saved(tmp_path)), "--yes")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == ["jobs.batch/resnet50", "services/resnet50"]
    assert "kubectl -n vision get jobs.batch resnet50" in done.stderr
    assert "logs -f -l app.kubernetes.io/instance=resnet50" in done.stderr
    assert sorted(server.objects) == [
        "/api/v1/namespaces/vision/services/resnet50",
        "/apis/batch/v1/namespaces/vision/jobs/resnet50",
    ]
    # Everything is tried out before anything is applied.
    assert [query.get("dryRun") for _, _, query in server.requests] == [["All"]] * 2 + [None] * 2


@pytest.mark.parametrize(("answer", "objects"), [("y\n", 2), ("n\n", 0), ("", 0)])
def test_asks(
    answer: str, objects: int, server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from estimator.cli import submit as module
    from estimator.cli.arguments import SubmitArguments

    monkeypatch.setattr("sys.stdin", Terminal(answer))
    arguments = SubmitArguments(model=saved(tmp_path))
    assert module.run(Session(Language.EN), arguments) == 0
    assert len(server.objects) == objects


def test_nobody_to_ask(server: ApiServer, tmp_path: Path) -> None:
    done = submit(str(saved(tmp_path)))
    assert isinstance(done.exception, BadInput)
    assert done.exception.hint == "--yes"
    assert server.requests == []


def test_our_own_findings_are_refused_with_their_lines(server: ApiServer, tmp_path: Path) -> None:
    text = fill(shipped("ocr"), REQUEST, "job").text
    path = saved(tmp_path, text.replace('memory: "30Gi"', 'memory: "30GB"'))
    done = submit(str(path), "--yes")
    assert isinstance(done.exception, BadInput)
    line = text[: text.index('memory: "30Gi"')].count("\n") + 1
    assert f"{path}:{line}: Job spec.template.spec.containers[paddle]" in str(done.exception)
    assert "'30GB' is not a quantity" in str(done.exception)
    assert server.requests == []


def test_the_servers_findings_are_refused_with_their_lines(
    server: ApiServer, tmp_path: Path
) -> None:
    assert submit(str(saved(tmp_path)), "--yes").exit_code == 0
    text = fill(shipped("ocr"), TWO_NODES, "job").text.replace("backoffLimit: 0", "backoffLimit: 1")
    done = submit(str(saved(tmp_path, text)), "--yes")
    assert isinstance(done.exception, BadInput)
    assert "job.yaml:" in str(done.exception)
    assert "field is immutable" in str(done.exception)
    assert "--set metadata.name" in done.exception.hint


@pytest.mark.parametrize("kind", ["flat", "compose"])
def test_what_is_no_object_of_kubernetes(kind: str, server: ApiServer, tmp_path: Path) -> None:
    done = submit(str(saved(tmp_path, fill(shipped("ocr"), REQUEST, kind).text)), "--yes")
    assert isinstance(done.exception, BadInput)
    assert "no object of Kubernetes" in str(done.exception)


@pytest.mark.parametrize("text", ["", "a: [", "\x00", "- 1\n", "kind: 'Job\n"])
def test_files_that_are_no_manifest(text: str, server: ApiServer, tmp_path: Path) -> None:
    done = submit(str(saved(tmp_path, text)), "--yes")
    assert isinstance(done.exception, BadInput), done.output
    assert "job.yaml" in done.exception.where


def test_no_such_file(server: ApiServer) -> None:
    done = submit("nowhere.yaml", "--yes")
    assert isinstance(done.exception, BadInput)


def test_the_job_is_looked_at_not_its_service_or_runtime() -> None:
    applied = [
        Applied("TrainingRuntime", "a", "n", "trainingruntimes.trainer.kubeflow.org"),
        Applied("TrainJob", "a", "n", "trainjobs.trainer.kubeflow.org"),
    ]
    assert (
        where_to_look(applied, ({}, {}))[0] == "kubectl -n n get trainjobs.trainer.kubeflow.org a"
    )
    applied = [
        Applied("Job", "a", "n", "jobs.batch"),
        Applied("Service", "a", "n", "services"),
        Applied("ResourceClaimTemplate", "a-gpu", "n", "resourceclaimtemplates.resource.k8s.io"),
    ]
    lines = where_to_look(applied, ({}, {}, {}))
    assert lines[0] == "kubectl -n n get jobs.batch a"
    assert lines[-1].startswith("kubectl -n n delete jobs.batch/a services/a ")
