"""What is said about layers, locks, policy and the choice of a template."""

from __future__ import annotations

from estimator.messages.wording import Wording

WORDINGS = {
    "layers.set": Wording("'{words}' is not PATH=VALUE", "'{words}' 不是 PATH=VALUE 的形式"),
    "layers.env": Wording("'{words}' is not NAME=VALUE", "'{words}' 不是 NAME=VALUE 的形式"),
    "layers.value": Wording(
        "'{words}' cannot be read as a YAML value", "'{words}' 不是合法的 YAML 值"
    ),
    "layers.locked_list": Wording(
        "'locked' must be a list of paths, or of path, by and because",
        "'locked' 必须是路径的列表，或含 path、by、because 的列表",
    ),
    "layers.locked": Wording("{path} is locked by {who}", "{path} 已被锁定：{who}"),
    "layers.locked_hint": Wording(
        "leave it as it is, or ask who locked it", "保持原值，或联系锁定者"
    ),
}
