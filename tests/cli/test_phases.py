from __future__ import annotations

from dataclasses import replace

from estimator.cli.phases import phase_lines
from estimator.drystep.measurement import PeakAt, Phase, PhasePeak
from estimator.messages import Language, speaker
from estimator.units import MIB
from estimator.values import Missing
from tests import builders

EVAL = PhasePeak("eval", 30 * MIB, 40 * MIB, 32, "evaluation keeps gradients")
SEEN = replace(
    builders.report(),
    phases=(PhasePeak("train", 10 * MIB, 20 * MIB, 8), EVAL),
    peak_at=PeakAt("eval", Phase.FORWARD, "layer1.0.conv1", "conv2d", "net.py", 7),
)


def test_each_phase_the_place_of_the_largest_and_the_warning() -> None:
    assert list(phase_lines(SEEN, speaker(Language.EN))) == [
        "peaks by phase: training step 10.0 MiB (batch 8), evaluation 30.0 MiB (batch 32)",
        "the largest peak: evaluation, in the forward pass, layer layer1.0.conv1, "
        "operator conv2d, net.py:7",
        "evaluation keeps gradients",
    ]
    assert SEEN.largest_phase == EVAL


def test_in_chinese() -> None:
    assert "评估 30.0 MiB（批大小 32）" in next(phase_lines(SEEN, speaker(Language.ZH)))


def test_what_is_not_known_is_left_out() -> None:
    nowhere = PeakAt(
        "train", Phase.OPTIMIZER, Missing("no layer"), "adamw", Missing("no file"), Missing("")
    )
    report = replace(SEEN, phases=(), peak_at=nowhere)
    assert list(phase_lines(report, speaker(Language.EN))) == [
        "the largest peak: training step, in the optimizer step, operator adamw"
    ]


def test_an_unknown_phase_is_shown_by_its_name() -> None:
    report = replace(SEEN, phases=(PhasePeak("warm_up", MIB, MIB, 1),), peak_at=Missing(""))
    assert "warm_up 1.0 MiB" in next(phase_lines(report, speaker(Language.EN)))


def test_nothing_where_no_phase_was_seen() -> None:
    assert list(phase_lines(builders.report(), speaker(Language.EN))) == []
