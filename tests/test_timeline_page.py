"""The page of ``--timeline``: what it shows, that it stands alone, how the command writes it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from estimator.cli import main
from estimator.document import to_document
from estimator.document.timeline import timeline_page
from estimator.drystep.measurement import Phase, Timeline
from estimator.drystep.timeline import KINDS
from estimator.messages import Language, speaker
from estimator.result import EstimateResult
from estimator.units import MIB
from tests import builders
from tests.drystep.virtual import plugin_or_skip

MODELS = Path(__file__).parent / "drystep" / "models"
NOTHING = dict.fromkeys(KINDS, (0, 0, 0))
TIMELINE = Timeline(
    launch_count=9,
    launches=(0, 4, 8),
    parts=(Phase.FORWARD, Phase.BACKWARD, Phase.BACKWARD),
    bytes_by_kind=NOTHING | {"parameters": (MIB,) * 3, "activations": (MIB, 3 * MIB, 2 * MIB)},
)


def result(name: str = "ResNet") -> EstimateResult:
    report = builders.report()
    model = replace(report.model, name=name)
    return replace(builders.result(), report=replace(report, model=model, timeline=TIMELINE))


def page(language: Language = Language.EN, name: str = "ResNet") -> str:
    return timeline_page(result(name), TIMELINE, speaker(language), language)


class Reader(HTMLParser):
    """Cells of the table, and everything that a browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.outside: list[str] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = dict(attributes)
        if tag in ("link", "img", "iframe") or (tag == "script" and "json" not in str(known)):
            self.outside.append(tag)
        self.outside += [v for n, v in attributes if n in ("src", "href") and not v.startswith("#")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._in_cell = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def test_a_row_for_each_part_with_what_it_held_at_its_peak() -> None:
    head, forward, backward = read(page()).rows[:3]
    assert head[4:] == [
        "parameters",
        "buffers",
        "gradients",
        "optimizer state",
        "activations",
        "temporary",
    ]
    assert forward[1:5] == ["0 - 0", "0", "2.0 MiB", "1.0 MiB"]
    assert backward[1:5] == ["4 - 8", "4", "4.0 MiB", "1.0 MiB"]
    assert backward[8] == "3.0 MiB"


def test_the_picture_is_inline_and_nothing_is_loaded_or_run() -> None:
    text = page()
    assert read(text).outside == []
    assert 'role="img"' in text
    assert "ResNet" in text
    assert "3 of 9 launches" in text


def test_the_data_is_kept() -> None:
    (data,) = re.findall(r'<script type="application/json" id="timeline">(.*?)</script>', page())
    assert json.loads(data)["bytes_by_kind"]["activations"] == [MIB, 3 * MIB, 2 * MIB]


def test_a_name_cannot_break_the_page() -> None:
    text = page(name="</title><script>alert(1)</script>")
    assert "<script>alert" not in text


def test_in_chinese() -> None:
    text = page(Language.ZH)
    assert 'lang="zh"' in text
    assert "激活" in text


def test_the_document_has_it_too() -> None:
    part = to_document(result()).measurement.timeline
    assert part is not None
    assert (part.launch_count, part.parts[0]) == (9, "forward")


def test_where_it_cannot_be_written_is_known_before(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    words = [str(MODELS / "tiny.py"), "--timeline", str(tmp_path / "no" / "t.html")]
    assert main(words) == 2
    assert b"--timeline" in capfdbinary.readouterr().err


def test_without_the_packages_the_extra_is_named(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("estimator.cli.timeline.find_spec", lambda name: None)
    assert main([str(MODELS / "tiny.py"), "--timeline", str(tmp_path / "t.html")]) == 2
    assert b"paddle-estimate[report]" in capfdbinary.readouterr().err


@pytest.mark.paddle
def test_the_command_writes_the_page(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    plugin_or_skip()
    target = tmp_path / "t.html"
    words = [str(MODELS / "tiny.py"), "--gpu", "T4", "--timeline", str(target), "--json"]
    assert main(words) == 0
    measured = json.loads(capfdbinary.readouterr().out)["measurement"]
    held = measured["timeline"]["bytes_by_kind"]
    totals = [sum(kinds) for kinds in zip(*held.values(), strict=True)]
    assert max(totals) == measured["peak_allocated_bytes"]
    rows = read(target.read_text()).rows
    assert [row[0] for row in rows][1:5] == [
        "in the forward pass",
        "in the backward pass",
        "in the optimizer step",
        "in the forward pass",
    ]
    (head, *classes) = rows[5:]
    assert head == ["Kernels", "Share of time"]
    # rounded to a tenth of a percent each
    assert sum(float(share.rstrip("%")) for _, share in classes) == pytest.approx(100, abs=0.5)


@pytest.mark.paddle
def test_no_timeline_of_a_step_on_the_cpu(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    target = tmp_path / "t.html"
    words = [str(MODELS / "tiny.py"), "--device", "cpu", "--timeline", str(target)]
    assert main(words) == 2
    assert not target.exists()
    assert b"no timeline" in capfdbinary.readouterr().err
