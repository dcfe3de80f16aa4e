"""A child that runs the model file within all limits but without Paddle, and answers quickly."""

import os
import runpy
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from estimator.drystep.child.limits import apply_limits, report_faults
from estimator.drystep.child.replies import Replies
from estimator.drystep.measurement import Device, DryStepReport, ModelFacts
from estimator.drystep.protocol import decode_order

replies = Replies(int(sys.argv[-2]))
order = decode_order(sys.stdin.buffer.read())
apply_limits(order.host_memory_bytes, order.parent_pid)
report_faults(int(sys.argv[-1]))
replies.progress("running the file")
runpy.run_path(str(order.request.workload.model_file))
replies.report(
    DryStepReport(
        device=Device.CPU,
        paddle_version="",
        model=ModelFacts("", 0, 0, "", {}),
        optimizer="",
        measurements=(),
        trials=(),
        assumptions=(),
        seconds=0.0,
        host_peak_bytes=0,
    )
)
os._exit(0)
