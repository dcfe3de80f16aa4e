"""The phases of a step, as the engine goes through them."""

import paddle
import pytest

from estimator.drystep.child.phases import watch_phases
from estimator.drystep.measurement import Phase

F, B, UP = Phase.FORWARD, Phase.BACKWARD, Phase.OPTIMIZER
UPDATE = "update"


class Diary:
    """Notes each change of phase, and the gradients alive when an update is announced."""

    def __init__(self, model):
        self.model = model
        self.notes = []
        self.gradients = 0

    def enter(self, phase):
        if self.notes[-1:] != [phase]:
            self.notes.append(phase)

    def before_update(self):
        self.notes.append(UPDATE)
        self.gradients = sum(p.grad is not None for p in self.model.parameters())


@pytest.fixture
def model():
    return paddle.nn.Linear(4, 3)


def watched(model, step):
    diary = Diary(model)
    with watch_phases(model, diary):
        step()
    return diary


def loss_of(model):
    return model(paddle.ones([2, 4])).mean()


def test_an_ordinary_step(model):
    adam = paddle.optimizer.Adam(parameters=model.parameters())

    def step():
        loss_of(model).backward()
        adam.step()
        adam.clear_grad()

    diary = watched(model, step)
    assert diary.notes == [F, B, UPDATE, UP, F]
    assert diary.gradients == 2


def test_gradient_accumulation_and_the_functional_backward(model):
    sgd = paddle.optimizer.SGD(parameters=model.parameters())

    def step():
        loss_of(model).backward()
        paddle.autograd.backward([loss_of(model)])
        sgd.minimize(paddle.zeros([]))

    assert watched(model, step).notes == [F, B, F, B, UPDATE, UP, F]


def test_what_stands_between_backward_and_update_counts_as_backward(model):
    sgd = paddle.optimizer.SGD(parameters=model.parameters())
    seen = []

    def step():
        loss_of(model).backward()
        seen.append(list(diary.notes))
        sgd.step()

    diary = Diary(model)
    with watch_phases(model, diary):
        step()
    assert seen == [[F, B]]


@pytest.mark.filterwarnings("ignore")  # Paddle says that the CPU has no use for a scaler
def test_a_gradient_scaler_is_part_of_the_update(model):
    momentum = paddle.optimizer.Momentum(parameters=model.parameters())
    scaler = paddle.amp.GradScaler()

    def step():
        scaler.scale(loss_of(model)).backward()
        scaler.step(momentum)
        scaler.update()

    assert watched(model, step).notes == [F, B, UPDATE, UP, F]


def test_an_optimizer_that_goes_backward_itself(model):
    lbfgs = paddle.optimizer.LBFGS(max_iter=1, parameters=model.parameters())

    def closure():
        lbfgs.clear_grad()
        loss = loss_of(model)
        loss.backward()
        return loss

    notes = watched(model, lambda: lbfgs.step(closure)).notes
    assert notes[:4] == [F, UPDATE, UP, B]
    assert notes[-1] == F
    assert notes.count(UPDATE) == 1


def test_recomputation_runs_inside_the_backward_pass(model):
    from paddle.distributed.fleet.utils import recompute

    x = paddle.ones([2, 4])
    x.stop_gradient = False
    notes = watched(model, lambda: recompute(model, x).mean().backward()).notes
    assert notes == [F, B]


def test_an_optimizer_of_the_users_own(model):
    class Plain(paddle.optimizer.SGD):
        def step(self):
            super().step()

    plain = Plain(parameters=model.parameters())

    def step():
        loss_of(model).backward()
        plain.step()

    assert watched(model, step).notes == [F, B, UPDATE, UP, F]


def test_everything_is_put_back_even_after_an_error(model):
    before = paddle.optimizer.Adam.step, paddle.base.core.eager.run_backward
    with pytest.raises(ZeroDivisionError), watch_phases(model, Diary(model)):
        raise ZeroDivisionError
    assert (paddle.optimizer.Adam.step, paddle.base.core.eager.run_backward) == before
    assert not model._forward_pre_hooks
