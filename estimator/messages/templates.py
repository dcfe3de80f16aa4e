"""What is said about layers, locks, policy and the choice of a template."""

from __future__ import annotations

from estimator.messages.wording import Wording

WORDINGS = {
    "layers.set": Wording("'{words}' is not PATH=VALUE", "'{words}' 不是 PATH=VALUE 的形式"),
    "layers.env": Wording("'{words}' is not NAME=VALUE", "'{words}' 不是 NAME=VALUE 的形式"),
    "layers.value": Wording(
        "'{words}' cannot be read as a YAML value", "'{words}' 不是合法的 YAML 值"
    ),
    "layers.unknown_field": Wording(
        "{path} is not a field of Kubernetes' {kind}", "{path} 不是 Kubernetes 的 {kind} 的字段"
    ),
    "layers.wrong_type": Wording(
        "{path} takes {kind}, not {value}", "{path} 的类型是 {kind}，而不是 {value}"
    ),
    "layers.wrong_kind": Wording(
        "{path} takes {wanted}, not {found}", "{path} 应为{wanted}，而不是{found}"
    ),
    "layers.policy": Wording(
        "{path}: {value} is not allowed by {who}; allowed: {allowed}",
        "{path}：{value} 不被允许，规定见 {who}；允许的有：{allowed}",
    ),
    "layers.policy_missing": Wording(
        "{path} is not set, and {who} allows only: {allowed}",
        "未设置 {path}，而 {who} 只允许：{allowed}",
    ),
    "layers.section": Wording(
        "'{name}' is not a section of a template; there are {known}",
        "'{name}' 不是模板的部分；可用的有 {known}",
    ),
    "layers.no_path": Wording("there is nothing at {path}", "不存在 {path}"),
    "layers.no_provenance": Wording(
        "--kind {kind} is not YAML and takes no comments", "--kind {kind} 不是 YAML，不能加注释"
    ),
    "layers.nobody_says": Wording(
        "neither a layer of {template} nor the estimate says anything of {path}",
        "{template} 的各层与估算结果都没有涉及 {path}",
    ),
    "layers.no_name": Wording(
        "'{name}' is not a name: lower-case letters, digits and '-'",
        "'{name}' 不能作名称：只能用小写字母、数字和 '-'",
    ),
    "layers.no_layer": Wording(
        "'{layer}' is not a layer; there are {known}", "'{layer}' 不是层；可用的有 {known}"
    ),
    "layers.is_there": Wording("is there already", "已经存在"),
    "layers.saved_unreadable": Wording(
        "the saved job request cannot be read: another version of this tool wrote it",
        "无法读取保存的作业请求：由本工具的其他版本写入",
    ),
    "layers.no_estimate": Wording(
        "there is no saved estimate {identifier}", "没有保存的估算 {identifier}"
    ),
    "layers.no_request": Wording(
        "the record {identifier} holds no job request: nothing fitted, or it was not made here",
        "记录 {identifier} 不含作业请求：没有可行方案，或不是由本工具生成",
    ),
    "render.note": Wording("note: {note}", "注意：{note}"),
    "layers.locked_list": Wording(
        "'locked' must be a list of paths, or of path, by and because",
        "'locked' 必须是路径的列表，或含 path、by、because 的列表",
    ),
    "layers.locked": Wording("{path} is locked by {who}", "{path} 已被锁定：{who}"),
    "layers.locked_hint": Wording(
        "leave it as it is, or ask who locked it", "保持原值，或联系锁定者"
    ),
}
