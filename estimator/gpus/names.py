"""How a GPU type is named by people: spelling, short forms, and what to say when unclear."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from estimator.errors import BadInput
from estimator.gpus.types import GpuType
from estimator.messages import sentence

_VENDOR_WORDS = {"nvidia", "tesla", "geforce"}
_NEAREST_SHOWN = 4


def find_type(types: Sequence[GpuType], name: str, *, where: str = "") -> GpuType:
    """The one type that ``name`` means.

    Case, separators and vendor words do not matter, and ``80G`` is ``80GB``. A name, product
    label or alias wins; else the name may be part of exactly one type's (``a100 sxm 80g``).
    Raises BadInput listing the matches where there are several, the nearest names where none.
    """
    matches = matching_types(types, name)
    if len(matches) == 1:
        return matches[0]
    if matches:
        listed = tuple(gpu.name for gpu in matches)
        raise BadInput(
            sentence(
                "'{name}' can mean {count} GPU types: {listed}",
                name=name,
                count=len(matches),
                listed=listed,
            ),
            where=where,
            hint=matches[0].name,
        )
    what = sentence("no GPU type is called '{name}'", name=name)
    if nearest := _nearest(types, name):
        what = sentence("{what}; the nearest: {nearest}", what=what, nearest=tuple(nearest))
    raise BadInput(what, where=where, hint="paddle-estimate gpus")


def matching_types(types: Sequence[GpuType], name: str) -> tuple[GpuType, ...]:
    """The types that ``name`` can mean: those called exactly so, else those it is part of."""
    if not _squash(name):
        return ()
    return types_called(types, name) or tuple(gpu for gpu in types if _is_part_of(name, gpu))


def types_called(types: Sequence[GpuType], name: str) -> tuple[GpuType, ...]:
    """The types that have this very name, product label or alias, in any spelling."""
    squashed = _squash(name)
    return tuple(gpu for gpu in types if squashed in {_squash(known) for known in _known(gpu)})


def _known(gpu: GpuType) -> tuple[str, ...]:
    return (gpu.name, gpu.product_label, *gpu.aliases)


def _words(name: str) -> list[str]:
    words = re.findall(r"[a-z0-9]+", name.lower())
    return [re.sub(r"(\d)gi?b$", r"\1g", word) for word in words if word not in _VENDOR_WORDS]


def _squash(name: str) -> str:
    return "".join(_words(name))


def _is_part_of(name: str, gpu: GpuType) -> bool:
    """Whether each word of ``name`` begins a word of the type, or all of it is a piece of one."""
    if any(_squash(name) in _squash(known) for known in _known(gpu)):
        return True
    type_words = {word for known in _known(gpu) for word in _words(known)}
    return all(any(known.startswith(word) for known in type_words) for word in _words(name))


def _nearest(types: Sequence[GpuType], name: str) -> list[str]:
    by_spelling = {_squash(known): gpu.name for gpu in types for known in _known(gpu)}
    close = difflib.get_close_matches(_squash(name), by_spelling, n=3 * _NEAREST_SHOWN, cutoff=0.5)
    return list(dict.fromkeys(by_spelling[spelling] for spelling in close))[:_NEAREST_SHOWN]
