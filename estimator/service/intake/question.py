"""The JSON body of a new estimate: the options of the command line by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model
from pydantic import Field as Described

from estimator.cli.arguments import EstimateArguments
from estimator.messages import Language, text
from estimator.options import EstimateOptions
from estimator.service.settings import Settings

TEMPLATE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""Of a request no path: the files of the machine are none of its business."""

OFFERED = (
    *("batch_size", "gpu", "max_gpus", "gpus", "nodes", "minimize", "dataset_size", "epochs"),
    *("deadline", "template", "kind", "command", "set", "env", "namespace", "queue"),
    *("data_claim", "time_limit", "option", "input", "label", "amp", "amp_dtype"),
    *("eval_batch_size", "accumulate", "recompute", "inference", "checkpoint"),
)
"""Options that a request may set. The others name files or clusters of the machine, run code
outside the sandbox, or say how the answer is shown."""

_LONGEST_TEXT = 2000
_MOST_ITEMS = 100


def option_fields() -> Iterator[Field[Any]]:
    """The options that a request may set, in the order of the command line."""
    by_name = {one.name: one for one in fields(EstimateArguments)}
    return (by_name[name] for name in OFFERED)


@cache
def options_model() -> type[BaseModel]:
    """A model with a field for each option; what it does not know is an error."""
    described = {one.name: _field(one, _hints()[one.name]) for one in option_fields()}
    model: type[BaseModel] = create_model(
        "Options", __config__=ConfigDict(extra="forbid", allow_inf_nan=False), **described
    )
    return model


def given(options: BaseModel) -> dict[str, Any]:
    """The options that differ from their defaults, as plain data."""
    return options.model_dump(exclude_defaults=True)


def to_question(options: Mapping[str, Any], model: Path, settings: Settings) -> EstimateOptions:
    """The question of a request, as the command line would ask it. Raises BadInput."""
    from estimator.cli.parsing import to_options

    site = settings.site
    arguments = EstimateArguments(
        model=model,
        gpus_file=site.gpus_file,
        templates=list(site.templates),
        crds=site.crds,
        **options,
    )
    return to_options(arguments, Language.EN)


def command_line(options: Mapping[str, Any], model: str) -> list[str]:
    """The words of the command line that asks the same."""
    words = ["paddle-estimate", model]
    for one in option_fields():
        if one.name in options:
            words += _words(flag_of(one.name), options[one.name])
    return words


def flag_of(name: str) -> str:
    """``--batch-size`` of ``batch_size``."""
    return str(hint_of(name).default)  # where typer keeps the first word


def hint_of(name: str) -> Any:
    """What typer is told of an option."""
    return get_args(_hints()[name])[1]


def type_of(name: str) -> Any:
    """What an option takes."""
    return get_args(_hints()[name])[0]


@cache
def _hints() -> Mapping[str, Any]:
    return get_type_hints(EstimateArguments, include_extras=True)


def _words(flag: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [flag] if value else []
    values = value if isinstance(value, list) else [value]
    return [word for one in values for word in (flag, str(one))]


def _field(one: Field[Any], hint: Any) -> Any:
    kind, option = get_args(hint)
    rules: dict[str, Any] = {"description": text(str(option.help), Language.EN)}
    if option.min is not None:
        kind = _bounded(kind, option.min)
    if one.name == "template":
        kind = Annotated[str, Described(pattern=TEMPLATE_NAME, max_length=_LONGEST_TEXT)] | None
    elif kind in (str, str | None):
        kind = Annotated[str, Described(max_length=_LONGEST_TEXT)] | (str if kind is str else None)
    elif kind == list[str]:
        item = Annotated[str, Described(max_length=_LONGEST_TEXT)]
        kind = Annotated[list[item], Described(max_length=_MOST_ITEMS)]
    if one.default_factory is not MISSING:
        return kind, Described(default_factory=one.default_factory, **rules)
    return kind, Described(default=one.default, **rules)


def _bounded(kind: Any, least: float) -> Any:
    """Whole numbers that the planner can reckon with: at most a billion."""
    whole = Annotated[int, Described(ge=least, le=10**9)]
    return whole | None if type(None) in get_args(kind) else whole
