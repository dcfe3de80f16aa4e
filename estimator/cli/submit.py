"""``paddle-estimate submit``: a job to the cluster, after everything that can be known is right."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Console

from estimator.cli.answer import ask, require_manifest, show_summary
from estimator.cli.arguments import SubmitArguments
from estimator.cli.console import error_console
from estimator.cli.elsewhere import where
from estimator.cli.output import write_stdout
from estimator.cli.parsing import to_options
from estimator.cli.session import Session
from estimator.cluster.connection import Applied, Place, connect
from estimator.errors import BadInput, NoFeasiblePlan
from estimator.manifest.crds import load_definitions
from estimator.manifest.saved import SavedManifest, read_manifest
from estimator.manifest.types import Origin
from estimator.manifest.validate import located, require_valid, validate
from estimator.manifest.walk import Document
from estimator.messages import message
from estimator.values import Missing

_YAML = (".yaml", ".yml")
_INSTANCE = "app.kubernetes.io/instance"


@dataclass(frozen=True, slots=True)
class _Submission:
    """Documents to apply, and where their values come from."""

    documents: tuple[Document, ...]
    origins: tuple[Origin, ...]


def run(session: Session, arguments: SubmitArguments) -> int:
    """Estimate or read the job, try it out on the server, ask, apply, and say where to look."""
    console = error_console()
    # Before anything is computed: there may be no cluster, and nobody to ask.
    cluster = connect(Place(arguments.kube_context, arguments.namespace))
    _require_answer(arguments)
    found = _submission(session, arguments, console)
    if isinstance(found, int):
        return found
    _require_objects(found.documents)
    cluster.require_taken(found.documents, found.origins)
    say = session.say
    for document in found.documents:
        name = str(_metadata(document).get("name"))
        where = cluster.namespace_of(document)
        console.print(say("submit.will", kind=document.get("kind"), name=name, namespace=where))
    if not arguments.yes and not _agreed(say("submit.ask", address=cluster.address)):
        console.print(say("submit.nothing"))
        return 0
    applied = tuple(cluster.apply(found.documents))
    for one in applied:
        write_stdout(f"{one.resource}/{one.name}\n")
    console.print(say("submit.look"))
    for line in where_to_look(applied, found.documents):
        console.print(f"  {line}", soft_wrap=True)
    return 0


def where_to_look(applied: Sequence[Applied], documents: Sequence[Document]) -> tuple[str, ...]:
    """Commands that show the job, its pods, their logs and events, and the one that ends it."""
    job = next(one for one in reversed(applied) if one.kind != "ResourceClaimTemplate")
    if job.kind == "Service":
        job = applied[0]
    in_namespace = f"kubectl -n {job.namespace}"
    label = next(
        (
            f"{_INSTANCE}={labels[_INSTANCE]}"
            for labels in map(_labels, documents)
            if _INSTANCE in labels
        ),
        f"{_INSTANCE}={job.name}",
    )
    everything = " ".join(f"{one.resource}/{one.name}" for one in applied)
    return (
        f"{in_namespace} get {job.resource} {job.name}",
        f"{in_namespace} get pods -l {label} -o wide",
        f"{in_namespace} logs -f -l {label} --all-containers --prefix",
        f"{in_namespace} describe pods -l {label}",
        f"{in_namespace} delete {everything}",
    )


def _submission(
    session: Session, arguments: SubmitArguments, console: Console
) -> _Submission | int:
    """What to apply; an exit code where there is nothing."""
    if arguments.model.suffix in _YAML:
        return _from_file(arguments, console)
    options = to_options(arguments, session.language)
    options = replace(options, manifest=replace(options.manifest, own_name=True))
    result = ask(options, console, session, where(arguments))
    show_summary(result, console, session)
    require_manifest(result)
    if isinstance(result.manifest, Missing):
        return NoFeasiblePlan.exit_code
    return _Submission(result.manifest.document, result.manifest.origins)


def _from_file(arguments: SubmitArguments, console: Console) -> _Submission:
    saved: SavedManifest = read_manifest(arguments.model)
    definitions = None if arguments.crds is None else load_definitions(arguments.crds)
    verdict = validate(saved.documents, definitions)
    require_valid(located(verdict.findings, saved.documents, saved.origins), saved.documents)
    for note in verdict.notes:
        console.print(note)
    return _Submission(saved.documents, saved.origins)


def _require_objects(documents: Sequence[Document]) -> None:
    """Raise BadInput for kinds that no cluster knows."""
    if any("apiVersion" not in document for document in documents):
        raise BadInput(message("submit.no_object"), where="--kind", hint="--kind job")


def _require_answer(arguments: SubmitArguments) -> None:
    if not arguments.yes and not sys.stdin.isatty():
        raise BadInput(message("submit.nobody"), where="submit", hint="--yes")


def _agreed(question: str) -> bool:
    print(question, end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是")


def _metadata(document: Document) -> dict[str, object]:
    found = document.get("metadata")
    return dict(found) if isinstance(found, dict) else {}


def _labels(document: Document) -> dict[str, object]:
    found = _metadata(document).get("labels")
    return dict(found) if isinstance(found, dict) else {}
