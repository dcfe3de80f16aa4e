"""The virtual GPU as a CUDA device: what a script, and Paddle's own Python, may ask of one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drystep.virtual import on_virtual_gpu

pytestmark = pytest.mark.paddle

_PRETEND = """
from estimator.drystep.child.cuda.pretend import pretend_cuda
from estimator.drystep.request import CudaCard
pretend_cuda(CudaCard("NVIDIA A100-SXM4-80GB", (8, 0), 80 << 30, 108))
"""


def pretending(code: str) -> dict[str, Any]:
    lines = [line.removeprefix(" " * 8) for line in code.splitlines()]
    return on_virtual_gpu(_PRETEND + "\n".join(lines))


def test_the_device_is_gpu_0() -> None:
    told = pretending("""
        result["default"] = paddle.get_device()
        result["set"] = [str(paddle.set_device(name)) for name in ("gpu", "gpu:0")]
        result["compiled"] = paddle.is_compiled_with_cuda()
        result["counts"] = [paddle.device.cuda.device_count(), core.get_cuda_device_count()]
        result["types"] = paddle.device.get_all_device_type()
        paddle.set_device("cpu")
        result["cpu"] = paddle.get_device()
        try:
            paddle.set_device("gpu:3")
        except ValueError as error:
            result["third"] = str(error)
    """)
    assert told["default"] == "gpu:0"
    assert told["set"] == ["Place(gpu:0)"] * 2
    assert told["compiled"] is True
    assert told["counts"] == [1, 1]
    assert told["types"] == ["cpu", "gpu"]
    assert told["cpu"] == "cpu"
    assert "GPU number on your machine is 1" in told["third"]


def test_tensors_and_places() -> None:
    told = pretending("""
        x = paddle.ones([2])
        places = [x.place, x.cpu().cuda().place, x.cpu().cuda(0).place, x.cpu().to("gpu:0").place,
                  paddle.to_tensor([1], place=paddle.CUDAPlace(0)).place,
                  paddle.to_tensor([1], place="gpu:0").place]
        result["gpu"] = [str(place) for place in places]
        result["cpu"] = str(paddle.to_tensor([1], place=paddle.CPUPlace()).place)
        result["pinned"] = paddle.to_tensor([7], place=paddle.CUDAPinnedPlace()).tolist()
        result["pin"] = x.pin_memory().tolist()
        result["equal"] = [x.place == paddle.CUDAPlace(0), x.place._equals(paddle.CUDAPlace(0))]
        result["kinds"] = [
            isinstance(paddle.CUDAPlace(0), paddle.CUDAPlace),
            isinstance(paddle.CPUPlace(), paddle.CUDAPlace),
            x.place.is_gpu_place(), x.cpu().place.is_gpu_place(), x.is_cuda,
        ]
        result["shown"] = "place=Place(gpu:0)" in repr(x)
    """)
    assert told["gpu"] == ["Place(gpu:0)"] * 6
    assert told["cpu"] == "Place(cpu)"
    assert told["pinned"] == [7]
    assert told["pin"] == [1.0, 1.0]
    assert told["equal"] == [True, True]
    assert told["kinds"] == [True, False, True, False, True]
    assert told["shown"]


def test_the_card_and_its_memory() -> None:
    told = pretending("""
        cuda = paddle.device.cuda
        x = paddle.ones([1024, 256])
        result["name"] = cuda.get_device_name()
        result["capability"] = cuda.get_device_capability()
        result["total"] = cuda.get_device_properties("gpu:0").total_memory
        result["allocated"] = [cuda.memory_allocated(), paddle.device.memory_allocated("gpu:0")]
        result["peaks"] = [cuda.max_memory_allocated(), paddle.device.max_memory_reserved()]
        del x
        cuda.empty_cache()
        result["reserved"] = cuda.memory_reserved(paddle.CUDAPlace(0))
        result["versions"] = [paddle.version.cuda(), paddle.device.get_cudnn_version()]
    """)
    assert told["name"] == "NVIDIA A100-SXM4-80GB"
    assert told["capability"] == [8, 0]
    assert told["total"] == 80 << 30
    assert told["allocated"] == [1 << 20] * 2  # 1024 x 256 x 4 bytes
    assert told["peaks"] == [1 << 20] * 2
    assert told["reserved"] == 0
    assert told["versions"] == ["12.6", 90501]


def test_streams_events_seeds_and_flags() -> None:
    told = pretending("""
        from paddle.device import cuda
        for room in (paddle.device, cuda):
            stream, event = room.Stream(), room.Event(enable_timing=True)
            event.record()
            stream.wait_event(event)
            stream.synchronize()
        later = cuda.Event()
        later.record()
        result["elapsed"] = event.elapsed_time(later)
        with paddle.device.stream_guard(paddle.device.Stream()):
            result["sum"] = float((paddle.ones([2]) + 1).sum())
        cuda.synchronize()
        paddle.device.synchronize()
        paddle.seed(3)
        paddle.set_rng_state(paddle.get_rng_state())
        paddle.set_cuda_rng_state(paddle.get_cuda_rng_state())
        paddle.set_flags({"FLAGS_cudnn_exhaustive_search": True, "FLAGS_benchmark": True})
        result["flags"] = paddle.get_flags(
            ["FLAGS_cudnn_exhaustive_search", "FLAGS_benchmark", "FLAGS_cudnn_deterministic"])
        try:
            paddle.get_flags("FLAGS_nobody_has_this")
        except ValueError as error:
            result["unknown"] = str(error)
    """)
    assert 0 <= told["elapsed"] < 10_000
    assert told["sum"] == 4.0
    assert told["flags"] == {
        "FLAGS_cudnn_exhaustive_search": True,
        "FLAGS_benchmark": True,
        "FLAGS_cudnn_deterministic": False,
    }
    assert "FLAGS_nobody_has_this" in told["unknown"]


def test_paddles_own_checks_and_distributed_code() -> None:
    told = pretending("""
        import contextlib, io
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            paddle.utils.run_check()
            paddle.disable_static()
        result["check"] = "works well on 1 GPU" in said.getvalue()
        paddle.distributed.init_parallel_env()
        from paddle.distributed import fleet
        fleet.init(is_collective=True)
        net = paddle.DataParallel(paddle.nn.Linear(4, 4))
        optimizer = fleet.distributed_optimizer(
            paddle.optimizer.AdamW(parameters=net.parameters()))
        net(paddle.ones([2, 4])).sum().backward()
        optimizer.step()
        result["world"] = paddle.distributed.get_world_size()
        result["device"] = paddle.distributed.ParallelEnv().device_id
    """)
    assert told == {"check": True, "world": 1, "device": 0}


def test_mixed_precision_is_that_of_the_card() -> None:
    told = pretending("""
        x = paddle.ones([8, 8])
        result["dtypes"] = []
        for dtype in ("float16", "bfloat16"):
            with paddle.amp.auto_cast(level="O1", dtype=dtype):
                result["dtypes"].append(str(paddle.matmul(x, x).dtype))
        result["supported"] = [paddle.amp.is_float16_supported(),
                               paddle.amp.is_bfloat16_supported()]
    """)
    assert told["dtypes"] == ["paddle.float16", "paddle.bfloat16"]
    assert told["supported"] == [True, True]


def test_workers_of_a_data_loader_live() -> None:
    told = pretending("""
        class Data(paddle.io.Dataset):
            def __len__(self):
                return 12
            def __getitem__(self, index):
                return np.full([3], index, "float32"), index
        loader = paddle.io.DataLoader(Data(), batch_size=4, num_workers=2)
        batches = list(loader)
        result["labels"] = [batch[1].tolist() for batch in batches]
        result["places"] = [str(batch[0].place) for batch in batches]
    """)
    assert told["labels"] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert told["places"] == ["Place(gpu:0)"] * 3


def test_a_factor_is_kept_only_where_its_partner_needs_a_gradient() -> None:
    told = on_virtual_gpu("""
        import gc
        from estimator.drystep.child.cuda.pretend import pretend_cuda
        from estimator.drystep.request import CudaCard

        def kept():
            x, mask = paddle.randn([1024, 1024]), paddle.randn([1024, 1024])
            x.stop_gradient, mask.stop_gradient = False, True
            scaled = x * 2.0
            before = statistics.allocated_bytes()
            product = scaled * mask
            del scaled
            gc.collect()
            return statistics.allocated_bytes() - before

        result["as_the_cpu"] = kept()
        pretend_cuda(CudaCard("a card", (8, 0), 80 << 30, 108))
        result["as_a_gpu"] = kept()
    """)
    # The product is new, 4 MiB; the factor goes where nothing needs it.
    assert told == {"as_the_cpu": 4 << 20, "as_a_gpu": 0}
