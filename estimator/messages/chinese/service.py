"""Of :mod:`estimator.service`."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "the program {tool} is not installed": "未安装程序 {tool}",
    "bubblewrap does not end": "bubblewrap 没有结束",
    "'{scheme}' is no kind of database": "'{scheme}' 不是支持的数据库类型",
    "the service's database cannot be used: {why}": "服务的数据库不可用：{why}",
    "a newer version of the service wrote the database": "数据库由更新版本的服务写入",
    "Dask is not installed": "未安装 Dask",
    "the Dask cluster does not answer: {why}": "Dask 集群没有响应：{why}",
    "the cluster: {why}": "集群：{why}",
    "running on the cluster": "正在集群上运行",
    "stopped": "已停止",
    "no network policy {name} keeps dry steps off the network": (
        "没有网络策略 {name} 阻止试运行步骤访问网络"
    ),
    "psycopg is not installed": "未安装 psycopg",
    "the tokens cannot be read: {why}": "无法读取令牌文件：{why}",
    "no list of tokens": "不是令牌列表",
    "token {number} needs name, role (submit or admin) and sha256": (
        "第 {number} 个令牌需要 name、role（submit 或 admin）与 sha256"
    ),
    "unpacks to more than {count} bytes": "解压后超过 {count} 字节",
    "holds more than {count} files": "文件数超过 {count}",
    "the archive is empty": "压缩包为空",
    "the archive is damaged: {why}": "压缩包已损坏：{why}",
    "the name {name} leads out of the folder": "名称 {name} 指向目录之外",
    "{name} is a link or a device, not a file": "{name} 是链接或设备，不是文件",
    "no model is registered as {name}": "没有注册名为 {name} 的模型",
    "upload a file": "请上传文件",
    "one of source, model and a file has to be given": "必须给出源代码、模型名称或文件之一",
    "{name} is not among the files": "文件中没有 {name}",
    "several files could be the model; entry says which one": (
        "有多个文件可能是模型；请用 entry 指定其中一个"
    ),
    "a key has 1 to {most} letters": "键的长度为 1 到 {most} 个字符",
    "a training script says this itself": "训练脚本自身已说明这一点",
    "only a training script is told this": "只有训练脚本才接受此选项",
    "a script for several nodes runs rank by rank, which the service does not do": (
        "多节点脚本须逐个 rank 运行，服务不支持"
    ),
    "uploads are refused: this machine has no sandbox": "拒绝上传：本机没有沙箱",
    "the upload {name} is gone": "上传的文件 {name} 已不存在",
    "{kind}: {what}": "{kind}：{what}",
    "Nothing fits; {count} x {gpu} at batch {batch} is nearest, and {why}": (
        "没有可行的方案；最接近的是 {count} x {gpu}，批大小 {batch}：{why}"
    ),
    "It fits: {count} x {gpu} at batch {batch} per device, {memory} of {capacity} on each": (
        "可行：{count} x {gpu}，每设备批大小 {batch}，每张卡占用 {memory}，共 {capacity}"
    ),
}
