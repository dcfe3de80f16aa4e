"""The virtual GPU itself: what Paddle does on it is what Paddle does on a card of that size."""

from __future__ import annotations

import pytest

from tests.drystep.virtual import on_virtual_gpu

pytestmark = pytest.mark.paddle

MIB = 1 << 20


def test_large_values_are_zero_and_cost_no_memory() -> None:
    told = on_virtual_gpu("""
        from estimator.drystep.child.resident import peak_resident_bytes
        before = peak_resident_bytes()
        x = paddle.randn([64, 1024, 1024, 16])          # 4 GiB
        y = paddle.matmul(x.reshape([-1, 16]), paddle.randn([16, 16]))
        result["loss"] = float(y.mean())
        result["allocated"] = statistics.allocated_bytes()
        result["resident"] = peak_resident_bytes() - before
    """)
    assert told["loss"] == 0.0
    # x and y of 4 GiB each, the weight of 1 KiB and the mean of 256 bytes.
    assert 2 * 4096 * MIB <= told["allocated"] <= 2 * 4096 * MIB + 8192
    assert told["resident"] < 100 * MIB


def test_a_sum_of_large_gradients_stays_off_the_host() -> None:
    """As ``L2Decay`` makes one of each gradient and its decay, in most suites."""
    told = on_virtual_gpu("""
        from estimator.drystep.child.resident import peak_resident_bytes
        before = peak_resident_bytes()
        x = paddle.randn([1024, 1024, 1024])            # 4 GiB
        y = paddle.add_n([x, x, x])
        result["shape"] = y.shape
        result["allocated"] = statistics.allocated_bytes()
        result["resident"] = peak_resident_bytes() - before
        small = paddle.to_tensor([1.0, 2.0])
        result["sum"] = paddle.add_n([small, small + 2.0]).tolist()
    """)
    assert told["shape"] == [1024, 1024, 1024]
    assert told["allocated"] == 2 * 4096 * MIB
    assert told["resident"] < 100 * MIB
    assert told["sum"] == [4.0, 6.0]


def test_a_sparse_gradient_is_summed_with_a_dense_one() -> None:
    told = on_virtual_gpu("""
        table = paddle.nn.Embedding(1000, 64, sparse=True)
        decay = paddle.regularizer.L2Decay(1e-4)
        optimizer = paddle.optimizer.SGD(parameters=table.parameters(), weight_decay=decay)
        for _ in range(2):
            table(paddle.to_tensor([[1, 5, 7]])).mean().backward()
            optimizer.step()
            optimizer.clear_grad()
        result["shape"] = table.weight.shape
    """)
    assert told["shape"] == [1000, 64]


def test_what_is_checked_of_values_that_were_not_computed_holds() -> None:
    """As in the losses of detectors, which assert that predicted boxes are well formed."""
    told = on_virtual_gpu("""
        boxes = paddle.rand([1000, 4])
        result["ordered"] = bool((boxes[:, 2:] >= boxes[:, :2]).all())
        result["finite"] = bool(paddle.isfinite(boxes).all())
        result["odd"] = bool(paddle.isnan(boxes).any())
        numbers = paddle.arange(1000)
        result["small"] = bool((numbers < 999).all())
        result["each"] = (boxes >= 0.5).all(axis=1).shape
    """)
    assert told == {"ordered": True, "finite": True, "odd": False, "small": False, "each": [1000]}


def test_small_and_integer_tensors_are_really_computed() -> None:
    told = on_virtual_gpu("""
        x = paddle.arange(10)
        result["even"] = paddle.nonzero(x % 2 == 0).flatten().tolist()
        result["sum"] = int((x * x).sum())
        mask = paddle.to_tensor([True, False, True, True])
        result["picked"] = paddle.to_tensor([1.5, 2.5, 3.5, 4.5])[mask].tolist()
        values, index = paddle.topk(paddle.to_tensor([3.0, 9.0, 4.0]), 2)
        result["top"] = [values.tolist(), index.tolist()]
        grid = paddle.stack(paddle.meshgrid(paddle.arange(80.0), paddle.arange(80.0)), -1)
        boxes = paddle.concat([grid * 8 - 16, grid * 8 + 16], -1).reshape([-1, 4])
        inside = ((boxes[:, None, :2] >= 0) & (boxes[:, None, 2:] <= 640)).all(-1)
        result["inside"] = int(inside.astype("int64").sum())
        result["unique"] = paddle.unique(paddle.to_tensor([3, 1, 3, 2])).tolist()
    """)
    assert told["even"] == [0, 2, 4, 6, 8]
    assert told["sum"] == 285
    assert told["picked"] == [1.5, 3.5, 4.5]
    assert told["top"] == [[9.0, 4.0], [1, 2]]
    # Cells k with 8k - 16 >= 0 and 8k + 16 <= 640: k = 2 ... 78, 77 of them each way.
    assert told["inside"] == 77 * 77
    assert told["unique"] == [1, 2, 3]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_too(dtype: str) -> None:
    told = on_virtual_gpu(f"""
        x = paddle.to_tensor([1.0, -2.0, 4.0]).astype("{dtype}")
        result["picked"] = x[x > 0].astype("float32").tolist()
        result["dtype"] = str(x.dtype)
    """)
    assert told["picked"] == [1.0, 4.0]
    assert told["dtype"] == f"paddle.{dtype}"


def test_a_small_model_trains_as_on_the_cpu() -> None:
    """Every kernel of a small step is computed, through both in-place and host-side tensors."""
    told = on_virtual_gpu("""
        def trained(device):
            paddle.set_device(device)
            weight = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
            w = paddle.to_tensor(weight, stop_gradient=False)
            x = paddle.to_tensor(weight.T.copy())
            y = paddle.to_tensor(np.array([0, 2, 1]))
            optimizer = paddle.optimizer.Adam(0.1, parameters=[w])
            for _ in range(3):
                loss = paddle.nn.functional.cross_entropy(paddle.matmul(x, w), y)
                loss.backward()
                optimizer.step()
                optimizer.clear_grad()
            return [float(loss), *w.numpy().flatten().tolist()]
        result["virtual"] = trained("virtual_device:0")
        result["cpu"] = trained("cpu")
    """)
    assert told["virtual"] == told["cpu"]


def test_only_small_gradients_are_really_computed() -> None:
    """They decide no shape: 1,024 values of 1/1024 are computed, 65,536 (256 KiB) are not."""
    result = on_virtual_gpu("""
        for count in (1 << 10, 1 << 16):
            x = paddle.ones([count])
            x.stop_gradient = False
            x.mean().backward()
            result[str(count)] = float(x.grad.max())
    """)
    assert result == {"1024": 1 / 1024, "65536": 0.0}


def test_reused_memory_shows_no_stale_bits() -> None:
    told = on_virtual_gpu("""
        noise = paddle.to_tensor(np.full([1 << 20], 3.5e38 / 2, "float32"))
        address = noise.data_ptr()
        del noise
        large = paddle.randn([1 << 20])
        result["reused"] = large.data_ptr() == address
        result["largest"] = float(paddle.abs(large).max())
        result["finite"] = bool(np.isfinite(large.numpy()).all() and (large.numpy() == 0).all())
    """)
    assert told["reused"]
    assert told["largest"] == 0.0
    assert told["finite"]


def test_values_that_came_from_zeros_stay_finite() -> None:
    told = on_virtual_gpu("""
        total = paddle.randn([1 << 20]).sum()
        result["log"] = float(paddle.log(total))
        result["ratio"] = float(total / total)
        result["mask"] = paddle.full([3], float("-inf")).tolist()
    """)
    assert told["log"] == 0.0
    assert told["ratio"] == 0.0
    assert told["mask"] == [float("-inf")] * 3  # no zeros behind it: as on a card


def test_out_of_memory_comes_at_the_capacity() -> None:
    told = on_virtual_gpu("""
        gpu.set_capacity(100 << 20)
        held = [paddle.zeros([10 << 18]) for _ in range(10)]        # ten times 10 MiB
        try:
            paddle.zeros([1])
        except MemoryError as error:
            result["device"] = virtual.is_device_out_of_memory(error)
        held.pop()
        held.append(paddle.zeros([1]))                              # room again
        result["reserved"] = statistics.peak_reserved_bytes()
    """)
    assert told["device"] is True
    assert told["reserved"] == 100 * MIB


def test_the_highest_free_addresses_are_given_first() -> None:
    """As Linux maps memory: Paddle's allocator prefers the lower of two blocks of one size."""
    result = on_virtual_gpu("""
        def block():
            return paddle.empty([1 << 22])  # 16 MiB
        first, second, third = block(), block(), block()
        before = [x.data_ptr() for x in (first, second, third)]
        del second
        core.device_empty_cache()
        again = block()
        result["order"] = [before[0] - before[1], before[1] - before[2]]
        result["again"] = before[0] - again.data_ptr()
    """)
    assert result["order"] == [16 << 20] * 2
    assert result["again"] == 16 << 20


def test_the_device_gives_whole_pages() -> None:
    """Chunks from 1 MiB on have pages of 2 MiB to themselves, smaller ones share them."""
    result = on_virtual_gpu("""
        statistics.restart_reserved_peak()
        def chunk(kib):
            return paddle.empty([kib * 256])
        def told():
            return [statistics.peak_reserved_bytes(), statistics.page_bytes()]
        large = chunk(3 * 1024)  # 3 MiB in two pages
        result["one"] = told()
        small = [chunk(512) for _ in range(4)]  # four halves of a MiB in one page
        result["shared"] = told()
        more = chunk(512)
        result["next"] = told()
        del large, small, more
        statistics.restart_reserved_peak()
        result["gone"] = told()
    """)
    mib = 1 << 20
    assert result["one"] == [3 * mib, 1 * mib]
    assert result["shared"] == [5 * mib, 1 * mib]
    assert result["next"] == [5.5 * mib, 2.5 * mib]
    assert result["gone"] == [0, 0]


def test_idle_chunks_are_returned_before_giving_up() -> None:
    told = on_virtual_gpu("""
        gpu.set_capacity(100 << 20)
        a, b = paddle.zeros([40 << 18]), paddle.zeros([40 << 18])
        del a, b                                                    # cached: two idle chunks
        c = paddle.zeros([90 << 18])                                # fits in neither
        result["allocated"] = statistics.allocated_bytes()
    """)
    assert told["allocated"] == 90 * MIB


def test_a_recording_tells_launches_phases_and_the_peak() -> None:
    told = on_virtual_gpu("""
        from estimator.drystep.measurement import Phase
        weight = paddle.create_parameter([256, 512], "float32")
        x = paddle.randn([128, 256])
        with gpu.recording():
            gpu.set_phase(Phase.FORWARD)
            loss = paddle.matmul(x, weight).mean()
            gpu.set_phase(Phase.BACKWARD)
            loss.backward()
        for use in gpu.record().kernels:
            result[use.name] = [use.phase, [t.shape for t in use.inputs], use.count]
        result["peak_phase"] = gpu.record().peak_phase
    """)
    assert told["matmul"] == ["forward", [[128, 256], [256, 512]], 1]
    assert told["matmul_grad"][0] == "backward"
    assert told["peak_phase"] == "backward"


def test_mixed_precision_takes_half_the_activations() -> None:
    told = on_virtual_gpu("""
        for dtype in ("float16", "bfloat16"):
            with paddle.amp.auto_cast(dtype=dtype):
                y = paddle.matmul(paddle.randn([8, 8]), paddle.randn([8, 8]))
            result[dtype] = str(y.dtype)
        scaler = paddle.amp.GradScaler(init_loss_scaling=1024.0)
        layer = paddle.nn.Linear(512, 512)
        optimizer = paddle.optimizer.SGD(parameters=layer.parameters())
        for _ in range(3):
            with paddle.amp.auto_cast(dtype="float16"):
                loss = layer(paddle.randn([4, 512])).mean()
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            optimizer.clear_grad()
        result["scale"] = scaler._scale.tolist()
    """)
    assert told["float16"] == "paddle.float16"
    assert told["bfloat16"] == "paddle.bfloat16"
    assert told["scale"] == [1024.0]  # no gradient overflowed


def test_recurrent_layers_share_one_block_of_weights() -> None:
    told = on_virtual_gpu("""
        layer = paddle.nn.LSTM(64, 128, num_layers=2)
        result["allocated"] = statistics.allocated_bytes()
        result["weights"] = sum(p.size for p in layer.parameters()) * 4
    """)
    assert told["weights"] <= told["allocated"] <= 1.01 * told["weights"]


def test_a_saved_program_runs_forward_and_backward() -> None:
    """The executor calls kernels by their other convention."""
    told = on_virtual_gpu("""
        import tempfile
        nn = paddle.nn
        net = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))
        with tempfile.TemporaryDirectory() as folder:
            spec = [paddle.static.InputSpec([None, 16], "float32")]
            paddle.jit.save(net, folder + "/net", input_spec=spec)
            loaded = paddle.jit.load(folder + "/net")
        loaded.train()
        out = loaded(paddle.randn([8, 16]))
        out.mean().backward()
        result["shape"] = out.shape
        result["gradients"] = sum(p.grad is not None for p in loaded.parameters())
    """)
    assert told["shape"] == [8, 4]
    assert told["gradients"] == 4


def test_copies_to_the_device_begin_no_thread():
    told = on_virtual_gpu("""
        import threading

        def next_thread():
            thread = threading.Thread(target=int)
            thread.start()
            return thread.native_id

        before = next_thread()
        for _ in range(2000):
            paddle.arange(3)  # copies its three bounds
        result["begun"] = next_thread() - before
    """)
    # Other processes take numbers too, but not as many as there were copies.
    assert 0 < told["begun"] < 2000


def test_large_waves_are_not_computed():
    told = on_virtual_gpu("""
        small, large = (paddle.ones([size]) for size in (8, 1 << 20))
        result["small"] = small.cos()[:1].tolist()
        result["large"] = large.cos()[:1].tolist()
        result["mean"] = large[:1].tolist()
    """)
    assert told["small"] == pytest.approx([0.5403], abs=1e-4)
    assert (told["large"], told["mean"]) == ([0.0], [1.0])
