"""What is refused before a child process is started."""

import pytest

from estimator.errors import BadInput
from estimator.workload.source import check_model_file


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
