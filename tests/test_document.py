from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from estimator.document import SCHEMA_VERSION, Document, to_document
from estimator.drystep.loader import LoaderSeen, SampleCost
from estimator.drystep.measurement import PeakAt, Phase, PhasePeak
from estimator.messages import Language, localise
from estimator.result import EstimateResult
from estimator.values import Missing
from tests import builders

STABLE = {
    "": {
        "schema_version",
        "model",
        "workload",
        "measurement",
        "gpus",
        "plans",
        "recommendation",
        "manifest",
    },
    "model": {"name", "parameters", "source"},
    "workload": {"per_device_batch_size", "precision", "optimizer", "assumptions"},
    "measurement": {
        "device",
        "paddle_version",
        "peak_allocated_bytes",
        "peak_reserved_bytes",
        "breakdown_bytes",
        "seconds",
    },
    "gpus.0": {
        "name",
        "fits",
        "device_memory_bytes",
        "max_per_device_batch_size",
        "step_time_s",
        "throughput_samples_per_s",
    },
    "gpus.0.device_memory_bytes": {"target", "lower", "upper", "source"},
    "gpus.0.step_time_s": {"target", "lower", "upper", "source"},
    "gpus.0.throughput_samples_per_s": {"target", "lower", "upper", "source"},
    "recommendation": {
        "gpu",
        "gpu_count",
        "nodes",
        "per_device_batch_size",
        "global_batch_size",
        "memory_bytes",
        "cpu",
        "reasons",
    },
}
"""The names that were promised to readers: keys may be added beside them, none may go."""


def at(document: object, path: str) -> object:
    for step in filter(None, path.split(".")):
        document = document[int(step)] if isinstance(document, list) else document[step]  # type: ignore[index]
    return document


def plain(result: EstimateResult) -> dict[str, object]:
    loaded: dict[str, object] = json.loads(to_document(result).model_dump_json())
    return loaded


@pytest.mark.parametrize("path", sorted(STABLE))
@pytest.mark.parametrize("build", [builders.result, builders.nothing_fits])
def test_every_promised_key_is_there_whatever_the_outcome(path, build) -> None:  # type: ignore[no-untyped-def]
    found = at(plain(build()), path)
    assert isinstance(found, dict)
    assert set(found) >= STABLE[path]


def test_figures_are_those_of_the_result() -> None:
    document = to_document(builders.result())
    assert document.schema_version == SCHEMA_VERSION
    assert document.measurement.peak_allocated_bytes == builders.PEAK_ALLOCATED
    kinds = document.measurement.breakdown_bytes.model_dump()
    assert sum(kinds.values()) == builders.PEAK_ALLOCATED
    # 5,600 MiB reserved + 460 MiB context = 6,060 MiB = 6,354,370,560 bytes
    assert document.gpus[0].device_memory_bytes.target == 6_354_370_560
    assert document.gpus[0].device_memory_bytes.source == "virtual"
    assert document.recommendation.gpu_count == 2
    assert document.recommendation.global_batch_size == 128  # 2 x 64
    assert document.recommendation.memory_bytes == 34_359_738_368  # 32 GiB
    assert document.manifest.text == builders.YAML_TEXT


@pytest.mark.parametrize("build", [builders.result, builders.nothing_fits, builders.without_times])
def test_a_document_in_chinese_is_that_of_the_result_in_chinese(
    build: Callable[[], EstimateResult],
) -> None:
    result = build()
    told = to_document(result, Language.ZH)
    assert told == to_document(localise(result, Language.ZH))
    assert told != to_document(result)


def test_the_chosen_plan_is_marked_though_its_reason_differs() -> None:
    plans = to_document(builders.result()).plans
    assert [plan.chosen for plan in plans] == [True, False]


def test_a_missing_figure_is_null_and_says_why() -> None:
    duration = to_document(builders.result()).plans[0].duration_s
    assert duration.model_dump() == {
        "target": None,
        "lower": None,
        "upper": None,
        "source": None,
        "reason": "--epochs not given",
    }


@pytest.mark.parametrize("path", sorted(STABLE))
def test_every_promised_key_is_there_without_step_times(path: str) -> None:
    found = at(plain(builders.without_times()), path)
    assert isinstance(found, dict)
    assert set(found) >= STABLE[path]


def test_without_a_step_time_every_figure_that_takes_one_is_null_and_says_why() -> None:
    document = to_document(builders.without_times())
    gpu, plan = document.gpus[0], document.plans[0]
    of_gpu = (gpu.step_time_s, gpu.throughput_samples_per_s)
    of_plan = (plan.step_time_s, plan.throughput_samples_per_s, plan.scaling_efficiency)
    for figure in (*of_gpu, *of_plan, plan.duration_s, plan.gpu_hours, plan.cost):
        assert figure.model_dump() == {
            "target": None,
            "lower": None,
            "upper": None,
            "source": None,
            "reason": builders.NO_TIME.reason,
        }
    assert gpu.time_share == {}
    assert gpu.device_memory_bytes.target is not None
    assert Document.model_validate_json(document.model_dump_json()) == document


def test_a_measured_step_time_is_a_figure_without_interval() -> None:
    result = builders.result()
    measured = replace(result.report.measurements[0], step_seconds=0.25)
    report = replace(result.report, measurements=(measured,))
    step = to_document(replace(result, report=report)).measurement.step_time_s
    assert (step.target, step.lower, step.upper, step.source) == (0.25, 0.25, 0.25, "measured")


def test_nothing_fits_keeps_the_shape_and_names_the_nearest_miss() -> None:
    document = to_document(builders.nothing_fits())
    recommendation = document.recommendation
    assert recommendation.gpu is None
    assert recommendation.reasons == ["short by 1.20 GiB [of 80 GiB]"]
    assert recommendation.nearest_miss is not None
    assert recommendation.nearest_miss.gpu == "A100-SXM4-80GB"
    assert document.manifest.text is None
    assert document.manifest.reason == "nothing fits, so there is no job to describe"


@pytest.mark.parametrize("build", [builders.result, builders.nothing_fits])
def test_a_document_is_read_back_as_it_was_written(build) -> None:  # type: ignore[no-untyped-def]
    document = to_document(build())
    assert Document.model_validate_json(document.model_dump_json()) == document


def test_a_reader_ignores_keys_of_a_later_writer() -> None:
    later = {**plain(builders.result()), "carbon_kg": 3}
    assert Document.model_validate(later) == to_document(builders.result())


def test_bytes_are_whole_numbers_in_the_text() -> None:
    text = to_document(builders.result()).model_dump_json()
    assert '"peak_allocated_bytes":5406896864' in text
    assert '"target":6354370560,' in text


def test_the_phases_and_the_place_of_the_peak() -> None:
    base = builders.result()
    report = replace(
        base.report,
        phases=(PhasePeak("train", 10, 20, 8), PhasePeak("eval", 30, 40, 32, "keeps gradients")),
        peak_at=PeakAt("eval", Phase.FORWARD, "layer1.0.conv1", "conv2d", "net.py", 7),
    )
    told = to_document(replace(base, report=report)).model_dump(mode="json")["measurement"]
    assert told["phases"][1] == {
        "name": "eval",
        "peak_allocated_bytes": 30,
        "peak_reserved_bytes": 40,
        "per_device_batch_size": 32,
        "note": "keeps gradients",
    }
    assert told["peak_at"] == {
        "phase": "eval",
        "part": "forward",
        "layer": "layer1.0.conv1",
        "operator": "conv2d",
        "file": "net.py",
        "line": 7,
        "reason": "",
    }


def test_what_is_not_known_of_the_peak_is_null_with_the_reason() -> None:
    base = builders.result()
    nowhere = PeakAt(
        "train", Phase.OPTIMIZER, Missing("no layer"), "adamw", Missing("no file"), Missing("")
    )
    for peak, reason in ((nowhere, "no layer; no file"), (Missing("not seen"), "not seen")):
        report = replace(base.report, peak_at=peak)
        told = to_document(replace(base, report=report)).measurement.peak_at
        assert (told.layer, told.file, told.line, told.reason) == (None, None, None, reason)


def test_a_document_from_before_there_were_phases_is_still_read() -> None:
    plain = to_document(builders.result()).model_dump(mode="json")
    del plain["measurement"]["phases"], plain["measurement"]["peak_at"]
    assert Document.model_validate(plain).measurement.phases == []


def test_what_feeds_the_gpu_is_told_with_its_source() -> None:
    base = builders.result()
    assert to_document(base).measurement.loader is None
    loader = LoaderSeen(4, 2, True, SampleCost(0.01, 0.002, samples=40, batches=5))
    report = replace(base.report, loader=loader)
    told = to_document(replace(base, report=report)).model_dump(mode="json")
    assert told["measurement"]["loader"] == {
        "workers": 4,
        "prefetch_factor": 2,
        "shared_memory": True,
        "processor_s_per_sample": 0.01,
        "waiting_s_per_sample": 0.002,
        "samples": 40,
        "batches": 5,
        "source": "measured",
        "reason": "",
    }
    feed = told["recommendation"]["data_feed"]
    assert (feed["source"], feed["workers"], feed["workers_set"]) == ("assumed", 7, None)
    assert feed["made_samples_per_s"] == pytest.approx(700)  # 7 workers, 10 ms a sample


def test_a_loader_that_was_not_timed_says_why() -> None:
    base = builders.result()
    report = replace(base.report, loader=LoaderSeen(4, 2, True, Missing("no batches")))
    told = to_document(replace(base, report=report)).measurement.loader
    assert told is not None
    assert (told.source, told.processor_s_per_sample, told.reason) == (None, None, "no batches")
    assert to_document(builders.nothing_fits()).recommendation.data_feed is None
