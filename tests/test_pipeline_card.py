"""Which card a program is told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimator import pipeline
from estimator.drystep.device.choose import ChosenDevice
from estimator.drystep.measurement import Device
from estimator.options import EstimateOptions
from estimator.plan.types import Question
from estimator.progress import Silence
from estimator.workload.types import Workload
from tests import builders


@pytest.mark.parametrize(
    ("names", "capability"), [(("T4",), (7, 5)), (("T4", "A100-SXM4-80GB"), None)]
)
def test_one_type_is_told_as_it_is_and_several_as_the_usual_one(
    names: tuple[str, ...], capability: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        pipeline, "choose_device", lambda *_: ChosenDevice(Device.CPU, None, "no compiler")
    )
    options = EstimateOptions(Workload(Path("m.py")), Question(max_gpus=8, objective=None))
    card = pipeline._request(options, [builders.gpu(name) for name in names], Silence()).card
    assert (card and card.compute_capability) == capability
