"""Training steps of all kinds of model files, really computed on the CPU."""

import textwrap
from pathlib import Path

import numpy as np
import paddle
import pytest
from paddle.base import core

from estimator.drystep.child.batches import tensors_in
from estimator.drystep.child.model_file import Program
from estimator.drystep.child.training import build_training
from estimator.drystep.measurement import Precision
from estimator.errors import BadInput, UserCodeFailed
from estimator.workload.types import TensorRequest, Workload

MODELS = Path(__file__).parent / "models"


def training_of(path, precision=Precision(), **workload):  # noqa: B008
    return build_training(Program(path, {}), Workload(path, **workload), precision)


@pytest.fixture
def made(tmp_path):
    """A training of the given source."""

    def make(source, precision=Precision(), **workload):  # noqa: B008
        path = tmp_path / "net.py"
        path.write_text("import numpy as np\nimport paddle\n" + textwrap.dedent(source))
        return training_of(path, precision, **workload)

    return make


def weights(training):
    return [p.numpy().copy() for p in training.model.parameters()]


def moved(training, batch_size=3):
    """Whether a step changes the weights."""
    before = weights(training)
    training.step(training.make_batch(batch_size))
    return any((a != b).any() for a, b in zip(before, weights(training), strict=True))


def test_a_file_that_defines_everything():
    training = training_of(MODELS / "tiny.py")
    assert training.model.training
    assert moved(training)
    assert (training.optimizer_name, training.assumptions) == ("SGD", ())


def test_a_step_is_forward_backward_update_clear(made):
    # loss = mean of w * 2 with w = 1, so the gradient is 2 and w becomes 1 - 0.5 * 2 = 0
    training = made(
        """
        class Net(paddle.nn.Layer):
            def __init__(self):
                super().__init__()
                one = paddle.nn.initializer.Constant(1.0)
                self.w = self.create_parameter([1], default_initializer=one)

            def forward(self, x):
                return self.w * x

        def example_batch(batch_size):
            return paddle.full([batch_size, 1], 2.0), None

        def loss_fn(outputs, labels):
            return outputs.mean()

        def build_optimizer(parameters):
            return paddle.optimizer.SGD(0.5, parameters=parameters)
        """
    )
    training.step(training.make_batch(4))
    (w,) = training.model.parameters()
    assert w.numpy() == 0.0
    assert w.grad.numpy() == 0.0


def test_facts_of_the_model():
    facts = training_of(MODELS / "tiny.py").facts()
    # (4 + 1) * 8 + (8 + 1) * 3
    assert (facts.name, facts.parameters, facts.trainable_parameters) == ("tiny", 67, 67)
    assert facts.source == "build_model() of tiny.py"
    assert facts.layer_types == {"Sequential": 1, "Linear": 2, "ReLU": 1}
    assert training_of(MODELS / "layer_only.py").facts().name == "Classifier"


def test_bytes_of_a_batch():
    training = training_of(MODELS / "tiny.py")
    # 5 samples of 4 float32 and of one int64
    assert training.batch_bytes(training.make_batch(5)) == 5 * 4 * 4 + 5 * 8


def test_a_step_of_the_users_own():
    training = training_of(MODELS / "own_step.py", Precision("O1", "bfloat16"))
    assert training.make_batch(2)["features"].shape == [2, 4]
    assert moved(training)
    assert training.assumptions == (
        "train_step sets its own precision; amp-O1-bfloat16 is not applied",
        "the optimizer is taken to be AdamW, because the network is not purely convolutional",
    )


def test_a_prepared_model_brings_inputs_labels_loss_and_optimizer():
    training = training_of(MODELS / "prepared.py")
    inputs, labels = training.make_batch(3)
    assert (inputs.shape, labels.shape, labels.dtype) == ([3, 4], [3, 1], paddle.int64)
    assert moved(training)
    assert (training.optimizer_name, training.assumptions) == ("Adam", ())


def test_flags_make_the_batch():
    training = training_of(
        MODELS / "layer_only.py",
        inputs=(TensorRequest((7, 4), "float32"),),
        labels=(TensorRequest((7,), "int64", 3),),
    )
    inputs, labels = training.make_batch(2)
    assert (inputs.shape, labels.shape) == ([2, 7, 4], [2, 7])
    assert 0 <= int(labels.min()) <= int(labels.max()) < 3
    assert moved(training)


def test_flags_that_are_not_used_are_said():
    training = training_of(MODELS / "tiny.py", inputs=(TensorRequest((9,), "float32"),))
    assert training.make_batch(2)[0].shape == [2, 4]
    assert "--input and --label are not used" in training.assumptions[0]


@pytest.mark.parametrize(
    ("dtype", "made_dtype"),
    [("float16", "float16"), ("bfloat16", "bfloat16"), ("float64", "float64"), ("int32", "int32")],
)
def test_tensors_of_every_kind(dtype, made_dtype):
    training = training_of(MODELS / "layer_only.py", inputs=(TensorRequest((), dtype, None),))
    inputs, labels = training.make_batch(3)
    assert (inputs.shape, str(inputs.dtype), labels) == ([3], f"paddle.{made_dtype}", None)


@pytest.mark.parametrize(
    ("layer", "shape", "dtype", "optimizer"),
    [
        ("Conv2D(3, 2, 224)", [2, 3, 224, 224], "float32", "Momentum"),
        ("Embedding(11, 4)", [2, 512], "int64", "AdamW"),
        ("Linear(5, 4)", [2, 5], "float32", "AdamW"),
    ],
)
def test_a_guess_from_the_first_layer_is_said(made, layer, shape, dtype, optimizer):
    training = made(f"net = paddle.nn.{layer}")
    inputs, _ = training.make_batch(2)
    assert (inputs.shape, str(inputs.dtype)) == (shape, f"paddle.{dtype}")
    assert moved(training, 2)
    guess = f"{'x'.join(map(str, shape[1:]))}:{dtype}"
    kind = layer.partition("(")[0]
    first, second, *_ = training.assumptions
    assert first == f"the input is taken to be {guess}, because the first layer is a {kind}"
    assert second.startswith(f"the optimizer is taken to be {optimizer}, because")


@pytest.mark.parametrize(
    ("forward", "labels", "words"),
    [
        ("y", "None", "labels are taken to be classes"),
        ("y", "paddle.zeros([b, 1], 'int64')", "cross entropy"),
        ("y.reshape([b, 3, 2, 1])", "paddle.zeros([b, 2, 1], 'int64')", "cross entropy"),
        ("y.reshape([b, 3, 2, 1])", "None", "mean of the output"),
        ("y", "paddle.zeros([b, 6])", "mean squared error"),
        ("y.sum()", "None", "output is taken to be the loss"),
        ("(y, [y * 2])", "paddle.zeros([b], 'int64')", "cross entropy"),
        ("{'scores': y, 'ids': y.argmax(-1)}", "paddle.zeros([b], 'int64')", "cross entropy"),
    ],
)
def test_the_default_loss_follows_outputs_and_labels(made, forward, labels, words):
    training = made(
        f"""
        class Net(paddle.nn.Linear):
            def __init__(self):
                super().__init__(4, 6)

            def forward(self, x):
                b = x.shape[0]
                y = super().forward(x)
                return {forward}

        def example_batch(b):
            return paddle.randn([b, 4]), {labels}
        """
    )
    assert moved(training)
    assert any(words in sentence for sentence in training.assumptions)


def test_inputs_may_be_nested_and_numpy(made):
    training = made(
        """
        class Net(paddle.nn.Linear):
            def __init__(self):
                super().__init__(4, 3)

            def forward(self, x, mask, scale=1):
                return super().forward(x * mask["keep"][0]) * scale

        def example_batch(batch_size):
            x = np.ones([batch_size, 4], "float32")
            return {"x": x, "mask": {"keep": [x]}, "scale": 2}, np.zeros([batch_size], "int64")
        """
    )
    batch = training.make_batch(2)
    assert [tuple(t.shape) for t in tensors_in(batch)] == [(2, 4), (2, 4), (2,)]
    assert moved(training)


@pytest.mark.parametrize(
    ("signature", "given"),
    [("parameters", "parameters"), ("model", "model.parameters()"), ("", "net.parameters()")],
)
def test_what_build_optimizer_is_given(made, signature, given):
    training = made(
        f"""
        net = paddle.nn.Linear(4, 3)

        def build_optimizer({signature}):
            return paddle.optimizer.Lamb(0.1, parameters={given})
        """
    )
    assert training.optimizer_name == "Lamb"
    assert moved(training)


@pytest.mark.parametrize("level", ["O1", "O2"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.filterwarnings("ignore")  # Paddle says that the CPU has no use for AMP
def test_mixed_precision_steps(level, dtype):
    # On the CPU Paddle computes in float32 all the same; on a device see tests of the virtual GPU.
    assert moved(training_of(MODELS / "tiny.py", Precision(level, dtype)))


@pytest.mark.parametrize("name", ["tiny.py", "prepared.py", "own_step.py", "layer_only.py"])
def test_a_renewed_training_starts_with_as_much_memory_as_a_new_one(name):
    training = training_of(MODELS / name)
    batch = training.make_batch(2)
    training.step(batch)  # makes what is kept for ever, such as default labels
    training.renewed()
    before = core.host_memory_stat_current_value("Allocated", 0)
    training.step(batch)
    assert core.host_memory_stat_current_value("Allocated", 0) > before
    assert training.renewed() is training
    assert core.host_memory_stat_current_value("Allocated", 0) == before
    assert moved(training)


def test_an_optimizer_that_the_file_hands_out_twice_survives_renewal(made):
    training = made(
        """
        net = paddle.nn.Linear(4, 3)
        adam = paddle.optimizer.Adam(parameters=net.parameters())

        def build_optimizer():
            return adam
        """
    )
    assert moved(training.renewed())


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("net = paddle.nn.ReLU()", "nothing says what ReLU.forward takes"),
        ("net = paddle.nn.LSTM(4, 4)", "nothing says what LSTM.forward takes"),
        ((MODELS / "bad/two_inputs.py").read_text(), "Net.forward takes source, target, and"),
    ],
)
def test_inputs_that_cannot_be_guessed_name_the_flag(made, source, words):
    with pytest.raises(BadInput, match=words) as caught:
        made(source)
    assert "--input 3x224x224:float32" in caught.value.hint
    assert caught.value.where.endswith("net.py")


def test_an_open_input_spec_names_the_flag(made):
    with pytest.raises(BadInput, match=r"'x' leaves the shape \[-1, 3, -1\] open") as caught:
        made(
            """
            spec = paddle.static.InputSpec([None, 3, None], "float32", "x")
            model = paddle.Model(paddle.nn.Linear(4, 3), spec)
            """
        )
    assert caught.value.hint == "--input SHAPE:float32"


def test_a_model_without_parameters(made):
    with pytest.raises(BadInput, match="no parameters to train"):
        made("net = paddle.nn.ReLU()", inputs=(TensorRequest((4,), "float32"),))


@pytest.mark.parametrize("batch", ["x", "x, x, x", "{'x': x}"])
def test_a_batch_that_is_no_pair(made, batch):
    training = made(
        f"""
        net = paddle.nn.Linear(4, 3)

        def example_batch(batch_size):
            x = paddle.ones([batch_size, 4])
            return {batch}
        """
    )
    with pytest.raises(BadInput, match=r"must return \(inputs, labels\), not") as caught:
        training.make_batch(2)
    assert caught.value.where.endswith("net.py:6")


def test_a_batch_of_another_size_is_said(made):
    training = made(
        """
        net = paddle.nn.Linear(4, 3)

        def example_batch(batch_size):
            return paddle.ones([16, 4]), None
        """
    )
    training.make_batch(2)
    assert "example_batch(2) made no tensor whose first size is 2" in training.assumptions[-1]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def loss_fn(outputs, labels): return 3.0", "TypeError: the loss is a float"),
        ("def loss_fn(outputs): return outputs.mean()", "TypeError: loss_fn"),
        ("def loss_fn(outputs, labels): return outputs.backward()", "NoneType, not a tensor"),
    ],
)
def test_a_loss_that_is_none(made, source, words):
    training = made(f"net = paddle.nn.Linear(4, 3)\n{source}\n")
    with pytest.raises(UserCodeFailed, match=words):
        training.step(training.make_batch(2))


def test_a_build_optimizer_that_returns_something_else(made):
    with pytest.raises(BadInput, match="must return an optimizer, not a NoneType"):
        made("net = paddle.nn.Linear(4, 3)\ndef build_optimizer(parameters): pass\n")


def test_wrong_shapes_are_one_line_without_paddles_c_plus_plus():
    training = training_of(MODELS / "bad/wrong_shapes.py")
    with pytest.raises(UserCodeFailed) as caught:
        training.step(training.make_batch(2))
    assert caught.value.what.startswith("ValueError: (InvalidArgument) In operator matmul")
    assert "Hint" not in caught.value.what
    assert "binary.cc" not in caught.value.what
    assert caught.value.where.endswith("wrong_shapes.py")


def test_a_guess_that_does_not_fit_is_a_hint():
    training = training_of(MODELS / "bad/forward_raises.py")
    with pytest.raises(UserCodeFailed, match="RuntimeError: no way forward") as caught:
        training.step(training.make_batch(2))
    assert caught.value.hint == "--input SHAPE:DTYPE if 4:float32, which is a guess, does not fit"


def test_running_out_of_memory_is_for_the_caller_to_judge(made):
    training = made(
        """
        net = paddle.nn.Linear(4, 3)

        def example_batch(batch_size):
            raise MemoryError("too big")
        """
    )
    with pytest.raises(MemoryError, match="too big"):
        training.make_batch(np.iinfo(np.int32).max)
