"""What is sent is what arrives."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.drystep.measurement import (
    CapacityTrial,
    Device,
    DryStepReport,
    KernelUse,
    MemoryBreakdown,
    ModelFacts,
    PeakAt,
    Phase,
    PhasePeak,
    Precision,
    StepMeasurement,
    TensorSpec,
)
from estimator.drystep.protocol import (
    Order,
    decode_error,
    decode_order,
    decode_report,
    encode_error,
    encode_order,
    encode_report,
)
from estimator.drystep.request import DeviceChoice, DryStepRequest
from estimator.errors import BadInput, InternalError, UserCodeFailed
from estimator.values import Missing
from estimator.workload.types import TensorRequest, Workload

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)
tensors = st.builds(
    TensorRequest,
    shape=st.lists(st.integers(1, 99), max_size=3).map(tuple),
    dtype=st.sampled_from(["float32", "int64"]),
    classes=st.none() | st.integers(1, 1000),
)
precisions = st.sampled_from([Precision(), Precision("O1", "float16"), Precision("O2", "bfloat16")])
workloads = st.builds(
    Workload,
    model_file=st.sampled_from([Path("model.py"), Path("/a/模型.py")]),
    options=st.dictionaries(st.text(), values, max_size=3),
    per_device_batch_size=st.none() | st.integers(1, 512),
    inputs=st.lists(tensors, max_size=2).map(tuple),
    labels=st.lists(tensors, max_size=2).map(tuple),
    precision=st.none() | precisions,
    eval_batch_size=st.none() | st.integers(1, 512),
    accumulate=st.integers(1, 9),
    recompute=st.booleans(),
    inference=st.booleans(),
    checkpoint=st.booleans(),
    optimizer=st.none() | st.just("AdamW"),
)
requests = st.builds(
    DryStepRequest,
    workload=workloads,
    per_device_batch_size=st.integers(1, 512),
    precisions=st.lists(precisions, min_size=1, max_size=3).map(tuple),
    device=st.sampled_from(DeviceChoice),
    capacities=st.lists(st.integers(0, 1 << 40), max_size=3).map(tuple),
    plugin=st.none() | st.just(Path("/cache/libvirtual_gpu.so")),
    environment=st.dictionaries(st.text(), st.text(), max_size=2),
    fallback_reason=st.text(),
)


@given(st.builds(Order, request=requests, host_memory_bytes=st.integers(1), parent_pid=st.just(1)))
def test_an_order_arrives_as_it_was_given(order):
    assert decode_order(encode_order(order)) == order


def test_a_report_arrives_as_it_was_given():
    kernel = KernelUse(
        "conv2d",
        Phase.BACKWARD,
        (TensorSpec((8, 3, 224, 224), "float32"),),
        (TensorSpec((), "int64"),),
        {"0": [1, 1], "1": 0.5},
        count=53,
    )
    measurement = StepMeasurement(
        device=Device.VIRTUAL,
        precision=Precision("O1", "bfloat16"),
        per_device_batch_size=8,
        peak_allocated_bytes=21,
        peak_reserved_bytes=22,
        breakdown=MemoryBreakdown(1, 2, 3, 4, 5, 6),
        peak_phase=Phase.BACKWARD,
        kernels=(kernel,),
        batch_bytes=7,
        step_seconds=Missing("no kernel ran"),
    )
    report = DryStepReport(
        device=Device.VIRTUAL,
        paddle_version="3.3.1",
        model=ModelFacts("ResNet", 25, 24, "build_model()", {"Conv2D": 53}),
        optimizer="Momentum",
        measurements=(measurement,),
        trials=(
            CapacityTrial(1 << 34, Precision(), 64, 65, measurement),
            CapacityTrial(1, Precision(), 0, Missing("stopped"), Missing("nothing fits")),
        ),
        assumptions=("the optimizer is taken to be Momentum",),
        seconds=1.5,
        host_peak_bytes=9,
        phases=(PhasePeak("train", 21, 22, 8), PhasePeak("eval", 30, 40, 32, "keeps gradients")),
        peak_at=PeakAt(
            "eval", Phase.FORWARD, "conv1", "conv2d", Missing("of Paddle"), Missing("of Paddle")
        ),
    )
    assert decode_report(json.loads(encode_report(report))) == report


@pytest.mark.parametrize("kind", [BadInput, UserCodeFailed, InternalError])
def test_an_error_arrives_with_its_notes(kind):
    error = kind("what", where="model.py:3", hint="that")
    error.add_note("a traceback")
    line = encode_error(error)
    again = decode_error(json.loads(line)["error"])
    assert line.count(b"\n") == 1
    assert (type(again), str(again), again.__notes__) == (kind, str(error), error.__notes__)
