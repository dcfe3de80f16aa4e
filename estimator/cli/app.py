"""The typer application: commands made of argument classes, with help in one language."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import MISSING, Field, dataclass, fields
from importlib import import_module
from typing import Annotated, Any, get_args, get_type_hints

import typer

from estimator.cli.arguments import (
    CommonArguments,
    DoctorArguments,
    EstimateArguments,
    GpusArguments,
    HistoryFitArguments,
    HistoryLearnArguments,
    HistoryRecommendArguments,
    HistoryReplayArguments,
    RenderArguments,
    RootArguments,
    RunArguments,
    SubmitArguments,
    TemplateArguments,
    TemplateCheckArguments,
    TemplateDiffArguments,
    TemplateExplainArguments,
    TemplateNewArguments,
    TemplatesArguments,
)
from estimator.cli.history.arguments import (
    AddArguments,
    ExportArguments,
    ImportArguments,
    ListArguments,
    PruneArguments,
    ShowArguments,
    StatsArguments,
    StoreArguments,
)
from estimator.cli.watch import WatchArguments
from estimator.messages import Say


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and where the function ``run(session, arguments) -> exit code`` is found.

    The module is imported when the command runs, so that ``--help`` stays quick.
    """

    name: str
    arguments: type[CommonArguments]
    module: str
    function: str
    help_key: str


_ESTIMATE = Command(
    "estimate", EstimateArguments, "estimator.cli.estimate", "run", "help.command_estimate"
)
_SUBMIT = Command("submit", SubmitArguments, "estimator.cli.submit", "run", "help.command_submit")
_RUN = Command("run", RunArguments, "estimator.cli.estimate", "run_script", "help.command_run")
_RENDER = Command("render", RenderArguments, "estimator.cli.render", "run", "help.command_render")
_EXPLAIN = Command(
    "explain", EstimateArguments, "estimator.cli.savings", "run", "help.command_explain"
)
_GPUS = Command("gpus", GpusArguments, "estimator.cli.gpus", "run", "help.command_gpus")
_WATCH = Command("watch", WatchArguments, "estimator.cli.watch", "run", "help.command_watch")
_DOCTOR = Command("doctor", DoctorArguments, "estimator.cli.doctor", "run", "help.command_doctor")
_TEMPLATES = (
    Command("list", TemplatesArguments, "estimator.cli.templates", "list_", "help.templates_list"),
    Command("show", TemplateArguments, "estimator.cli.templates", "show", "help.templates_show"),
    Command(
        "explain",
        TemplateExplainArguments,
        "estimator.cli.templates",
        "explain",
        "help.templates_explain",
    ),
    Command(
        "diff", TemplateDiffArguments, "estimator.cli.templates", "diff", "help.templates_diff"
    ),
    Command("new", TemplateNewArguments, "estimator.cli.authoring", "new", "help.templates_new"),
    Command(
        "check", TemplateCheckArguments, "estimator.cli.authoring", "check", "help.templates_check"
    ),
)
_HISTORY = (
    Command(
        "replay",
        HistoryReplayArguments,
        "estimator.cli.history.replay",
        "run",
        "help.history_replay",
    ),
    Command("fit", HistoryFitArguments, "estimator.cli.history.fit", "run", "help.history_fit"),
    Command(
        "evaluate",
        HistoryLearnArguments,
        "estimator.cli.history.evaluate",
        "run",
        "help.history_evaluate",
    ),
    Command(
        "drift", HistoryLearnArguments, "estimator.cli.history.drift", "run", "help.history_drift"
    ),
    Command(
        "recommend",
        HistoryRecommendArguments,
        "estimator.cli.history.recommend",
        "run",
        "help.history_recommend",
    ),
    *(
        Command(name, arguments, "estimator.cli.history.records", function, f"help.history_{name}")
        for name, arguments, function in (
            ("add", AddArguments, "add"),
            ("import", ImportArguments, "import_"),
            ("export", ExportArguments, "export"),
            ("list", ListArguments, "list_"),
            ("show", ShowArguments, "show"),
            ("stats", StatsArguments, "stats"),
            ("check", StoreArguments, "check"),
            ("prune", PruneArguments, "prune"),
        )
    ),
)


def create_app(say: Say) -> typer.Typer:
    """The application with every help text in one language."""
    app = _group(say, RootArguments, say("help.root"), say("help.exit_codes"))
    templates = _group(say, CommonArguments, say("help.templates_group"))
    for command in _TEMPLATES:
        _add(templates, command, say)
    history = _group(say, CommonArguments, say("help.history_group"))
    for command in _HISTORY:
        _add(history, command, say)
    for command in (_ESTIMATE, _EXPLAIN, _RUN, _RENDER, _SUBMIT, _GPUS):
        _add(app, command, say)
    app.add_typer(templates, name="templates", rich_help_panel=say("panel.commands"))
    app.add_typer(history, name="history", rich_help_panel=say("panel.commands"))
    _add(app, _WATCH, say)
    _add(app, _DOCTOR, say)
    return app


def _group(say: Say, arguments: type[CommonArguments], help: str, epilog: str = "") -> typer.Typer:
    app = typer.Typer(
        help=help,
        epilog=epilog,
        add_completion=False,
        add_help_option=False,
        rich_markup_mode="rich",
    )
    app.callback()(_taking(arguments, say, lambda context, values: None))
    return app


def _add(app: typer.Typer, command: Command, say: Say) -> None:
    def run(context: typer.Context, values: dict[str, Any]) -> None:
        function = getattr(import_module(command.module), command.function)
        raise typer.Exit(function(context.obj, command.arguments(**values)))

    app.command(
        command.name,
        help=say(command.help_key),
        add_help_option=False,
        rich_help_panel=say("panel.commands"),
    )(_taking(command.arguments, say, run))


def _taking(
    arguments: type[CommonArguments],
    say: Say,
    run: Callable[[typer.Context, dict[str, Any]], None],
) -> Callable[..., None]:
    """A function for typer whose parameters are the fields of an argument class."""

    def command(context: typer.Context, **values: Any) -> None:
        run(context, values)

    context = inspect.Parameter(
        "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
    )
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [context, *_parameters(arguments, say)]
    )
    command.__annotations__ = {}
    return command


def _parameters(arguments: type[CommonArguments], say: Say) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(arguments, include_extras=True)
    common = {field.name for field in fields(CommonArguments)}
    for field in sorted(fields(arguments), key=lambda field: field.name in common):
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_default(field),
            annotation=_translated(hints[field.name], say),
        )


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return inspect.Parameter.empty if field.default is MISSING else field.default


def _translated(annotation: Any, say: Say) -> Any:
    type_, information = get_args(annotation)
    information = copy(information)
    information.help = say(information.help)
    information.rich_help_panel = say(information.rich_help_panel)
    return Annotated[type_, information]
