"""The picture of a step's time by class of kernel, and where it is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from estimator.document import to_document
from estimator.document.kerneltime import time_chart
from estimator.document.timeline import timeline_page
from estimator.drystep.measurement import Timeline
from estimator.drystep.timeline import KINDS
from estimator.messages import Language, speaker
from estimator.result import EstimateResult
from estimator.service.pages.charts import CHARTS, kernel_time_chart
from estimator.throughput.kernel_class import KernelClass
from estimator.values import Missing
from tests import builders

SAY = speaker(Language.EN)
NO_TIME = Missing("nothing says how fast it is")


def untimed() -> EstimateResult:
    base = builders.result()
    return replace(base, gpus=tuple(replace(row, step_time=NO_TIME) for row in base.gpus))


@pytest.mark.parametrize("language", Language)
def test_every_class_has_a_name_of_its_own(language: Language) -> None:
    share = dict.fromkeys(KernelClass, 1 / len(KernelClass))
    chart = time_chart("T4", 8, share, speaker(language))
    assert chart is not None
    names = {row["kind"] for row in chart.rows}
    assert len(names) == len(KernelClass)
    assert all(names)


def test_what_would_be_no_percent_is_left_out() -> None:
    chart = time_chart("T4", 8, {"gemm": 0.9996, "optimizer": 0.0004}, SAY)
    assert chart is not None
    assert [row["kind"] for row in chart.rows] == ["matrix product"]
    assert chart.title == "Time of a training step by class of kernel, on T4 at batch 8"


def test_without_kernels_there_is_no_picture() -> None:
    assert time_chart("T4", 8, {}, SAY) is None
    assert kernel_time_chart(to_document(untimed()), SAY) is None


def test_the_result_page_shows_the_recommended_type() -> None:
    chart = CHARTS["time"](to_document(builders.result()), SAY)
    assert chart is not None
    assert "A100-SXM4-80GB at batch 64" in chart.title
    assert [row["share"] for row in chart.rows] == [0.8, 0.2]


def test_where_nothing_fits_it_is_that_of_the_first_type() -> None:
    document = to_document(builders.nothing_fits())
    chart = kernel_time_chart(document, SAY)
    assert chart is not None
    assert document.gpus[0].name in chart.title


@pytest.mark.parametrize("build", [builders.result, builders.nothing_fits, untimed])
def test_the_page_of_the_command_line_has_it_where_it_is_known(build) -> None:  # type: ignore[no-untyped-def]
    nothing = dict.fromkeys(KINDS, (0,))
    result = build()
    timeline = Timeline(1, (0,), (result.report.measurements[0].peak_phase,), nothing)
    page = timeline_page(result, timeline, SAY, Language.EN)
    known = build is not untimed
    assert ("<td>convolution</td><td>80.0%</td>" in page) == known
    assert page.count("<svg") == 1 + known
