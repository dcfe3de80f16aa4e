"""What is asked of the dry step: which card a program is told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimator.asking import measured
from estimator.drystep.device.choose import ChosenDevice
from estimator.drystep.launch import OnProgress
from estimator.drystep.measurement import Device, DryStepReport
from estimator.drystep.request import DryStepRequest, Limits
from estimator.drystep.where import Where
from estimator.options import EstimateOptions
from estimator.plan.types import Question
from estimator.progress import Silence
from estimator.workload.types import Workload
from tests import builders


@pytest.mark.parametrize(
    ("names", "capability"), [(("T4",), (7, 5)), (("T4", "A100-SXM4-80GB"), None)]
)
def test_one_type_is_told_as_it_is_and_several_as_the_usual_one(
    names: tuple[str, ...], capability: tuple[int, int] | None
) -> None:
    asked: list[DryStepRequest] = []

    def run(request: DryStepRequest, limits: Limits, on_progress: OnProgress) -> DryStepReport:
        asked.append(request)
        return builders.report()

    where = Where(run, lambda *_: ChosenDevice(Device.CPU, None, "no compiler"))
    options = EstimateOptions(Workload(Path("m.py")), Question(max_gpus=8, objective=None))
    measured(options, [builders.gpu(name) for name in names], Silence(), where)
    card = asked[0].card
    assert (card and card.compute_capability) == capability
