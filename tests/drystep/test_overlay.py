"""What a script writes, the script alone sees."""

import json
import subprocess
import sys
import textwrap

import pytest

_PRELUDE = """
import json, os, shutil, sys, glob, tempfile
from pathlib import Path
from estimator.drystep.child.script.overlay import Overlay
from estimator.drystep.child.script.landlock import allow_writes_below
scratch, guard = sys.argv[1], sys.argv[2] == "guarded"
result = {}
if guard:
    result["guarded"] = allow_writes_below([Path(scratch), Path("/dev")])
Overlay(scratch, "written").apply()
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "labels.txt").write_text("a\nb\n")
    (folder / "keep.txt").write_text("mine")
    return folder


def run(project, code, guard="guarded"):
    scratch = project.parent / "scratch"
    scratch.mkdir()
    program = _PRELUDE + textwrap.dedent(code) + "\nprint(json.dumps(result))"
    done = subprocess.run(
        [sys.executable, "-c", program, str(scratch.resolve()), guard],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("guard", ["guarded", "unguarded"])
def test_every_way_of_writing_leaves_the_project_as_it_was(project, guard):
    before = tree(project)
    told = run(
        project,
        """
        os.makedirs("output/run", exist_ok=True)
        os.makedirs("output/run", exist_ok=True)
        Path("output/run/log.txt").write_text("epoch 1")
        with open("output/run/log.txt", "a") as log:
            log.write(", epoch 2")
        result["log"] = open("output/run/log.txt").read()
        with open("keep.txt", "r+") as file:
            file.write("yo")
        result["changed"] = Path("keep.txt").read_text()
        with open("data/labels.txt", "a") as file:
            file.write("c\\n")
        result["labels"] = Path("data/labels.txt").read_text().split()
        os.remove("keep.txt")
        result["gone"] = os.path.exists("keep.txt")
        result["listed"] = sorted(os.listdir("."))
        result["globbed"] = sorted(glob.glob("**/*.txt", recursive=True))
        os.rename("data/labels.txt", "data/names.txt")
        result["renamed"] = sorted(entry.name for entry in os.scandir("data"))
        shutil.copy("data/names.txt", "output/copy.txt")
        shutil.rmtree("data")
        result["rmtree"] = os.path.isdir("data")
        os.mkdir("data")
        result["empty"] = os.listdir("data")
        os.symlink("copy.txt", "output/latest")
        result["link"] = Path("output/latest").read_text().split()
        descriptor = os.open("raw.bin", os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, b"xyz")
        os.close(descriptor)
        result["raw"] = os.stat("raw.bin").st_size
        """,
        guard,
    )
    assert told["log"] == "epoch 1, epoch 2"
    assert told["changed"] == "yone"
    assert told["labels"] == ["a", "b", "c"]
    assert told["gone"] is False
    assert told["listed"] == ["data", "output"]
    assert told["globbed"] == ["data/labels.txt", "output/run/log.txt"]
    assert told["renamed"] == ["names.txt"]
    assert told["rmtree"] is False
    assert told["empty"] == []
    assert told["link"] == ["a", "b", "c"]
    assert told["raw"] == 3
    assert tree(project) == before


def test_errors_are_those_of_the_file_system(project):
    told = run(
        project,
        """
        def error(function, *arguments):
            try:
                function(*arguments)
            except OSError as raised:
                return type(raised).__name__
        result["missing"] = error(open, "nowhere.txt")
        result["no_folder"] = error(open, "nowhere/new.txt", "w")
        result["exists"] = error(os.mkdir, "data")
        result["exclusive"] = error(open, "keep.txt", "x")
        result["remove"] = error(os.remove, "nowhere.txt")
        result["full"] = error(os.rmdir, "data")
        """,
    )
    assert told["missing"] == told["no_folder"] == told["remove"] == "FileNotFoundError"
    assert told["exists"] == told["exclusive"] == "FileExistsError"
    assert told["full"] == "OSError"


def test_other_programs_cannot_write_either(project):
    before = tree(project)
    told = run(
        project,
        """
        result["code"] = os.system("echo spoiled > keep.txt 2>/dev/null")
        """,
    )
    if not told["guarded"]:
        pytest.skip("this kernel has no Landlock")
    assert told["code"] != 0
    assert tree(project) == before
