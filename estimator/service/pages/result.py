"""What the result page shows of an estimate that is done."""

from __future__ import annotations

import gzip
import shlex
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, cast

from estimator.document.parts import Document
from estimator.errors import EstimatorError
from estimator.manifest.difference import TemplateDiff
from estimator.manifest.kindnames import ManifestKind, parse_kind
from estimator.messages import Language, Say, localise, speaker
from estimator.rerender import again, against_template
from estimator.service.api.models import estimate_of
from estimator.service.context import Context
from estimator.service.jobs.types import Run
from estimator.service.pages.charts import (
    CHARTS,
    batch_memory_chart,
    batch_throughput_chart,
    kernel_time_chart,
    memory_chart,
)
from estimator.service.pages.figures import batch_row, origin_rows, past_row, plan_row, safe_batch
from estimator.service.problems import problem_of, shown_whole, told
from estimator.units import format_bytes

_KEPT = 64
NARROW = "-narrow"


class Documents:
    """Parsed documents and drawn pictures that were looked at last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self._lock = Lock()

    def document(self, context: Context, run: Run, language: Language) -> Document:
        """The document of a run that is done."""
        with self._lock:
            if known := self._kept.get((run.digest, language.value)):
                return cast(Document, known)
        found = context.store.document(run.digest, language.value)
        if found is None:
            raise KeyError(run.digest)
        spoken, packed = found

        def read() -> Document:
            return Document.model_validate_json(gzip.decompress(packed))

        return cast(Document, self._of((run.digest, spoken), read))

    def picture(self, context: Context, run: Run, language: Language, name: str) -> str | None:
        """One of CHARTS as SVG; with ``-narrow`` behind its name for a telephone."""
        wanted = name.removesuffix(NARROW)
        if wanted not in CHARTS:
            return None

        def draw() -> str | None:
            from estimator.charts.draw import to_svg

            chart = CHARTS[wanted](self.document(context, run, language), speaker(language))
            return None if chart is None else to_svg(chart, narrow=name != wanted)

        return cast("str | None", self._of((run.digest, language.value, name), draw))

    def _of(self, key: tuple[str, ...], make: Callable[[], Any]) -> Any:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


def result_view(
    context: Context, run: Run, document: Document, language: Language, kind: str | None
) -> dict[str, Any]:
    """The values of the result page."""
    say = speaker(language)
    one = estimate_of(run, language)
    text, changes, error = _manifest(context, run, document, language, kind)
    sizes = document.recommendation.batch_sizes
    return {
        "one": one,
        "document": document,
        "base": one.links.page,
        "measured": _measured(document, say),
        "place": _place(document, say),
        "of_plan": _of_plan(document, say),
        "memory": memory_chart(document, say),
        "time": kernel_time_chart(document, say),
        "batch_memory": batch_memory_chart(document, say),
        "batch_throughput": batch_throughput_chart(document, say),
        "batch_rows": [
            batch_row(part, document.recommendation.per_device_batch_size) for part in sizes
        ],
        "safe_batch": safe_batch(document, say),
        "plans": sorted(map(plan_row, document.plans), key=lambda row: not row.chosen),
        "kinds": [name.value for name in ManifestKind],
        "shown_kind": kind or document.manifest.kind,
        "kind_error": error,
        "manifest": text,
        "changes": changes,
        "changes_twin": f"{one.links.manifest}/diff?kind={kind or document.manifest.kind}",
        "download": f"{run.title.removesuffix('.py')}.yaml",
        "origins": origin_rows(document, say),
        "past": [past_row(job) for job in document.nearest_jobs],
        "remarks": [*document.workload.assumptions, *document.notes],
        "command": shlex.join(one.command),
    }


def _manifest(
    context: Context, run: Run, document: Document, language: Language, kind: str | None
) -> tuple[str | None, TemplateDiff | None, dict[str, Any] | None]:
    """The YAML, as another kind where one is asked for, its difference from the template, and why
    it cannot be written as that.
    """
    text = document.manifest.text
    if text is None or run.summary is None:
        return text, None, None
    estimate, folders = run.summary["estimate"], context.settings.site.templates
    wanted = None if kind is None else parse_kind(kind)
    try:
        if wanted is not None and wanted != document.manifest.kind:
            text = localise(again(estimate, wanted, folders), language).text
        changes = localise(against_template(estimate, wanted, folders), language)
    except EstimatorError as error:
        problem = shown_whole(told(problem_of(error), language))
        return text, None, problem if kind is not None else None
    return text, changes, None


def _measured(document: Document, say: Say) -> str:
    part, work = document.measurement, document.workload
    return say(
        "result.measured",
        device=part.device,
        paddle=part.paddle_version,
        batch=work.per_device_batch_size,
        precision=work.precision,
        optimizer=work.optimizer,
        parameters=f"{document.model.parameters:,}",
        allocated=format_bytes(part.peak_allocated_bytes),
    )


def _of_plan(document: Document, say: Say) -> str:
    """What the plan takes, where that is at another batch size than what was measured."""
    chosen = document.recommendation
    part = next((one for one in document.gpus if one.name == chosen.gpu), None)
    size = chosen.per_device_batch_size
    if part is None or chosen.plan is None or size == part.per_device_batch_size:
        return ""
    memory = chosen.plan.device_memory_bytes.target
    return "" if memory is None else say("result.of_plan", batch=size, memory=format_bytes(memory))


def _place(document: Document, say: Say) -> str:
    peak = document.measurement.peak_at
    if peak.operator is None:
        return ""
    where = f" ({peak.file}:{peak.line})" if peak.file else ""
    layer = f"{peak.layer}, " if peak.layer else ""
    return say("result.place", place=f"{peak.phase}, {peak.part}, {layer}{peak.operator}{where}")
