"""Tokens: who somebody is, and what they may do.

The file is a YAML list of ``{name, role, sha256}``: only the digests of tokens are kept. Without
a file everybody who reaches the service is its owner, and only this machine does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from estimator.errors import BadInput
from estimator.messages import sentence

_HINT = "- {name: team-a, role: submit, sha256: <output of: printf %s TOKEN | sha256sum>}"
_DIGEST_LETTERS = 64


class Role(StrEnum):
    """SUBMIT: asks and reads. ADMIN: sees and stops everybody's runs, and reads the audit log."""

    SUBMIT = "submit"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``key``: what their rate is counted by."""

    name: str
    role: Role
    key: str

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN


Tokens = Mapping[str, tuple[str, Role]]
"""Name and role by the SHA-256 of the token."""


def read_tokens(path: Path) -> Tokens:
    """The tokens of a file. Raises BadInput, with the place, for one that cannot be used."""
    import yaml

    try:
        listed = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        what = sentence("the tokens cannot be read: {why}", why=said)
        hint = f"ls -l {path}" if isinstance(error, OSError) else _HINT
        raise BadInput(what, where=str(path), hint=hint) from None
    if not isinstance(listed, list) or not listed:
        raise BadInput(sentence("no list of tokens"), where=str(path), hint=_HINT)
    return dict(_token(one, at, path) for at, one in enumerate(listed, start=1))


def _token(one: object, at: int, path: Path) -> tuple[str, tuple[str, Role]]:
    entry = one if isinstance(one, dict) else {}
    name, role, digest = (str(entry.get(key, "")) for key in ("name", "role", "sha256"))
    usable = name and role in set(Role) and len(digest) == _DIGEST_LETTERS
    if not usable or set(entry) != {"name", "role", "sha256"}:
        raise BadInput(
            sentence("token {number} needs name, role (submit or admin) and sha256", number=at),
            where=str(path),
            hint=_HINT,
        )
    return digest.lower(), (name, Role(role))


def caller_of(tokens: Tokens | None, token: str, address: str) -> Caller | None:
    """Who shows this token, None for nobody that is known.

    The digest is looked up, not compared letter by letter: time tells nothing about a token.
    """
    if tokens is None:
        return Caller("local", Role.ADMIN, address)
    found = tokens.get(hashlib.sha256(token.encode()).hexdigest()) if token else None
    return None if found is None else Caller(found[0], found[1], found[0])
