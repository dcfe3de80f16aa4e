"""Finding the user's own line in tracebacks and in faulthandler's dumps."""

import subprocess
import sys
from pathlib import Path

import estimator
from estimator.drystep.places import is_user_file, place, place_in_faults, place_in_traceback


def test_libraries_are_not_the_users():
    assert not is_user_file(subprocess.__file__)
    assert not is_user_file("/anywhere/lib/python3.12/site-packages/paddle/nn/layer.py")
    assert not is_user_file("<frozen importlib._bootstrap>")
    assert not is_user_file(estimator.__file__)
    assert is_user_file("/home/user/model.py")


def test_a_place_is_relative_below_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert place(str(tmp_path / "nets" / "model.py"), 3) == "nets/model.py:3"
    assert place("/somewhere/else.py", None) == "/somewhere/else.py"


def test_the_innermost_line_of_the_user(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        int("four")
    except ValueError as error:
        found = place_in_traceback(error.__traceback__)
    assert found.rpartition(":")[0] == __file__
    assert place_in_traceback(None) == ""


def test_a_real_dump_of_a_file_with_a_chinese_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("模型é.py").write_text("import ctypes\n\nctypes.string_at(0)\n")
    crash = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(tmp_path / "模型é.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert place_in_faults(crash.stderr) == "模型é.py:3"
    assert place_in_faults("") == ""
