from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.learning.fit import fit, succeed, trial
from estimator.learning.model import FORMAT, from_json, load, save, to_json
from estimator.learning.state import Basis, Level
from estimator.records.types import Target
from tests.learning.bench import made_up


def test_a_model_comes_back_as_it_was(tmp_path: Path) -> None:
    model = fit(made_up(400))
    path = tmp_path / "new folder" / "learnt.json"
    save(model, path)
    again = load(path)
    assert again == model
    assert again is not None
    assert again.fingerprint == model.fingerprint
    assert [one.name for one in path.parent.iterdir()] == ["learnt.json"]


def test_the_fingerprint_is_of_what_was_learnt_and_not_of_its_order() -> None:
    frame = made_up(300)
    shuffled = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    assert fit(frame).state == fit(shuffled).state
    assert fit(frame).fingerprint != fit(made_up(300, seed=1)).fingerprint


def test_no_file_is_no_model(tmp_path: Path) -> None:
    assert load(tmp_path / "learnt.json") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 99}',
        json.dumps({"format": FORMAT, "fingerprint": "x", "made": {}}) + "\n[[1]]\n{}\n[]\n[1]",
        json.dumps({"format": FORMAT, "fingerprint": "x", "made": {}}) + "\n[]\n{}\n[]\n[1, 2]\t[]",
        json.dumps({"format": FORMAT, "fingerprint": "x", "made": {}}) + "\n[]\n[1]",
        json.dumps({"format": FORMAT, "fingerprint": "x", "made": {}}) + "\n[]\n{}\n[1]",
        "\x80\x04K\x01.",  # a pickle is text like any other here
    ],
)
def test_something_else_is_refused_with_the_next_step(text: str, tmp_path: Path) -> None:
    path = tmp_path / "learnt.json"
    path.write_text(text)
    with pytest.raises(BadInput, match="cannot be used") as raised:
        load(path)
    assert "history fit --replace" in raised.value.hint


def test_a_changed_count_does_not_match_the_fingerprint() -> None:
    header, _, body = to_json(fit(made_up(50))).partition("\n")
    notes, trees, scores, first, *rest = body.split("\n")
    group, _, rows = first.partition("\t")
    content = json.loads(rows)
    content[0][4][0][3][0] += 1  # the first count of the first epoch of the first node
    changed = "\n".join([notes, trees, scores, f"{group}\t{json.dumps(content)}", *rest])
    with pytest.raises(ValueError, match="fingerprint"):
        from_json(f"{header}\n{changed}")


@pytest.mark.parametrize("rows", ["nothing", "[[1]]", '[["", 1, 0, [0]]]', '"text"'])
def test_a_group_that_is_no_group_is_refused_when_it_is_read(rows: str, tmp_path: Path) -> None:
    body = f'[]\n{{}}\n[]\n["host_memory_bytes","requested","ALL",""]\t{rows}'
    fingerprint = hashlib.sha256(body.encode()).hexdigest()[:16]
    made = {"jobs": 1, "compared": 1, "until": 0.0, "made_at": "2026-01-01", "tool_version": "1"}
    header = {"format": FORMAT, "fingerprint": fingerprint, "made": made}
    path = tmp_path / "learnt.json"
    path.write_text(json.dumps(header) + "\n" + body)
    model = load(path)
    assert model is not None
    with pytest.raises(BadInput, match="cannot be used") as raised:
        model.state.parts(Target.HOST_MEMORY, Basis.REQUESTED, Level.ALL, "")
    assert (raised.value.where, "history fit --replace" in raised.value.hint) == (str(path), True)


def test_only_the_groups_that_are_asked_for_are_read(tmp_path: Path) -> None:
    path = tmp_path / "learnt.json"
    save(fit(made_up(300)), path)
    model = load(path)
    assert model is not None
    kept = len(model.state._kept)
    assert model.state.parts(Target.HOST_MEMORY, Basis.REQUESTED, Level.ALL, "")
    assert len(model.state._kept) == kept - 1


def test_a_frame_of_requests_alone_can_be_fitted() -> None:
    frame = made_up(50)
    frame[[name for name in frame if name.endswith("_target")]] = float("nan")
    assert fit(frame).made.compared == 50


def test_a_challenger_that_is_worse_on_new_jobs_does_not_win() -> None:
    frame = made_up(4000)
    frame = frame.sort_values("finished_at").reset_index(drop=True)
    champion = fit(frame.iloc[:3000])
    good = trial(champion, frame)
    assert good is not None
    assert good.won
    # the same jobs, but a broken import made the earlier peaks a thousand times larger
    broken = frame.copy()
    broken.loc[:2999, ["peak_memory_bytes", "peak_device_bytes"]] *= 15
    bad = trial(champion, broken)
    assert bad is not None
    assert not bad.won


def test_without_new_jobs_there_is_nothing_to_try() -> None:
    frame = made_up(100)
    assert trial(fit(frame), frame) is None
    assert succeed(fit(frame), fit(frame)).made.version == 2
