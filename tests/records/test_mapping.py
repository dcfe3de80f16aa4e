from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.errors import BadInput
from estimator.records.columns import ACTUAL, BY_NAME, COLUMNS, fact_column, prediction_column
from estimator.records.mapping import parse_mapping, read_mapped
from estimator.records.reading import lines as lines_module
from estimator.records.reading import tables
from estimator.records.reading.problems import Tally
from estimator.records.reading.tables import TableFile
from estimator.records.types import Target

SIZEY = Path(__file__).parents[3] / "shared" / "data" / "history" / "sizey"
SIZEY_MAP = [
    "template=process",
    "requested_memory_bytes=memory",
    "peak_memory_bytes=peak_rss",
    "submitted_at=submit:ms",
    "finished_at=complete:ms",
    "duration=realtime:ms",
]


def read(
    path: Path | TableFile, *pairs: str, fixed: tuple[str, ...] = ()
) -> tuple[pd.DataFrame, Tally]:
    tally = Tally()
    frames = list(read_mapped(path, parse_mapping(pairs, fixed), tally))
    return pd.concat(frames, ignore_index=True), tally


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_every_column_is_named_once_and_says_its_unit() -> None:
    assert len(BY_NAME) == len(COLUMNS)
    for column in COLUMNS:
        assert column.meaning
        if "_at" not in column.name and column.kind == "bytes":
            assert "_bytes" in column.name


def test_each_target_has_its_columns() -> None:
    for target in Target:
        assert ACTUAL[target] in BY_NAME
        assert prediction_column("prior", target, "upper") in BY_NAME


def test_a_field_may_leave_out_its_unit() -> None:
    assert fact_column("duration") is BY_NAME["duration_s"]
    assert fact_column("submitted") is BY_NAME["submitted_at"]
    assert fact_column("peak_memory") is BY_NAME["peak_memory_bytes"]
    assert fact_column("estimate_id") is BY_NAME["identifier"]
    assert fact_column("origin") is None


def test_units_are_turned_into_the_column_s_own(tmp_path: Path) -> None:
    path = written(
        tmp_path / "jobs.csv",
        "name,mem,peak,when,took,cpu\nbert,16,2048,1716753290296,1500,1500\n",
    )
    frame, tally = read(
        path,
        "template=name",
        "requested_memory_bytes=mem:GiB",
        "peak_device_bytes=peak:MB",
        "submitted_at=when:ms",
        "duration=took:ms",
        "requested_cpu=cpu:milli",
    )
    row = frame.iloc[0]
    assert row["requested_memory_bytes"] == 16 * 2**30
    assert row["peak_device_bytes"] == 2048 * 10**6
    assert row["submitted_at"] == pd.Timestamp("2024-05-26T19:54:50.296Z")
    assert row["duration_s"] == 1.5
    assert row["requested_cpu"] == 1.5
    assert (tally.taken, tally.skipped, tally.doubtful) == (1, {}, {})


def test_cells_with_units_of_their_own(tmp_path: Path) -> None:
    path = written(
        tmp_path / "jobs.tsv",
        "m\tt\ts\n16Gi\t1-02:03:04\t2024-01-01T08:00:00+08:00\n4 GB\t02:30\t-\n",
    )
    frame, _ = read(path, "requested_memory=m", "duration=t", "started_at=s")
    assert frame["requested_memory_bytes"].tolist() == [16 * 2**30, 4e9]
    # 1 day, 2 h, 3 min, 4 s = 86400 + 7200 + 180 + 4
    assert frame["duration_s"].tolist() == [93784.0, 150.0]
    assert frame["started_at"][0] == pd.Timestamp("2024-01-01T00:00:00Z")
    # the end follows from the start and the duration
    assert frame["finished_at"][0] == pd.Timestamp("2024-01-02T02:03:04Z")
    assert pd.isna(frame["started_at"][1])


def test_dates_without_an_offset_are_of_the_named_zone(tmp_path: Path) -> None:
    path = written(tmp_path / "jobs.csv", "s\n2024-01-01 08:00:00\n2024-01-01T00:00:00Z\n")
    frame, _ = read(path, "started_at=s:Asia/Shanghai")
    assert frame["started_at"].tolist() == [pd.Timestamp("2024-01-01T00:00:00Z")] * 2


def test_values_that_cannot_be_true_are_refused_and_kept_as_text(tmp_path: Path) -> None:
    path = written(
        tmp_path / "jobs.csv",
        "name,mem,took,a,b\n"
        "x,-5,1,2024-01-02,2024-01-01\n"
        "y,1e30,two,2024-01-01,2999-01-01\n"
        "z,5,3,,\n",
    )
    frame, tally = read(
        path, "template=name", "peak_memory=mem", "duration=took", "started=a", "finished=b"
    )
    assert frame["peak_memory_bytes"].isna().tolist() == [True, True, False]
    assert frame["problems"][0].splitlines() == [
        "peak_memory_bytes: negative: -5",
        "finished_at: before started_at: 2024-01-01 00:00:00+00:00",
    ]
    assert "duration_s: not a length of time: two" in frame["problems"][1]
    assert "finished_at: in the future: 2999-01-01" in frame["problems"][1]
    assert frame["problems"][2] is None
    assert tally.doubtful["peak_memory_bytes: negative"].places == ["jobs.csv:2"]
    assert tally.taken == 3


def test_rows_that_cannot_be_read_are_skipped_and_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "jobs.csv", "a,b\n1,2\n3\na,b\n\n4,5,6\n-,\n7,8")
    frame, tally = read(path, "gpu_count=a", "node_count=b")
    assert frame["gpu_count"].tolist() == [1, 7]
    assert {reason: (p.count, p.places) for reason, p in tally.skipped.items()} == {
        "1 cells where the header has 2": (1, ["jobs.csv:3"]),
        "the header again": (1, ["jobs.csv:4"]),
        "3 cells where the header has 2": (1, ["jobs.csv:6"]),
        "no field has a value": (1, ["jobs.csv:7"]),
    }
    assert tally.read == 6


def test_a_quote_that_is_not_closed_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "jobs.csv", 'a,b\n1,2\n3,"4\n' + "5,6\n" * 10)
    with pytest.raises(BadInput, match=r"jobs\.csv:3: this is not CSV"):
        read(path, "gpu_count=a")


def test_a_huge_line_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "jobs.csv"
    with path.open("wb") as stream:
        stream.write(b"a,b\n1,2\n")
        stream.truncate(10 << 30)  # a sparse file: ten GiB of zeros without a line end
    with pytest.raises(BadInput, match=r"jobs\.csv:3: a line is longer than 16 MiB"):
        read(path, "gpu_count=a")
    monkeypatch.setattr(lines_module, "LONGEST_LINE", 10)
    with pytest.raises(BadInput, match=r"jobs\.csv:2: a line is longer"):
        read(written(tmp_path / "jobs.csv", "a,b\n" + "1" * 20 + ",2\n"), "gpu_count=a")


def test_mixed_encodings(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_bytes("a,b\n训练,1\n".encode() + "训练,2\n".encode("gbk") + b"x\0y,3\n")
    frame, tally = read(path, "template=a", "gpu_count=b")
    assert frame["template"][0] == "训练"
    assert "\N{REPLACEMENT CHARACTER}" in frame["template"][1]
    assert frame["template"][2] == "xy"
    (problem,) = tally.doubtful.values()
    assert problem.places == ["jobs.csv:3"]
    path.write_bytes("a,b\n训练,1\n".encode("gbk"))
    frame, tally = read(TableFile(path, encoding="gbk"), "template=a")
    assert frame["template"][0] == "训练"
    assert not tally.doubtful
    path.write_bytes("a,b\n训练,1\n".encode("utf-16"))
    assert read(path, "template=a")[0]["template"][0] == "训练"


def test_a_column_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    path = written(tmp_path / "jobs.csv", "process,memory\nx,1\n")
    with pytest.raises(BadInput, match="no column 'proces'") as raised:
        read(path, "template=proces")
    assert "process" in raised.value.hint


@pytest.mark.parametrize(
    ("pair", "problem"),
    [
        ("template", "is not FIELD=COLUMN"),
        ("=x", "is not FIELD=COLUMN"),
        ("templat=x", "'templat' is no field"),
        ("origin=x", "'origin' is no field"),
        ("peak_memory=x:ms", "'ms' is no unit of peak_memory_bytes"),
    ],
)
def test_a_map_that_cannot_be_read(pair: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        parse_mapping([pair])


def test_a_field_mapped_twice() -> None:
    with pytest.raises(BadInput, match="'user' is mapped twice"):
        parse_mapping(["user=a", "user=b"])
    with pytest.raises(BadInput, match="'user' is mapped twice"):
        parse_mapping(["user=a"], ["user=me"])


def test_a_column_s_name_may_hold_a_colon(tmp_path: Path) -> None:
    path = written(tmp_path / "jobs.csv", "job: owner,ns::cv\nmei,cv-team\n")
    frame, _ = read(path, "user=job: owner", "team=ns::cv", fixed=("gpu=A10",))
    assert frame.loc[0, ["user", "team", "gpu"]].tolist() == ["mei", "cv-team", "A10"]


def test_json_lines_arrays_and_parquet_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "CHUNK_ROWS", 3)
    rows = [
        {"job": {"name": f"n{i}"}, "mem": i * 2**20, "t": f"2024-01-0{i + 1}"} for i in range(8)
    ]
    written(tmp_path / "a.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    written(tmp_path / "a.json", json.dumps(rows, indent=1))
    with gzip.open(tmp_path / "a.jsonl.gz", "wt") as stream:
        stream.write((tmp_path / "a.jsonl").read_text())
    flat = pd.DataFrame(rows).assign(t=lambda f: pd.to_datetime(f["t"]))
    flat["job.name"] = [row["job"]["name"] for row in rows]  # type: ignore[index]
    flat.drop(columns="job").to_parquet(tmp_path / "a.parquet")
    pairs = ("template=job.name", "peak_memory=mem", "submitted_at=t")
    names = ["template", "peak_memory_bytes", "submitted_at"]
    first, _ = read(tmp_path / "a.jsonl", *pairs)
    for name in ("a.json", "a.jsonl.gz", "a.parquet"):
        other, _ = read(tmp_path / name, *pairs)
        pd.testing.assert_frame_equal(first[names], other[names])


def test_files_that_are_cut_off(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", '{"a": 1}\n{"a": 2}\n{"a": 3')
    frame, tally = read(path, "gpu_count=a")
    assert len(frame) == 2
    assert tally.skipped["not JSON: the file is cut off"].places == ["a.jsonl:3"]
    with pytest.raises(BadInput, match="JSON array is cut off"):
        read(written(tmp_path / "b.json", '[{"a": 1}, {"a": 2'), "gpu_count=a")
    whole = gzip.compress(b"a\n" + b"1\n" * 100_000)
    (tmp_path / "c.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="cut off or damaged"):
        read(tmp_path / "c.csv.gz", "gpu_count=a")
    frame.drop(columns="problems").to_parquet(tmp_path / "d.parquet")
    content = (tmp_path / "d.parquet").read_bytes()
    (tmp_path / "d.parquet").write_bytes(content[:-20])
    with pytest.raises(BadInput, match="no whole Parquet file"):
        read(tmp_path / "d.parquet", "gpu_count=gpu_count")
    with pytest.raises(BadInput, match="the file is empty"):
        read(written(tmp_path / "e.csv", ""), "gpu_count=a")
    with pytest.raises(BadInput, match="No such file"):
        read(tmp_path / "f.csv", "gpu_count=a")


def test_the_digest_stands_for_the_whole_row(tmp_path: Path) -> None:
    first, _ = read(written(tmp_path / "a.csv", "a,b,c\n1,2,3\n1,2,4\n1,23,\n"), "gpu_count=a")
    again, _ = read(written(tmp_path / "b.csv", "a,b,c\n1,2,3\n"), "node_count=b")
    assert first["digest"].is_unique
    assert again["digest"][0] == first["digest"][0]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=20), st.sampled_from(COLUMNS))
def test_no_text_breaks_a_column(cells: list[str], column: object) -> None:
    from estimator.records.columns import Column
    from estimator.records.reading.cells import parse_cells

    assert isinstance(column, Column)
    parsed = parse_cells(pd.Series(cells, dtype=object), column)
    assert len(parsed.values) == len(cells)
    for value in parsed.values.dropna():
        if column.kind not in ("text", "moment"):
            assert math.isfinite(value)
            assert value >= 0


@pytest.mark.skipif(not SIZEY.exists(), reason="the traces are not part of the repository")
def test_the_sizey_traces() -> None:
    tally = Tally()
    mapping = parse_mapping(SIZEY_MAP)
    for path in sorted(SIZEY.glob("*.csv")):
        for frame in read_mapped(path, mapping, tally):
            assert frame[["template", "requested_memory_bytes"]].notna().all(axis=None)
    # 2938 + 1661 + 1083 + 1308 lines below the headers
    assert tally.taken == 6990
    assert not tally.skipped
