"""A saved estimate's YAML comes out again, the same while its layers are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.errors import BadInput
from estimator.manifest.catalogue import template_library
from estimator.manifest.clues import Clues
from estimator.manifest.jobtext import SavedJob, from_text, to_text
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.overrides import parse_setting
from estimator.manifest.render import choose, render
from estimator.manifest.types import Computed, Manifest
from estimator.options import ManifestOptions
from estimator.paths import HOME_VARIABLE
from estimator.records.store import open_store
from estimator.records.types import JobFacts, JobRecord, Submitted
from estimator.rerender import again, against_template
from estimator.values import Bounded, Missing, Source
from tests.manifest.builders import EIGHT_GPUS, REQUEST, facts, write


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    write(tmp_path, "site/project/mine.yaml", "extends: ocr\njob: {backoffLimit: 7}\n")
    return tmp_path / "site"


def rendered(options: ManifestOptions) -> Manifest:
    library = template_library(options.templates_folders)
    return render(EIGHT_GPUS, options, choose(library, options, Clues(facts("CRNN", {}))))


def remember(made: Manifest | None, identifier: str = "1") -> None:
    with open_store() as store:
        job = Submitted(
            JobFacts("CRNN", "T4", "fp32", 64), job_request=None if made is None else made.saved
        )
        store.save(JobRecord(identifier, datetime.now(UTC), job))


def test_the_same_text_as_long_as_the_layers_are_the_same(site: Path) -> None:
    settings = (parse_setting("metadata.labels.team=vision"),)
    options = ManifestOptions(
        template="mine", templates_folders=(site,), command="python a.py", settings=settings
    )
    made = rendered(options)
    remember(made)
    assert again("1").text == made.text
    assert not [note for note in again("1").notes if "layer" in note]
    lines = against_template("1").text.splitlines()
    assert lines[:2] == ["--- mine", "+++ job"]
    assert "+    team: vision" in lines
    assert "+  backoffLimit: 7" not in lines  # as in the template
    write(site, "project/mine.yaml", "extends: vision\njob: {backoffLimit: 8}\n")
    changed = again("1")
    assert "backoffLimit: 8" in changed.text
    assert changed.notes[:2] == (
        "layer mine has changed since the estimate, or is new",
        "layer ocr is no longer part of it",
    )


def test_a_chosen_template_is_not_chosen_again_and_another_kind_may_be_asked_for(
    site: Path,
) -> None:
    remember(rendered(ManifestOptions()))
    assert again("1").template == "ocr"
    assert again("1", ManifestKind.JOBSET).document[0]["kind"] == "JobSet"
    assert again("1", folders=[site]).template == "ocr"


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("max_gpus: {at_most: 4, by: platform team}", "needs 8 GPUs, policy allows 4: platform"),
        ("max_gpus_per_node: 4", "needs 8 GPUs on each node, policy allows 4"),
        ("gpu_types: [H100*]", "policy allows H100*, not A100-SXM4-80GB"),
        ("images: [ours/*]", "is not allowed"),
        ("registries: [ours.example.com]", "is not allowed"),
        ("namespaces: [vision]", "metadata.namespace is not set"),
        ("queues: [night]", "training.queue is not set"),
    ],
)
def test_a_policy_that_came_later_holds_for_a_saved_estimate(
    policy: str, said: str, site: Path
) -> None:
    remember(rendered(ManifestOptions(template="mine", templates_folders=(site,))))
    again("1")
    write(site, "policy.yaml", f"{policy}\n")
    with pytest.raises(BadInput) as caught:
        again("1")
    assert said in caught.value.what
    assert str(site / "policy.yaml:1") in f"{caught.value.where} {caught.value.what}"


@pytest.mark.parametrize(
    "policy", ["max_gpus: 8", "max_nodes: 1", "gpu_types: [a100*]", "gpu_types: [NVIDIA-A100-*]"]
)
def test_a_policy_that_the_plan_keeps_is_no_obstacle(policy: str, site: Path) -> None:
    write(site, "policy.yaml", f"{policy}\n")
    remember(rendered(ManifestOptions(template="mine", templates_folders=(site,))))
    assert again("1").text


def test_estimates_that_cannot_be_made_again(site: Path) -> None:
    with pytest.raises(BadInput, match="no saved estimate 1"):
        again("1")
    remember(None)
    with pytest.raises(BadInput, match="holds no job request"):
        again("1")
    remember(replace(rendered(ManifestOptions()), saved='{"version": 2}'), "2")
    with pytest.raises(BadInput, match="cannot be read"):
        again("2")


def interval(target: float) -> Bounded[float]:
    return Bounded(target, target / 2, target * 2, Source.VIRTUAL, "test")


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    st.integers(0, 2**50),
    st.floats(0, 1e9) | st.none(),
)
def test_what_is_saved_is_what_is_read(
    reasons: dict[str, str], memory: int, seconds: float | None
) -> None:
    request = replace(
        REQUEST,
        reasons=reasons,
        settings={"job.x": Computed(["a", {"b": 1}], "why")},
        device_memory=Bounded(memory, memory, memory, Source.MEASURED, "it was"),
        device_capacity_bytes=memory,
        duration=Missing("not said") if seconds is None else interval(seconds),
    )
    job = SavedJob(request, ManifestOptions(template="ocr"), ("ocr@1",))
    assert from_text(to_text(job, "ocr"), where="") == job


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "{", '{"version": 1, "request": {}}'])
def test_what_is_no_saved_job_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        from_text(text, where="1")
