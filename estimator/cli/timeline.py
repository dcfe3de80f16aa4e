"""``--timeline FILE.html``: the picture of memory over the training step."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from estimator.cli.output import check_writable, write_document
from estimator.cli.session import Session
from estimator.errors import BadInput
from estimator.messages import message
from estimator.result import EstimateResult

_NEEDED = ("altair", "vl_convert")


def check_timeline(path: Path | None) -> None:
    """Raise BadInput if a page could not be drawn or written: known before a long computation."""
    if path is None:
        return
    check_writable(path, "--timeline")
    missing = tuple(name for name in _NEEDED if find_spec(name) is None)
    if missing:
        what = message("error.needs_extra", what="--timeline", missing=missing)
        raise BadInput(what, where="--timeline", hint="pip install 'paddle-estimate[report]'")


def write_timeline(result: EstimateResult, path: Path, session: Session) -> None:
    """Write the page. Raises BadInput where the step was not followed."""
    from estimator.document.timeline import timeline_page

    timeline = result.report.timeline
    if timeline is None:
        raise BadInput(message("error.no_timeline"), where="--timeline", hint="--device virtual")
    write_document(timeline_page(result, timeline, session.say, session.language), path)
