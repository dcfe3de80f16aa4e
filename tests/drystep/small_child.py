"""A child whose measuring is two steps on the CPU; all else is the child of every day."""

import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from estimator.drystep.child.main import main
from estimator.drystep.measurement import Device, DryStepReport


def measure(program, request, replies):
    import paddle

    from estimator.drystep.child.training import build_training

    begin = time.perf_counter()
    paddle.set_device("cpu")
    training = build_training(program, request.workload, request.precisions[0])
    replies.progress("stepping")
    for _ in range(2):
        training.step(training.make_batch(request.per_device_batch_size))
    return DryStepReport(
        device=Device.CPU,
        paddle_version=paddle.__version__,
        model=training.facts(),
        optimizer=training.optimizer_name,
        measurements=(),
        trials=(),
        assumptions=training.assumptions,
        seconds=time.perf_counter() - begin,
        host_peak_bytes=0,
    )


main(measure)
