"""How a decision of a layer is told: who, where and why."""

from __future__ import annotations


def said_by(where: str, by: str, because: str) -> str:
    """``platform team (templates/base/a.yaml:3): because``, as far as it is said."""
    who = f"{by} ({where})" if by else where
    return f"{who}: {because}" if because else who
