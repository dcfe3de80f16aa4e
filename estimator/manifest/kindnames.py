"""The kinds of manifest by name."""

from __future__ import annotations

import difflib
from enum import StrEnum

from estimator.errors import BadInput
from estimator.messages import message


class ManifestKind(StrEnum):
    """The form of the YAML."""

    FLAT = "flat"
    JOB = "job"
    JOBSET = "jobset"
    VOLCANO = "volcano"
    PADDLEJOB = "paddlejob"
    PADDLEFLOW = "paddleflow"
    TRAINJOB = "trainjob"
    COMPOSE = "compose"
    DOCKER = "docker"


def parse_kind(name: str) -> ManifestKind:
    """The kind of a name. Raises BadInput with the nearest one."""
    known = [kind.value for kind in ManifestKind]
    if name in known:
        return ManifestKind(name)
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    raise BadInput(
        message("error.no_kind", name=name),
        where="--kind",
        hint=f"--kind {close[0]}" if close else ", ".join(known),
    )
