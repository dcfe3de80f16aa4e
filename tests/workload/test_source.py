"""What is refused before a child process is started."""

import pytest

from estimator.errors import BadInput
from estimator.workload.source import check_model_file, is_training_script


def refused(path):
    with pytest.raises(BadInput) as caught:
        check_model_file(path)
    return caught.value


def test_a_python_file_passes(tmp_path):
    path = tmp_path / "model.py"
    path.write_bytes("\ufeffname = '模型'\r\n".encode())
    check_model_file(path)


def test_a_declared_encoding_passes(tmp_path):
    path = tmp_path / "model.py"
    path.write_bytes(b"# coding: latin-1\nname = 'caf\xe9'\n")
    check_model_file(path)


def test_warnings_of_the_compiler_do_not_matter(tmp_path):
    path = tmp_path / "model.py"
    path.write_text("pattern = '\\d'\n")
    check_model_file(path)


def test_a_missing_file(tmp_path):
    assert refused(tmp_path / "model.py").what == f"there is no file '{tmp_path}/model.py'"


def test_a_folder(tmp_path):
    assert "Is a directory" in refused(tmp_path).what


def test_a_syntax_error_has_its_line(tmp_path):
    path = tmp_path / "model.py"
    path.write_text("import os\n\ndef build_model(:\n")
    assert refused(path).where == f"{path}:3"


def test_bytes_that_are_not_utf8_have_their_line(tmp_path):
    path = tmp_path / "model.py"
    path.write_bytes(b"import os\n\nname = 'caf\xe9'\n")
    error = refused(path)
    assert (error.where, error.what) == (f"{path}:3", "the file is not UTF-8 text")


@pytest.mark.parametrize("source", [b"x = 1\0", b"# coding: klingon\n", b"(" * 5000])
def test_other_text_that_is_not_python(tmp_path, source):
    path = tmp_path / "model.py"
    path.write_bytes(source)
    assert str(path) in refused(path).where


@pytest.mark.parametrize(
    ("source", "is_script"),
    [
        ("import paddle\nfor x in data:\n    net(x).backward()\n", True),
        ("model = paddle.Model(net)\nmodel.fit(data)\n", True),
        ("def main():\n    engine.train()\nif __name__ == '__main__':\n    main()\n", True),
        ("class Net(paddle.nn.Layer):\n    pass\n", False),
        ("class Net(paddle.nn.Layer):\n    pass\nif __name__ == '__main__':\n    Net()\n", False),
        ("def build_model():\n    pass\ndef train_step(m, b, o):\n    m(b).backward()\n", False),
        ("from models import build_model\nx.backward()\n", False),
        ("def broken(:\n", False),
    ],
)
def test_what_is_a_training_script(tmp_path, source, is_script):
    path = tmp_path / "file.py"
    path.write_text(source)
    assert is_training_script(path) is is_script


def test_a_file_that_is_not_there_is_no_script(tmp_path):
    assert not is_training_script(tmp_path / "file.py")
