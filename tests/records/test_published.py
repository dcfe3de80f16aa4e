from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.records.published import PUBLISHED_FILE, Metric, PublishedRecord, load_published
from estimator.units import GIB, MIB

HISTORY = Path(__file__).parents[2] / "history"
TRUTH = Path(__file__).parents[2].parent / "shared" / "data" / "truth"
RECORDS = load_published(HISTORY)

# What one raw unit is in the normal one.
FACTORS = {"B": 1, "MB": MIB, "GB": GIB, 'GiB (README says GiB; cell prints "GB")': GIB}


def truth_rows() -> list[dict[str, str]]:
    if not TRUTH.is_dir():
        pytest.skip("the collection of published measurements is not on this machine")
    files = [*TRUTH.glob("paddle_*.csv"), TRUTH / "paddlenlp_peft_benchmark.csv"]
    return [
        row
        for file in files
        for row in csv.DictReader(file.read_text("utf-8").splitlines())
        if row["framework"] == "PaddlePaddle" and row["metric"] not in ("fits", "max_batch")
    ]


def of_truth(row: dict[str, str]) -> tuple[str, ...]:
    names = ("model", "task", "gpu", "n_gpus", "per_gpu_batch", "precision", "metric")
    source = row["source"].startswith("PaddleNLP benchmark peft README")
    return (*(row[name] for name in names), row["value"], row["unit"], _source(row, source))


def _source(row: dict[str, str], is_peft: bool) -> str:
    return "PaddlePaddle/PaddleNLP: PEFT benchmark README" if is_peft else row["source"]


def of_record(record: PublishedRecord) -> tuple[str, ...]:
    count = "" if record.gpu_count is None else str(record.gpu_count)
    return (
        record.model,
        record.task,
        record.raw_gpu or "",
        count,
        record.raw_batch or "",
        record.raw_precision or "",
        record.raw_metric,
        record.raw_value,
        record.raw_unit,
        record.source.removesuffix(", section Benchmark Results"),
    )


def test_the_records_are_the_rows_they_came_from() -> None:
    assert Counter(map(of_record, RECORDS)) == Counter(map(of_truth, truth_rows()))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.model)
def test_the_value_is_the_raw_value_in_the_normal_unit(record: PublishedRecord) -> None:
    factor = FACTORS[record.raw_unit] if record.unit == "bytes" else 1
    assert record.value == pytest.approx(float(record.raw_value) * factor, abs=0.5 * (factor > 1))
    for kind in ("allocated", "reserved"):
        assert record.metric.endswith(kind) == record.raw_metric.endswith(f"memory_{kind}")


def test_counts_are_those_of_the_readme() -> None:
    counts = Counter(record.metric for record in RECORDS)
    assert counts == {
        Metric.THROUGHPUT: 138,
        Metric.RESERVED: 18,
        Metric.ALLOCATED: 16,
        Metric.UNKNOWN_MEMORY: 44,
    }
    assert sum(record.gpu is None for record in RECORDS) == 50


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (",352.72,samples/s,V100", ",-1,samples/s,V100", "cannot be -1"),
        (",352.72,samples/s,V100", ",nan,samples/s,V100", "cannot be nan"),
        (",352.72,samples/s,V100", ",fast,samples/s,V100", "value"),
        (",352.72,samples/s,V100", ",352.72,bytes,V100", "cannot be in bytes"),
        (",352.72,samples/s,V100", ",352.72,parsecs,V100", "unit"),
        ("train,V100-SXM2-16GB,1,128", "train,V9000,1,128", "no GPU type 'V9000'"),
        ("train,V100-SXM2-16GB,1,128", "train,V100-SXM2-16GB,0,128", "gpu_count cannot be 0"),
        ("train,V100-SXM2-16GB,1,128", "train,V100-SXM2-16GB,1", "too many or too few"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    text = (HISTORY / PUBLISHED_FILE).read_text("utf-8")
    assert old in text.splitlines()[1]
    (tmp_path / PUBLISHED_FILE).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BadInput, match=problem) as raised:
        load_published(tmp_path)
    assert raised.value.where.endswith("published.csv:2")


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"\xff\xfe", b'model,"'], ids=["empty", "other", "bytes", "cut"]
)
def test_a_file_that_is_something_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / PUBLISHED_FILE).write_bytes(content)
    with pytest.raises(BadInput, match=r"published\.csv"):
        load_published(tmp_path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_published(tmp_path)
