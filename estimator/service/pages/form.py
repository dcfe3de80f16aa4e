"""The fields of the form, made of the options of the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass
from typing import Any, get_args

from estimator.manifest.kindnames import ManifestKind
from estimator.messages import Say
from estimator.service.intake.question import hint_of, option_fields, type_of

MAIN = (
    *("batch_size", "gpu", "max_gpus", "amp", "dataset_size", "epochs", "deadline", "minimize"),
    *("template", "kind", "data_claim"),
)
"""Shown without unfolding, in this order."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field. kind: of the input element. value: what it holds; default: when it is empty."""

    name: str
    flag: str
    label: str
    help: str
    kind: str
    value: Any
    default: str
    choices: tuple[str, ...] = ()
    least: int = 0

    @property
    def wide(self) -> bool:
        """Whether it takes a whole line."""
        return self.name == "command"


@dataclass(frozen=True, slots=True)
class Choices:
    """Names to choose among, by option."""

    gpus: Sequence[str]
    templates: Sequence[str]


def main_fields(values: Mapping[str, Any], choices: Choices, say: Say) -> list[FormField]:
    """Those that everybody needs."""
    by_name = {one.name: one for one in option_fields()}
    return [_field(by_name[name], values, choices, say) for name in MAIN]


def more_fields(
    values: Mapping[str, Any], choices: Choices, say: Say
) -> list[tuple[str, list[FormField]]]:
    """The rest in groups, as ``--help`` shows them."""
    groups: dict[str, list[FormField]] = {}
    for one in _rest():
        title = say(str(hint_of(one.name).rich_help_panel))
        groups.setdefault(title, []).append(_field(one, values, choices, say))
    return list(groups.items())


def is_any_set(values: Mapping[str, Any]) -> bool:
    """Whether a field is filled in that has to be unfolded to be seen."""
    return any(values.get(one.name) for one in _rest())


def _rest() -> Iterator[Field[Any]]:
    return (one for one in option_fields() if one.name not in MAIN)


def _field(one: Field[Any], values: Mapping[str, Any], choices: Choices, say: Say) -> FormField:
    option = hint_of(one.name)
    default = "" if one.default in (MISSING, None, False) else str(one.default)
    kind, offered = _kind(one, choices, default)
    value = values.get(one.name, "")
    if kind == "lines" and isinstance(value, list):
        value = "\n".join(value)
    return FormField(
        name=one.name,
        flag=str(option.default),
        label=_label(one.name, str(option.default), say),
        help=say(str(option.help)),
        kind=kind,
        value=value or ([] if kind == "several" else default if kind == "choice" else ""),
        default=default,
        choices=offered,
        least=int(option.min or 0),
    )


def _kind(one: Field[Any], choices: Choices, default: str) -> tuple[str, tuple[str, ...]]:
    kind = type_of(one.name)
    if one.name == "gpu":
        return "several", tuple(choices.gpus)
    if one.name == "template":
        return "choice", ("", *choices.templates)
    if one.name == "kind":
        return "choice", tuple(name.value for name in ManifestKind)
    for part in (kind, *get_args(kind)):
        if literal := [word for word in get_args(part) if isinstance(word, str)]:
            return "choice", ("", *literal)
    if kind is bool:
        return "flag", ()
    if kind == list[str]:
        return "lines", ()
    return ("number" if int in (kind, *get_args(kind)) else "text"), ()


def _label(name: str, flag: str, say: Say) -> str:
    try:
        return say(f"field.{name}")
    except KeyError:
        return flag.removeprefix("--").replace("-", " ")
