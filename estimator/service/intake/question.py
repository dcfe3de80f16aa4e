"""The JSON body of a new estimate: the options of the command line by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model
from pydantic import Field as Described

from estimator.cli.arguments import EstimateArguments, RunArguments
from estimator.errors import BadInput
from estimator.messages import Language, sentence, text
from estimator.options import EstimateOptions
from estimator.service.settings import Settings
from estimator.workload.source import trains_by_itself

TEMPLATE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""Of a request no path: the files of the machine are none of its business."""

OFFERED = (
    *("batch_size", "gpu", "max_gpus", "gpus", "nodes", "search"),
    *("minimize", "dataset_size", "epochs"),
    *("deadline", "template", "kind", "command", "set", "env", "namespace", "queue"),
    *("data_claim", "time_limit", "option", "input", "label", "amp", "amp_dtype"),
    *("eval_batch_size", "accumulate", "recompute", "inference", "checkpoint"),
)
"""Options that a request may set. The others name files or clusters of the machine, run code
outside the sandbox, or say how the answer is shown."""

FOR_MODELS = (
    *("option", "input", "label", "amp", "amp_dtype", "search"),
    *("eval_batch_size", "accumulate", "recompute", "inference", "checkpoint"),
)
"""Of these, what only a model file is told: a training script says it itself."""

FOR_SCRIPTS = ("batch_arg", "steps", "sample_batches", "synthetic_data")
"""Further options, of ``paddle-estimate run``."""

SCRIPT, ARGUMENTS = "script", "arguments"
"""Whether the file is a training script, and the words behind it; given these, it is one."""

_LONGEST_TEXT = 2000
_MOST_ITEMS = 100
_KEPT_BYTES = 1 << 16
_KINDS = (RunArguments, EstimateArguments)
_Item = Annotated[str, Described(max_length=_LONGEST_TEXT)]
_LIST: dict[str, Any] = {"default_factory": list, "max_length": _MOST_ITEMS}


def option_fields() -> Iterator[Field[Any]]:
    """The options that a request may set, in the order of the command line."""
    by_name = {one.name: one for kind in _KINDS for one in fields(kind)}
    return (by_name[name] for name in (*OFFERED, *FOR_SCRIPTS))


@cache
def options_model() -> type[BaseModel]:
    """A model with a field for each option; what it does not know is an error."""
    described: dict[str, Any] = {
        SCRIPT: (bool, Described(default=False, description=_said("field.script_hint"))),
        ARGUMENTS: (list[_Item], Described(description=_said("field.arguments_hint"), **_LIST)),
    }
    described |= {one.name: _field(one, _hints()[one.name]) for one in option_fields()}
    model: type[BaseModel] = create_model(
        "Options",
        __config__=ConfigDict(extra="forbid", allow_inf_nan=False),
        **described,
    )
    return model


def given(options: BaseModel) -> dict[str, Any]:
    """The options that differ from their defaults, as plain data."""
    return options.model_dump(exclude_defaults=True)


def to_question(options: Mapping[str, Any], model: Path, settings: Settings) -> EstimateOptions:
    """The question of a request, as the command line would ask it. Raises BadInput."""
    from estimator.cli.parsing import to_options, to_script_options

    site = settings.site
    of_site: dict[str, Any] = {
        "gpus_file": site.gpus_file,
        "templates": list(site.templates),
        "crds": site.crds,
    }
    own = {name: value for name, value in options.items() if name not in (SCRIPT, ARGUMENTS)}
    if is_script(options, model.read_bytes()):
        _refuse(own, FOR_MODELS, sentence("a training script says this itself"))
        program = ["python", str(model), *options.get(ARGUMENTS, [])]
        return to_script_options(RunArguments(program=program, **of_site, **own), Language.EN)
    _refuse(own, FOR_SCRIPTS, sentence("only a training script is told this"))
    return to_options(EstimateArguments(model=model, **of_site, **own), Language.EN)


def is_script(options: Mapping[str, Any], content: bytes) -> bool:
    """Whether a file is to be run as it is: it is asked for, or the file trains by itself."""
    if options.get(SCRIPT) or options.get(ARGUMENTS):
        return True
    return _trains(content) if len(content) <= _KEPT_BYTES else trains_by_itself(content)


@lru_cache(maxsize=256)
def _trains(content: bytes) -> bool:
    """The same files are asked about again and again."""
    return trains_by_itself(content)


def _refuse(options: Mapping[str, Any], names: tuple[str, ...], why: str) -> None:
    if wrong := next((name for name in names if name in options), None):
        raise BadInput(why, where=wrong, hint=sentence("leave out {name}", name=wrong))


def command_line(options: Mapping[str, Any], model: str, *, script: bool = False) -> list[str]:
    """The words of the command line that asks the same."""
    words = [word for one in option_fields() if one.name in options for word in _of(one, options)]
    if script:
        program = ["python", model, *options.get(ARGUMENTS, [])]
        return ["paddle-estimate", "run", *words, "--", *program]
    return ["paddle-estimate", model, *words]


def _of(one: Field[Any], options: Mapping[str, Any]) -> list[str]:
    return _words(flag_of(one.name), options[one.name])


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
    hints: dict[str, Any] = {}
    for kind in _KINDS:
        hints |= get_type_hints(kind, include_extras=True)
    return hints


def _said(key: str) -> str:
    return text(key, Language.EN)


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
        kind = Annotated[list[_Item], Described(max_length=_MOST_ITEMS)]
    if one.default_factory is not MISSING:
        return kind, Described(default_factory=one.default_factory, **rules)
    return kind, Described(default=one.default, **rules)


def _bounded(kind: Any, least: float) -> Any:
    """Whole numbers that the planner can reckon with: at most a billion."""
    whole = Annotated[int, Described(ge=least, le=10**9)]
    return whole | None if type(None) in get_args(kind) else whole
