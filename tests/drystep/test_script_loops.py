"""Training loops that are not one batch, one backward pass and one update of one optimizer."""

from __future__ import annotations

import pytest

from estimator.errors import BadInput
from estimator.units import MIB
from tests.drystep.test_script import watched
from tests.drystep.virtual import on_virtual_gpu

pytestmark = pytest.mark.paddle

DATA = """
import numpy, paddle

class Rows(paddle.io.Dataset):
    def __len__(self):
        return 4096

    def __getitem__(self, index):
        return numpy.zeros([256], "float32")

def rows(batch_size=16):
    return paddle.io.DataLoader(Rows(), batch_size=batch_size)

def adam(net):
    return paddle.optimizer.Adam(parameters=net.parameters())
"""


@pytest.fixture
def run(tmp_path):
    def written(loop: str, **options):
        (tmp_path / "train.py").write_text(DATA + loop)
        return watched(f"python {tmp_path}/train.py", **options)

    return written


ACCUMULATING = """
net = paddle.nn.Linear(256, 8)
optimizer = adam(net)
for count, batch in enumerate(rows()):
    (net(batch).mean() / 4).backward()
    if count % 4 == 3:
        optimizer.step()
        optimizer.clear_grad()
"""


def test_an_update_of_several_batches(run):
    report = run(ACCUMULATING)
    (asked,) = report.measurements
    assert (asked.per_device_batch_size, asked.batches, asked.samples) == (16, 4, 64)
    assert any("made of 4 batches" in said for said in report.assumptions)
    # Four backward passes of one layer: each has a matrix product for the weight's gradient.
    passes = [use.count for use in asked.kernels if use.name == "linear_v2_grad"]
    assert sum(passes) == 4


TWO_NETWORKS = """
maker, judge = paddle.nn.Linear(256, 256), paddle.nn.Linear(256, 1)
of_maker, of_judge = adam(maker), adam(judge)
for batch in rows():
    made = maker(batch)
    judge(made.detach()).mean().backward()
    judge(batch).mean().backward()
    of_judge.step()
    of_judge.clear_grad()
    judge(made).mean().backward()
    of_maker.step()
    of_maker.clear_grad()
"""


def test_two_optimizers_on_one_batch_accumulate_nothing(run):
    report = run(TWO_NETWORKS)
    assert report.measurements[0].batches == 1
    assert not any("batches" in said for said in report.assumptions if "made of" in said)


SELDOM = """
maker, judge = paddle.nn.Linear(256, 4096), paddle.nn.Linear(4096, 1)
of_maker, of_judge = adam(maker), adam(judge)
for count, batch in enumerate(rows()):
    made = maker(batch)
    judge(made.detach()).mean().backward()
    of_judge.step()
    of_judge.clear_grad()
    if count % 5 == 4:
        judge(made).mean().backward()
        of_maker.step()
        of_maker.clear_grad()
"""


def test_an_optimizer_that_updates_after_several_of_another(run):
    """The steady step is from one update of the slower optimizer to the next."""
    report = run(SELDOM)
    (asked,) = report.measurements
    assert asked.batches == 5
    # Adam keeps two moments as large as the parameters, of both networks.
    parameters = 4 * (256 * 4096 + 4096 + 4096 + 1)
    assert asked.breakdown.optimizer_state >= 2 * parameters
    assert report.optimizer == "Adam"


NEVER = """
net, other = paddle.nn.Linear(256, 8), paddle.nn.Linear(256, 8)
optimizer, unused = adam(net), adam(other)
for batch in rows():
    net(batch).mean().backward()
    optimizer.step()
"""


def test_an_optimizer_that_is_not_used_is_told(run):
    report = run(NEVER)
    assert report.measurements[0].batches == 1
    assert any("did no update in 20 steps" in said for said in report.assumptions)


A_LOADER_EACH_EPOCH = """
net = paddle.nn.Linear(256, 8)
optimizer = adam(net)
for epoch in range(20):
    for batch in rows(2048):
        net(batch).mean().backward()
        optimizer.step()
        optimizer.clear_grad()
"""


def test_a_new_loader_of_every_epoch_is_no_evaluation(run):
    report = run(A_LOADER_EACH_EPOCH)
    assert [phase.name for phase in report.phases] == ["train_first", "train"]
    assert any("no evaluation was seen" in said for said in report.assumptions)


TWO_LOADERS = """
net = paddle.nn.Linear(256, 8)
optimizer = adam(net)
for known, unknown in zip(rows(), rows(32)):
    pass_of = net(known).mean()
    break
many, few = iter(rows(32)), iter(rows())
for step in range(100):
    loss = net(next(many)).mean()
    loss = loss + net(next(few)).mean()
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
"""


def test_two_loaders_that_train_together_are_no_evaluation(run):
    report = run(TWO_LOADERS)
    assert [phase.name for phase in report.phases] == ["train_first", "train"]
    assert report.measurements[0].batches == 1


def test_a_script_on_the_cpu_is_told_so(run):
    with pytest.raises(BadInput, match="trains on the CPU") as told:
        run('paddle.set_device("cpu")' + ACCUMULATING)
    assert "--device gpu" in told.value.hint


STATIC = """
paddle.enable_static()
row = paddle.static.data("row", [None, 256])
loss = paddle.nn.Linear(256, 8)(row).mean()
paddle.optimizer.Adam().minimize(loss)
executor = paddle.static.Executor()
executor.run(paddle.static.default_startup_program())
while True:
    executor.run(feed={"row": numpy.zeros([4, 256], "float32")}, fetch_list=[loss])
"""


def test_a_static_graph_is_told_so(run):
    with pytest.raises(BadInput, match="static graph") as told:
        run(STATIC)
    assert "dynamic graph" in told.value.hint


def test_a_static_graph_that_cannot_be_built_is_told_so(run):
    with pytest.raises(BadInput, match="static graph"):
        run("paddle.enable_static()\nraise ValueError")


SPARSE = """
table = paddle.nn.Embedding(1000, 16, sparse=True)
optimizer = adam(table)
for batch in rows():
    table(batch.astype("int64")).mean().backward()
    optimizer.step()
    optimizer.clear_grad()
"""


def test_sparse_gradients_are_told(run):
    assert any("layers with sparse gradients: 1" in said for said in run(SPARSE).assumptions)


EVEN = """
net = paddle.nn.Linear(256, 1024)
optimizer = adam(net)
for batch in rows(2):
    assert batch.shape[0] % 2 == 0, "Batch size should be even"
    net(batch).mean().backward()
    optimizer.step()
"""


def test_a_batch_size_that_the_script_refuses_is_left_out(run):
    report = run(EVEN, capacities=(16 * MIB,))
    (trial,) = report.trials
    assert trial.max_per_device_batch_size % 2 == 0 < trial.max_per_device_batch_size
    assert trial.max_per_device_batch_size < 4096
    assert any("Batch size should be even" in said for said in report.assumptions)


POINTS = """
net = paddle.nn.Linear(2, 8)
optimizer = adam(net)
for step in range(100):
    within, border = net(paddle.rand([400, 2])), net(paddle.rand([20, 2]))
    (within.mean() + border.mean()).backward()
    optimizer.step()
    optimizer.clear_grad()
"""


def test_without_a_loader_the_largest_inputs_are_the_batch(run):
    assert run(POINTS).measurements[0].per_device_batch_size == 400


def test_parameters_that_sharding_has_released_are_nowhere():
    """Stage 3 gives the bytes of a parameter back after its use."""
    told = on_virtual_gpu("""
        from estimator.drystep.child.script.model_seen import ModelSeen
        seen, net = ModelSeen(), paddle.nn.Linear(4, 4)
        seen.called(net)
        net.weight._clear_data()
        result["some"] = seen.is_on_the_cpu
        net.bias._clear_data()
        result["all"] = seen.is_on_the_cpu
    """)
    assert told == {"some": False, "all": False}
