"""One layer over another."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.errors import BadInput
from estimator.manifest.merge import merge, overlay, settle
from estimator.manifest.tree import (
    Branch,
    Provenance,
    Setting,
    children,
    find,
    format_path,
    from_plain,
    leaves,
    parse_path,
    plain,
)
from tests.manifest.builders import merged, tree

CONTAINERS = (
    "containers:\n  - name: paddle\n    image: one\n    env:\n      - {name: A, value: a}\n"
)
MERGED = {
    "maps key by key": ("a: {x: 1, w: 2}", "a: {w: 3, z: 4}", {"a": {"x": 1, "w": 3, "z": 4}}),
    "lists of words are one value": ("command: [a, b]", "command: [c]", {"command": ["c"]}),
    "append": ("command: [a]", "command: !append [b]", {"command": ["a", "b"]}),
    "replace a map": ("a: {x: 1}", "a: !replace {w: 2}", {"a": {"w": 2}}),
    "replace across kinds": ("a: {x: 1}", "a: !replace [2]", {"a": [2]}),
    "delete a key": ("a: {x: 1, w: 2}", "a:\n  x: !delete", {"a": {"w": 2}}),
    "containers by name, env by name": (
        CONTAINERS,
        "containers:\n  - name: paddle\n    env:\n      - {name: A, value: b}\n"
        "      - {name: B, value: c}\n  - {name: sidecar}\n",
        {
            "containers": [
                {
                    "name": "paddle",
                    "image": "one",
                    "env": [{"name": "A", "value": "b"}, {"name": "B", "value": "c"}],
                },
                {"name": "sidecar"},
            ]
        },
    ),
    "mounts by path": (
        "volumeMounts: [{mountPath: /a, name: x}]",
        "volumeMounts: [{mountPath: /a, name: w}, {mountPath: /b, name: x}]",
        {"volumeMounts": [{"mountPath": "/a", "name": "w"}, {"mountPath": "/b", "name": "x"}]},
    ),
    "tolerations by key and effect": (
        "tolerations: [{key: gpu, effect: NoSchedule, operator: Exists}]",
        "tolerations: [{key: gpu, effect: NoExecute, operator: Exists}]",
        {
            "tolerations": [
                {"key": "gpu", "effect": "NoSchedule", "operator": "Exists"},
                {"key": "gpu", "effect": "NoExecute", "operator": "Exists"},
            ]
        },
    ),
    "ports by number and protocol": (
        "ports: [{containerPort: 80}]",
        "ports: [{containerPort: 80, protocol: TCP, name: web}]",
        {"ports": [{"containerPort": 80, "protocol": "TCP", "name": "web"}]},
    ),
    "delete an item": (
        "volumes: [{name: a, emptyDir: {}}, {name: b, emptyDir: {}}]",
        "volumes:\n  - !delete {name: a}\n",
        {"volumes": [{"name": "b", "emptyDir": {}}]},
    ),
    "replace an item": (
        "volumes: [{name: a, emptyDir: {}}]",
        "volumes:\n  - !replace {name: a, persistentVolumeClaim: {claimName: c}}\n",
        {"volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "c"}}]},
    ),
    "append unnamed maps": (
        "envFrom: [{configMapRef: {name: a}}]",
        "envFrom: !append [{configMapRef: {name: b}}]",
        {"envFrom": [{"configMapRef": {"name": "a"}}, {"configMapRef": {"name": "b"}}]},
    ),
}
REFUSED = {
    "map becomes value": ("a: {x: 1}", "b: 1\na: 2", "upper.yaml:2", "in lower.yaml:1"),
    "value becomes map": ("a: 1", "a: {x: 2}", "upper.yaml:1", "in lower.yaml:1"),
    "map becomes list": ("b: 1\na: {x: 1}", "a: [1]", "upper.yaml:1", "in lower.yaml:2"),
    "delete nothing": ("a: 1", "b: !delete", "upper.yaml:1", "no layer below"),
    "delete no item": ("env: []", "env:\n  - !delete {name: A}", "upper.yaml:2", "no layer below"),
    "delete below replace": ("a: {x: 1}", "a: !replace\n  x: !delete", "upper.yaml:2", "below"),
    "unnamed maps twice": ("envFrom: [{a: {}}]", "envFrom: [{b: {}}]", "upper.yaml:1", "append"),
    "item without its key": ("env: []", "env: [{value: a}]", "upper.yaml:1", "with name"),
    "item that is a word": ("env: []", "env: [a]", "upper.yaml:1", "with name"),
    "item twice": ("env: []", "env:\n- {name: A}\n- {name: A}", "upper.yaml:3", "upper.yaml:2"),
    "append what is there": (
        "env: [{name: A}]",
        "env: !append [{name: A}]",
        "upper.yaml:1",
        "lower.yaml:1",
    ),
    "delete of a word in a list": ("a: [x]", "a:\n- !delete {x: 1}", "upper.yaml:2", "merge key"),
}


@pytest.mark.parametrize("case", MERGED)
def test_merge(tmp_path: Path, case: str) -> None:
    lower, upper, expected = MERGED[case]
    assert plain(merged(tmp_path, lower, upper)) == expected


@pytest.mark.parametrize("case", REFUSED)
def test_refusal_names_both_places(tmp_path: Path, case: str) -> None:
    lower, upper, where, said = REFUSED[case]
    with pytest.raises(BadInput) as caught:
        merged(tmp_path, lower, upper)
    assert caught.value.where == where
    assert said in str(caught.value)


def test_each_value_keeps_its_own_origin(tmp_path: Path) -> None:
    result = merged(
        tmp_path, CONTAINERS, "containers:\n- name: paddle\n  env: [{name: B, value: b}]\n"
    )
    origins = {format_path(leaf.path): leaf.provenance.where for leaf in leaves(result)}
    assert origins == {
        "containers[paddle].name": "lower.yaml:2",
        "containers[paddle].image": "lower.yaml:3",
        "containers[paddle].env[A].name": "lower.yaml:5",
        "containers[paddle].env[A].value": "lower.yaml:5",
        "containers[paddle].env[B].name": "upper.yaml:3",
        "containers[paddle].env[B].value": "upper.yaml:3",
    }


def test_overlay_enters_lists_by_key(tmp_path: Path) -> None:
    path = parse_path("containers[paddle].env[A].value", where="--set")
    layer = overlay([Setting(path, "z", Provenance("--set"))])
    result = merge(settle(tree(tmp_path, "t.yaml", CONTAINERS)), layer)
    node = find(result, path)
    assert node is not None
    assert (plain(node), node.provenance.where) == ("z", "--set")
    assert plain(result)["containers"][0]["image"] == "one"  # type: ignore[call-overload,index]


def test_a_whole_item_cannot_be_a_word() -> None:
    with pytest.raises(BadInput, match="is a map"):
        overlay([Setting(("env", "A"), "z", Provenance("--set"))])


words = st.text("abcz/.-_", min_size=1, max_size=4)
values = st.recursive(
    st.booleans() | st.integers() | words,
    lambda inner: st.lists(words, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(words, values, max_size=4)
HERE = Provenance("here")


def as_tree(value: object) -> Branch:
    node = from_plain(value, HERE)  # type: ignore[arg-type]
    assert isinstance(node, Branch)
    return node


@given(documents)
def test_merging_a_layer_with_itself_or_nothing_changes_nothing(document: object) -> None:
    layer = as_tree(document)
    assert plain(merge(layer, layer)) == document
    assert plain(merge(layer, as_tree({}))) == document
    assert plain(merge(as_tree({}), layer)) == document


@given(documents, documents)
def test_the_upper_layer_wins_wherever_it_says_something(lower: object, upper: object) -> None:
    try:
        result = merge(as_tree(lower), as_tree(upper))
    except BadInput:
        return
    for leaf in leaves(as_tree(upper)):
        if leaf.value not in ({}, []) and not any(step.isdecimal() for step in leaf.path):
            node = find(result, leaf.path)
            assert node is not None
            assert plain(node) == leaf.value


@pytest.mark.parametrize(
    "text",
    [
        "pod",
        "pod.containers[paddle].env[A].value",
        'metadata.labels["a.b/c"]',
        "pod.containers[paddle].volumeMounts[/dev/shm].name",
    ],
)
def test_paths_are_read_as_they_are_written(text: str) -> None:
    assert format_path(parse_path(text, where="")) == text


@pytest.mark.parametrize("text", ["", ".", "a..b", "a[", "a[]", "a]b", "[", "a.b.", "../x["])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="not a path"):
        parse_path(text, where="t.yaml:1")


names = st.sampled_from(["a", "b", "c"])
env = st.lists(names, unique=True, max_size=3).map(
    lambda found: [{"name": name, "value": f"{name}{len(found)}"} for name in found]
)
numbers = st.integers(0, 9)
layers = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.dictionaries(names, numbers, min_size=1, max_size=3),
        "command": st.lists(names, max_size=3),
        "env": env,
        "count": numbers,
    },
)
"""Layers of one schema: a key has the same kind wherever it stands, as in Kubernetes."""


@given(layers, layers, layers)
def test_merging_is_associative(low: object, middle: object, top: object) -> None:
    one, two, three = as_tree(low), as_tree(middle), as_tree(top)
    assert plain(merge(merge(one, two), three)) == plain(merge(one, merge(two, three)))


@given(layers, layers)
def test_merging_a_layer_again_changes_nothing(low: object, top: object) -> None:
    once = merge(as_tree(low), as_tree(top))
    assert plain(merge(once, as_tree(top))) == plain(once)


@given(layers, layers)
def test_what_the_lower_layer_orders_stays_in_order(low: object, top: object) -> None:
    """Keys and keyed items of the lower layer first, in its order; then what is new."""
    lower, upper = as_tree(low), as_tree(top)
    merged = merge(lower, upper)
    for one, other, made in _same_places(lower, upper, merged):
        assert made == [*one, *(key for key in other if key not in one)]


@given(layers, layers)
def test_every_value_comes_from_the_layer_that_has_it(low: object, top: object) -> None:
    sides = {"low": from_plain(low, Provenance("low")), "top": from_plain(top, Provenance("top"))}  # type: ignore[arg-type]
    below, above = sides["low"], sides["top"]
    assert isinstance(below, Branch)
    assert isinstance(above, Branch)
    for leaf in leaves(merge(below, above)):
        said = find(sides[leaf.provenance.where], leaf.path)
        assert said is not None
        assert plain(said) == leaf.value


def _same_places(*trees: Branch) -> list[list[list[str]]]:
    """The steps below the root, ``labels`` and ``env`` of each tree."""
    places = [[list(children(tree, ())) for tree in trees]]
    for key in ("labels", "env"):
        nodes = [tree.entries.get(key) for tree in trees]
        places.append([list(children(node, (key,))) if node else [] for node in nodes])
    return places
