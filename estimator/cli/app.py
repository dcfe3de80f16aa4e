"""The typer application: commands made of argument classes, with help in one language."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import MISSING, Field, dataclass, fields, replace
from importlib import import_module
from typing import Annotated, Any, get_args, get_type_hints

import typer

from estimator.cli.common import CommonArguments, RootArguments
from estimator.messages import Say


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and where the function ``run(session, arguments) -> exit code`` is found.

    ``arguments`` is the place of its argument class below :mod:`estimator.cli`. Both modules are
    imported when they are needed, so that ``--help`` stays quick.
    """

    name: str
    arguments: str
    module: str
    function: str
    help_key: str

    def argument_class(self) -> type[CommonArguments]:
        """What the command takes."""
        module, _, name = self.arguments.rpartition(".")
        found: type[CommonArguments] = getattr(import_module(f"estimator.cli.{module}"), name)
        return found


_ESTIMATE = Command(
    "estimate",
    "arguments.EstimateArguments",
    "estimator.cli.estimate",
    "run",
    "help.command_estimate",
)
_SUBMIT = Command(
    "submit", "arguments.SubmitArguments", "estimator.cli.submit", "run", "help.command_submit"
)
_RUN = Command(
    "run", "arguments.RunArguments", "estimator.cli.estimate", "run_script", "help.command_run"
)
_RENDER = Command(
    "render", "arguments.RenderArguments", "estimator.cli.render", "run", "help.command_render"
)
_EXPLAIN = Command(
    "explain", "arguments.EstimateArguments", "estimator.cli.savings", "run", "help.command_explain"
)
_GPUS = Command("gpus", "arguments.GpusArguments", "estimator.cli.gpus", "run", "help.command_gpus")
_SERVE = Command(
    "serve", "serve.ServeArguments", "estimator.cli.serve", "run", "help.command_serve"
)
_WATCH = Command(
    "watch", "watch.WatchArguments", "estimator.cli.watch", "run", "help.command_watch"
)
_REPORT = Command(
    "report",
    "report_arguments.ReportArguments",
    "estimator.cli.report",
    "run",
    "help.command_report",
)
_DOCTOR = Command(
    "doctor", "arguments.DoctorArguments", "estimator.cli.doctor", "run", "help.command_doctor"
)
_TEMPLATES = (
    Command(
        "list",
        "arguments.TemplatesArguments",
        "estimator.cli.templates",
        "list_",
        "help.templates_list",
    ),
    Command(
        "show",
        "arguments.TemplateArguments",
        "estimator.cli.templates",
        "show",
        "help.templates_show",
    ),
    Command(
        "explain",
        "arguments.TemplateExplainArguments",
        "estimator.cli.templates",
        "explain",
        "help.templates_explain",
    ),
    Command(
        "diff",
        "arguments.TemplateDiffArguments",
        "estimator.cli.templates",
        "diff",
        "help.templates_diff",
    ),
    Command(
        "new",
        "arguments.TemplateNewArguments",
        "estimator.cli.authoring",
        "new",
        "help.templates_new",
    ),
    Command(
        "check",
        "arguments.TemplateCheckArguments",
        "estimator.cli.authoring",
        "check",
        "help.templates_check",
    ),
)
_HISTORY = (
    Command(
        "replay",
        "arguments.HistoryReplayArguments",
        "estimator.cli.history.replay",
        "run",
        "help.history_replay",
    ),
    Command(
        "fit",
        "arguments.HistoryFitArguments",
        "estimator.cli.history.fit",
        "run",
        "help.history_fit",
    ),
    Command(
        "evaluate",
        "arguments.HistoryLearnArguments",
        "estimator.cli.history.evaluate",
        "run",
        "help.history_evaluate",
    ),
    Command(
        "drift",
        "arguments.HistoryLearnArguments",
        "estimator.cli.history.drift",
        "run",
        "help.history_drift",
    ),
    Command(
        "recommend",
        "arguments.HistoryRecommendArguments",
        "estimator.cli.history.recommend",
        "run",
        "help.history_recommend",
    ),
    *(
        Command(name, arguments, "estimator.cli.history.records", function, f"help.history_{name}")
        for name, arguments, function in (
            ("add", "history.arguments.AddArguments", "add"),
            ("import", "history.arguments.ImportArguments", "import_"),
            ("export", "history.arguments.ExportArguments", "export"),
            ("list", "history.arguments.ListArguments", "list_"),
            ("show", "history.arguments.ShowArguments", "show"),
            ("stats", "history.arguments.StatsArguments", "stats"),
            ("check", "history.arguments.StoreArguments", "check"),
            ("prune", "history.arguments.PruneArguments", "prune"),
        )
    ),
)


def create_app(say: Say, words: Sequence[str] | None = None) -> typer.Typer:
    """The application with every help text in one language.

    words: a command line. Commands that it does not name are only listed, without their options:
    to make all of them takes longer than anything else that ``--help`` does.
    """

    def meant(command: Command) -> Command:
        if words is None or command.name in words:
            return command
        return replace(command, arguments="common.CommonArguments")

    app = _group(say, RootArguments, say("help.root"), say("help.exit_codes"))
    templates = _group(say, CommonArguments, say("help.templates_group"))
    for command in _TEMPLATES:
        _add(templates, meant(command), say)
    history = _group(say, CommonArguments, say("help.history_group"))
    for command in _HISTORY:
        _add(history, meant(command), say)
    for command in (_ESTIMATE, _EXPLAIN, _RUN, _RENDER, _SUBMIT, _GPUS):
        _add(app, meant(command), say)
    app.add_typer(templates, name="templates", rich_help_panel=say("panel.commands"))
    app.add_typer(history, name="history", rich_help_panel=say("panel.commands"))
    _add(app, meant(_SERVE), say)
    _add(app, meant(_WATCH), say)
    _add(app, meant(_REPORT), say)
    _add(app, meant(_DOCTOR), say)
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
    arguments = command.argument_class()

    def run(context: typer.Context, values: dict[str, Any]) -> None:
        function = getattr(import_module(command.module), command.function)
        raise typer.Exit(function(context.obj, arguments(**values)))

    app.command(
        command.name,
        help=say(command.help_key),
        add_help_option=False,
        rich_help_panel=say("panel.commands"),
    )(_taking(arguments, say, run))


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
