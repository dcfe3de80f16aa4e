"""Of the rules of :mod:`estimator.manifest`: what is wrong with a manifest, and the mend."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "{path}: {problem}": "{path}：{problem}",
    "'{image}' is not an image": "'{image}' 不是镜像",
    "'{repository}' is not an image: capital letters": "'{repository}' 不是镜像：含有大写字母",
    "'{image}' changes under its name; pin it by a tag or digest": (
        "'{image}' 的内容会在同名下改变；请用标签或摘要固定"
    ),
    "'{policy}': the pod of a Job takes OnFailure or Never": (
        "'{policy}'：Job 的 Pod 只能用 OnFailure 或 Never"
    ),
    "needs restartPolicy Never": "需要 restartPolicy: Never",
    "'{name}' is not a name": "'{name}' 不是合法的名称",
    "'{key}' is not a key for a label": "'{key}' 不能作标签的键",
    "{value} must be text: put it in quotes": "{value} 必须是文本：请加引号",
    "'{value}' is not a value for a label": "'{value}' 不能作标签的值",
    "'{value}' is not one of {allowed}": "'{value}' 不在 {allowed} 之中",
    "{value} is too small": "{value} 太小",
    "is missing": "缺少",
    "{value} is not a port: 1 to 65535": "{value} 不是端口：1 到 65535",
    "a pod needs a container": "Pod 需要一个容器",
    "'{name}' is not a name for a container": "'{name}' 不能作容器的名称",
    "'{name}' is not a name for a volume": "'{name}' 不能作卷的名称",
    "a volume has one source, this one {listed}; !delete the others": (
        "一个卷只有一个来源，这里是 {listed}；请用 !delete 删除其余的"
    ),
    "{first} and {second}": "{first} 与 {second}",
    "there is no volume '{name}'": "没有名为 '{name}' 的卷",
    "'{path}' is not an absolute path": "'{path}' 不是绝对路径",
    "'{name}' is not a name for a variable": "'{name}' 不能作变量名",
    "has a value and a valueFrom; !delete one of them": (
        "同时有 value 与 valueFrom；请用 !delete 删除其一"
    ),
    "'{value}' is not a quantity; write it like 16Gi, 500m or 2": (
        "'{value}' 不是数量；请写成 16Gi、500m 或 2"
    ),
    "{value} is negative": "{value} 是负数",
    "{value} of {name}: only whole ones can be requested": "{value} 个 {name}：只能申请整数个",
    "{request} is more than the limit of {limit}": "{request} 超过上限 {limit}",
    "{name} needs a limit that equals the request": "{name} 需要与申请相等的上限",
    "{request} must equal the limit of {limit}": "{request} 必须等于上限 {limit}",
    "{size} in memory is more than the memory limit": "内存中的 {size} 超过内存上限",
    "0 is root, and runAsNonRoot forbids it": "0 是 root，而 runAsNonRoot 禁止 root",
    "goes with allowPrivilegeEscalation true only": "只能与 allowPrivilegeEscalation: true 同用",
    "must be empty with the operator Exists": "运算符为 Exists 时必须为空",
    "must be Exists where there is no key": "没有 key 时必须为 Exists",
    "'{effect}' is not an effect of a taint": "'{effect}' 不是污点的效果",
    "'{name}' is there {count} times": "'{name}' 出现了 {count} 次",
    "!delete one, or give it another {key}": "用 !delete 删除其一，或换一个 {key}",
    "{path} was taken away": "{path} 被删除了",
    "leave it in the template": "请保留在模板中",
}
