"""Finding the one model of a model file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import paddle

from estimator.drystep.child.keywords import keywords_of
from estimator.errors import BadInput
from estimator.messages import sentence


def _hint(model: str) -> str:
    return sentence("in the model file, def build_model(): return {model}", model=model)


def find_model(
    module: ModuleType, options: Mapping[str, object], model_file: str
) -> tuple[Callable[..., Any], str]:
    """What makes the model, and its name: ``build_model()``, else the one model or class.

    A module-level ``paddle.nn.Layer`` or ``paddle.Model`` comes before a Layer class of the file
    that needs no argument beyond ``options``. Raises BadInput for none and for several.
    """
    build_model = getattr(module, "build_model", None)
    if callable(build_model):
        return build_model, "build_model()"
    instances = _instances(module)
    if instances:
        name = _only(instances, sentence("models"), "{}", model_file)
        return lambda: instances[name], name
    classes = _classes(module)
    usable = {n: c for n, c in classes.items() if keywords_of(c).required <= options.keys()}
    if usable:
        name = _only(usable, sentence("classes"), "{}()", model_file)
        return usable[name], f"class {name}"
    raise _no_model(classes, model_file)


def _instances(module: ModuleType) -> dict[str, object]:
    """Module-level models by their first name, without the parts of other ones.

    A Layer without parameters, such as a loss, counts only where nothing else is there.
    """
    found: dict[int, tuple[str, object]] = {}
    for name, value in vars(module).items():
        if name != "loss_fn" and isinstance(value, (paddle.nn.Layer, paddle.Model)):
            found.setdefault(id(value), (name, value))
    parts = {id(part) for _, value in found.values() for part in _parts(value)}
    whole = [(name, value) for key, (name, value) in found.items() if key not in parts]
    with_parameters = [(name, value) for name, value in whole if value.parameters()]  # type: ignore[attr-defined]
    return dict(with_parameters or whole)


def _parts(model: Any) -> list[Any]:
    if isinstance(model, paddle.Model):
        return [model.network, *model.network.sublayers()]
    return list(model.sublayers())


def _classes(module: ModuleType) -> dict[str, type]:
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, paddle.nn.Layer)
        and value.__module__ == module.__name__
    }


def _only(found: Mapping[str, object], kind: str, use: str, model_file: str) -> str:
    names = sorted(found)
    if len(names) > 1:
        what = sentence(
            "{count} {kind} could be the model: {names}",
            count=len(names),
            kind=kind,
            names=tuple(names),
        )
        raise BadInput(what, where=model_file, hint=_hint(use.format(names[0])))
    return names[0]


def _no_model(classes: Mapping[str, type], model_file: str) -> BadInput:
    if not classes:
        what = sentence("no model found: no build_model(), no paddle.nn.Layer")
        return BadInput(what, where=model_file, hint=_hint("YourLayer()"))
    name, kind = next(iter(classes.items()))
    what = sentence(
        "no model found: class {name} needs arguments ({needed}) and there is no build_model()",
        name=name,
        needed=", ".join(sorted(keywords_of(kind).required)),
    )
    return BadInput(what, where=model_file, hint=_hint(f"{name}(...)"))
