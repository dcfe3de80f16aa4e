"""Finding the model and the functions of a file, and handing options to them."""

import pickle
import sys
import textwrap
from pathlib import Path

import paddle
import pytest

from estimator.drystep.child.model_file import MODULE_NAME, Program
from estimator.errors import BadInput, UserCodeFailed

MODELS = Path(__file__).parent / "models"


def run(source, options=None):
    """Run a fixture by its name."""
    return Program(MODELS / source, options or {}).run()


def refused(source, kind=BadInput, options=None):
    with pytest.raises(kind) as caught:
        run(source, options)
    assert "\n" not in caught.value.what
    return caught.value


@pytest.fixture
def written(tmp_path):
    def write(source):
        path = tmp_path / "net.py"
        path.write_text("import paddle\n" + textwrap.dedent(source))
        return path

    return write


def test_all_functions_of_a_file():
    file = run("tiny.py")
    assert file.source == "build_model()"
    assert isinstance(file.new_model(), paddle.nn.Sequential)
    assert file.example_batch(5)[0].shape == (5, 4)
    assert file.train_step is None


def test_the_only_class_is_the_model():
    file = run("layer_only.py")
    assert file.source == "class Classifier"
    assert type(file.new_model()).__name__ == "Classifier"


def test_a_module_level_layer_is_the_model():
    assert isinstance(run("own_step.py").new_model(), paddle.nn.Linear)


def test_a_paddle_model_comes_before_the_network_inside():
    file = run("prepared.py")
    assert file.source == "model"
    assert isinstance(file.new_model(), paddle.Model)


def test_a_layer_comes_before_classes_and_losses(written):
    path = written(
        """
        class Block(paddle.nn.Linear):
            def __init__(self):
                super().__init__(2, 2)

        criterion = paddle.nn.CrossEntropyLoss()
        block = Block()
        net = same = paddle.nn.Sequential(block)
        """
    )
    assert Program(path, {}).run().source == "net"


def test_imported_classes_are_no_candidates(written):
    path = written(
        """
        from paddle.nn import ReLU

        class Net(ReLU):
            pass
        """
    )
    assert Program(path, {}).run().source == "class Net"


def test_each_run_starts_afresh():
    program = Program(MODELS / "own_step.py", {})
    first, second = program.run().new_model(), program.run().new_model()
    assert first is not second


def test_objects_of_the_file_can_be_pickled(written):
    path = written(
        """
        import dataclasses

        @dataclasses.dataclass
        class Config:
            width: int = 8

        net = paddle.nn.Linear(2, 2)
        """
    )
    Program(path, {}).run()
    config = sys.modules[MODULE_NAME].Config(3)
    assert pickle.loads(pickle.dumps(config)) == config


def test_no_bytecode_is_needed_for_any_suffix(tmp_path):
    path = tmp_path / "model.txt"
    path.write_text("import paddle\nnet = paddle.nn.Linear(2, 2)\n")
    assert Program(path, {}).run().source == "net"


def test_options_go_where_their_names_are():
    file = run("tiny.py", {"width": 16, "features": 6, "lr": 0.5})
    assert file.build_model.options == {"width": 16}
    assert file.example_batch(2)[0].shape == (2, 6)
    assert file.build_optimizer.options == {"lr": 0.5}
    assert file.new_model()[0].weight.shape == [4, 16]


def test_options_reach_the_constructor_of_a_class():
    assert run("layer_only.py", {"classes": 7}).new_model().head.weight.shape == [8, 7]
    file = run("bad/needs_arguments.py", {"features": 2, "classes": 3})
    assert file.new_model().weight.shape == [2, 3]


def test_other_options_go_to_keyword_arguments(written):
    path = written(
        """
        def build_model(**config):
            assert config == {"depth": 50}
            return paddle.nn.Linear(2, 2)

        def example_batch(batch_size, length=4):
            return paddle.ones([batch_size, length]), None

        loss_fn = paddle.nn.CrossEntropyLoss()
        """
    )
    file = Program(path, {"depth": 50, "length": 2}).run()
    file.new_model()
    assert file.loss_fn.options == {}


def test_an_unknown_option_has_the_nearest_name():
    error = refused("tiny.py", options={"widht": 3})
    assert (error.where, error.hint) == ("-o", "-o width=VALUE")
    assert "'widht'" in error.what


def test_an_unknown_option_without_a_near_one_lists_all():
    assert "it takes features, lr, width" in refused("tiny.py", options={"zzz": 3}).what
    assert "it takes no options" in refused("own_step.py", options={"zzz": 3}).what


def test_the_batch_size_is_a_flag():
    assert refused("tiny.py", options={"batch_size": 3}).hint == "--batch-size"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_model.py", "no model found: no build_model(), no paddle.nn.Layer"),
        ("two_candidates.py", "2 classes could be the model: Discriminator, Generator"),
        ("needs_arguments.py", "class Net needs arguments (classes, features)"),
    ],
)
def test_not_exactly_one_model(name, words):
    error = refused(f"bad/{name}")
    assert words in error.what
    assert error.where.endswith(name)
    assert "def build_model()" in error.hint


def test_two_models_at_module_level(written):
    path = written("first, second = paddle.nn.Linear(2, 2), paddle.nn.Linear(2, 2)")
    with pytest.raises(BadInput, match="2 models could be the model: first, second"):
        Program(path, {}).run()


def test_a_build_model_that_returns_something_else(written):
    path = written("def build_model():\n    return 3\n")
    with pytest.raises(BadInput, match="gave a int, not a paddle") as caught:
        Program(path, {}).run().new_model()
    assert caught.value.where == f"{path}:2"


@pytest.mark.parametrize(
    ("name", "line", "what", "hint"),
    [
        ("exits.py", 5, "the model file called sys.exit('done')", ""),
        (
            "missing_module.py",
            3,
            "ModuleNotFoundError: No module named 'a_package_that_nobody_has'",
            "pip install a_package_that_nobody_has",
        ),
        (
            "split_layers.py",
            3,
            "AttributeError: 'NoneType' object has no attribute 'get_model_parallel_group'",
            "--search, which starts Fleet before build_model is given a degree above 1",
        ),
        (
            "asks_for_gpu.py",
            5,
            "ValueError: The device should not be 'gpu', since PaddlePaddle is not compiled with "
            "CUDA",
            "leave the device to paddle-estimate: no paddle.set_device in the model file",
        ),
    ],
)
def test_what_the_file_raises_has_its_line(name, line, what, hint):
    error = refused(f"bad/{name}", UserCodeFailed)
    assert (error.what, error.hint) == (what, hint)
    assert error.where.endswith(f"{name}:{line}")
    assert "importlib" not in error.__notes__[0]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("import paddle.fluid", "without paddle.fluid: the code wants another version"),
        ("import skopt", "pip install scikit-optimize"),
        ("import a_suite_of_models.net", "PYTHONPATH=. in front of the command"),
        (
            "raise RuntimeError('Download from https://a.b/resnet18.pdparams failed. Retry')",
            "the option that goes without pretrained weights",
        ),
    ],
)
def test_what_is_not_there_has_its_own_hint(written, code, hint, tmp_path, monkeypatch):
    (tmp_path / "a_suite_of_models").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [path for path in sys.path if path])
    with pytest.raises(UserCodeFailed) as caught:
        Program(written(code + "\n"), {}).run()
    assert hint in caught.value.hint


def test_a_syntax_error_in_a_helper_has_the_helpers_line(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "a_broken_helper.py").write_text("\ndef (")
    (tmp_path / "net.py").write_text("import a_broken_helper\n")
    with pytest.raises(UserCodeFailed, match="SyntaxError") as caught:
        Program(tmp_path / "net.py", {}).run()
    assert caught.value.where == f"{tmp_path}/a_broken_helper.py:2"
