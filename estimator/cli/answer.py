"""One question of the command line: ask the pipeline, show the answer, write the document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from estimator.cli.arguments import QuestionArguments
from estimator.cli.console import error_console
from estimator.cli.explain import explanation
from estimator.cli.output import check_writable, write_document
from estimator.cli.progress import TerminalProgress
from estimator.cli.session import Session
from estimator.cli.summary import summary
from estimator.cli.timeline import check_timeline, write_timeline
from estimator.document import to_document
from estimator.drystep.where import HERE, Where
from estimator.errors import BadInput, NoFeasiblePlan
from estimator.manifest.crds import load_definitions
from estimator.manifest.provenance import annotated, require_comments
from estimator.manifest.render import refused
from estimator.manifest.types import Refused
from estimator.messages import localise, message
from estimator.options import EstimateOptions
from estimator.result import EstimateResult, NothingFits
from estimator.values import Missing

if TYPE_CHECKING:
    from estimator.cluster.connection import Cluster


def answer(
    options: EstimateOptions,
    arguments: QuestionArguments,
    session: Session,
    where: Where,
) -> int:
    """Answer a question; the exit code of the command."""
    check_writable(arguments.out)
    check_timeline(arguments.timeline)
    if arguments.provenance:
        require_comments(options.manifest.kind)
    if options.manifest.crds is not None:
        load_definitions(options.manifest.crds)  # what is wrong with them is told before the step
    console = error_console()
    cluster = None
    if arguments.server_dry_run:
        from estimator.cluster.connection import Place, connect

        cluster = connect(Place(arguments.kube_context, arguments.namespace))
    result = ask(options, console, session, where)
    if cluster is not None:
        result = _tried_out(result, cluster)
    show(result, arguments, console, session)
    require_manifest(result)
    return NoFeasiblePlan.exit_code if isinstance(result.outcome, NothingFits) else 0


def require_manifest(result: EstimateResult) -> None:
    """Raise BadInput where the job was planned and its manifest refused."""
    made = result.manifest
    if isinstance(made, Refused):
        what = message("error.no_manifest", why=made.what)
        raise BadInput(what, where=made.where, hint=made.hint)


def _tried_out(result: EstimateResult, cluster: Cluster) -> EstimateResult:
    """The answer without its manifest, if the cluster does not take that."""
    made = result.manifest
    if isinstance(made, Missing):
        return result
    try:
        cluster.require_taken(made.document, made.origins)
    except BadInput as error:
        return replace(result, manifest=refused(error, made.saved))
    return result


def show(
    result: EstimateResult, arguments: QuestionArguments, console: Console, session: Session
) -> None:
    """The summary for people on stderr, then the document on stdout or in a file."""
    told = localise(result, session.language)
    show_summary(result, console, session)
    if arguments.timeline is not None:
        write_timeline(told, arguments.timeline, session)
    if arguments.explain:
        console.print(explanation(told, session.say))
    document = _document(told, as_json=arguments.json, provenance=arguments.provenance)
    if document is not None:
        write_document(document, arguments.out)


def show_summary(result: EstimateResult, console: Console, session: Session) -> None:
    """The answer for people, on stderr."""
    told = localise(result, session.language)
    console.print(summary(told, console.width, session.say))


def ask(
    options: EstimateOptions,
    console: Console,
    session: Session,
    where: Where = HERE,
) -> EstimateResult:
    """The answer to one question, with its progress on the console."""
    from estimator.pipeline import estimate

    with TerminalProgress(console, session) as progress:
        return estimate(options, progress, where)


def _document(result: EstimateResult, *, as_json: bool, provenance: bool) -> str | None:
    """The text to write; None where YAML was asked for and there is none."""
    if as_json:
        return to_document(result).model_dump_json(indent=2) + "\n"
    if isinstance(result.manifest, Missing):
        return None
    return annotated(result.manifest) if provenance else result.manifest.text
