"""Whatever is wrong with a template or manifest is said in either language, with a mend."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import estimator.manifest
from estimator.cli.failures import describe
from estimator.cli.session import Session
from estimator.errors import BadInput
from estimator.manifest import mends, names
from estimator.manifest.command import parse_command
from estimator.manifest.findings import require_sound
from estimator.manifest.overrides import layer_of, override
from estimator.manifest.scalars import resolve
from estimator.manifest.source import read_tree
from estimator.manifest.tree import Branch, Provenance, from_plain, plain_map
from estimator.messages import Language
from tests.manifest.builders import MINIMAL, library, write

CHINESE = Session(Language.ZH)
WORDS = re.compile("[\u4e00-\u9fff]")


def line_of(error: BadInput) -> str:
    return describe(error, CHINESE)


BROKEN = {
    "a second part": ("nobody: {}\n", "'nobody' 不是模板的部分"),
    "near a part": ("metadat: {}\n", "是否指 'metadata'？"),
    "a list for a map": ("pod: []\n", "'pod' 必须是映射，而不是列表"),
    "text for a list": ("training: {images: x, command: [a]}\n", "training.images：必须是列表"),
    "no such setting": (
        "training: {images: [x], command: [a], imags: 1}\n",
        "training.imags：不是设置项",
    ),
    "near a setting": (
        "training: {images: [x], command: [a], imags: 1}\n",
        "可尝试：images",
    ),
    "no such way to share": (
        "training: {images: [x], command: [a], sharing: half}\n",
        "training.sharing：应为 'none'、'hami' 或 'mig'",
    ),
    "tabs": ("pod:\n\trestartPolicy: Never\n", "可尝试：请用空格缩进，不要用制表符"),
    "an alias": ("pod: &a {}\njob: *a\n", "不接受别名（*name）"),
    "yes": ("pod: {hostNetwork: yes}\n", "YAML 1.1 与 1.2 的读取程序对 yes 的理解不同"),
    "twice": ("pod: {}\npod: {}\n", "'pod' 出现两次，第一次在第 1 行"),
    "of another kind": (
        MINIMAL + "    - {name: paddle, env: {}}\n",
        "pod.containers[1].env 应为列表，而不是映射",
    ),
    "an item twice": (MINIMAL + "    - {name: paddle}\n", "出现两次，第一次在"),
    "an item without a name": (MINIMAL + "    - {image: a}\n", "每一项必须是含 name 的映射"),
    "nothing to delete": ("pod: {hostNetwork: !delete }\n", "无法删除：下面的层没有设定它"),
    "a lock of no section": (MINIMAL + "locked: [pods.x]\n", "'pods' 不是模板的部分"),
    "no path": (MINIMAL + "locked: ['a b..']\n", "不是路径"),
    "of the tool": (MINIMAL + "      image: a:1\n", "镜像列在 'training.images' 之下"),
    "builds on itself": ("extends: one\n", "extends 的 'one' 不存在"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_bad_template_is_told_in_chinese(case: str, tmp_path: Path) -> None:
    text, said = BROKEN[case]
    with pytest.raises(BadInput) as caught:
        library(tmp_path, base__one=text)
    assert said in line_of(caught.value)


def test_every_line_of_an_error_is_in_the_language(tmp_path: Path) -> None:
    path = write(tmp_path, "one.yaml", "a: [1, 2\n")
    with pytest.raises(BadInput) as caught:
        read_tree(path, "one.yaml")
    assert line_of(caught.value) == ("错误：one.yaml:2: 此处应有 ',' 或 ']'\n  可尝试：请修正文件")


def test_a_file_that_cannot_be_read_is_told_in_chinese(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "a.yaml", "没有此文件或目录"), (tmp_path, "是一个目录")):
        with pytest.raises(BadInput) as caught:
            read_tree(path, "a.yaml")
        assert line_of(caught.value) == f"错误：a.yaml: 无法读取：{why}\n  可尝试：ls -l {path}"


def test_where_an_option_stands_is_told_too() -> None:
    with pytest.raises(BadInput) as caught:
        layer_of([override("--set pods.x", "pods.x", 1)])
    assert line_of(caught.value).startswith("错误：命令行（--set pods.x）: 'pods' 不是模板的部分")
    with pytest.raises(BadInput) as caught:
        parse_command("python 'train.py")
    assert "无法读取：引号没有闭合" in line_of(caught.value)


def test_a_refused_manifest_names_the_mend() -> None:
    tree = from_plain(
        {"kind": "Job", "apiVersion": "batch/v1", "metadata": {"name": "a"}, "spec": []},
        Provenance("computed"),
    )
    assert isinstance(tree, Branch)
    with pytest.raises(BadInput) as caught:
        require_sound([tree], [plain_map(tree)])
    assert line_of(caught.value).startswith("错误：spec：缺少\n  可尝试：spec: {")


def said_at_once(call: ast.Call) -> ast.expr | None:
    """The words of an error or finding, where they are written right into the call."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    place = {"BadInput": 0, "Finding": 1, "_error": 1}.get(name)
    return None if place is None or len(call.args) <= place else call.args[place]


def test_nothing_is_said_in_english_alone() -> None:
    found = []
    for path in Path(estimator.manifest.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(
                said_at_once(node), ast.Constant | ast.JoinedStr
            ):
                found.append(f"{path.name}:{node.lineno}")
    assert found == []


@given(st.text())
@example("0_0/")  # a label may hold '_', a domain may not
@example(f"{'a' * 300}.b/c")
def test_what_is_proposed_is_what_kubernetes_accepts(text: str) -> None:
    assert names.is_label_value(mends.label_text(text))
    assert names.is_label_key(mends.label_key(text))
    assert names.is_env_name(mends.variable_name(text))
    assert names.is_port_name(mends.port_name(text))


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("a", "b", "a: b"),
        ("a", "yes", 'a: "yes"'),
        ("a", True, "a: true"),
        ("a", 3, "a: 3"),
        ("a", "1e3", 'a: "1e3"'),
        ("a", "30Gi", "a: 30Gi"),
        ("a", "x: y", 'a: "x: y"'),
    ],
)
def test_a_mend_reads_as_the_value_it_means(key: str, value: object, written: str) -> None:
    assert mends.write(key, value) == written
    if '"' not in written:
        assert resolve(written.partition(": ")[2]) == value


def test_the_nearest_choice_is_proposed() -> None:
    assert mends.one_of("restartPolicy", "never", ("Always", "Never")) == "restartPolicy: Never"
    assert mends.one_of("medium", "?", ("", "Memory")) == "medium: Memory"
    assert mends.as_text("a", True) == 'a: "true"'
    assert mends.delete(["a", "b"]) == "a: !delete, b: !delete"
