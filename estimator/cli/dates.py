"""Dates and time zones of a command line."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from estimator.errors import BadInput
from estimator.messages import message


def moment(text: str | None, where: str, zone: tzinfo = UTC) -> datetime | None:
    """The moment that ISO 8601 text means, of ``zone`` where it names none. Raises BadInput."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        hint = f"{where} 2026-01-31"
        raise BadInput(message("error.date", words=text), where=where, hint=hint) from None
    return read if read.tzinfo else read.replace(tzinfo=zone)


def time_zone(name: str, where: str) -> ZoneInfo:
    """The time zone of this name. Raises BadInput."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            message("error.time_zone", name=name), where=where, hint="--timezone Asia/Shanghai"
        ) from None
