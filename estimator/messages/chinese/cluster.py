"""Of :mod:`estimator.cluster`, and of a dry step that is carried elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "asking the cluster for a GPU": "正在向集群申请 GPU",
    "waiting for a pod": "等待 Pod 创建",
    "the cluster makes no pod: {why}": "集群没有创建 Pod：{why}",
    "waiting for a GPU: {why}": "等待 GPU：{why}",
    "the pod is starting": "Pod 正在启动",
    "the image cannot be pulled: {why}": "无法拉取镜像：{why}",
    "the container cannot start: {why}": "容器无法启动：{why}",
    "the dry step did not start within {minutes} minutes: {why}": (
        "试运行步骤在 {minutes} 分钟内没有启动：{why}"
    ),
    "the pod was deleted before it answered": "Pod 在给出结果之前被删除",
    "the step took more host memory than its pod may have": (
        "试运行步骤占用的主机内存超过 Pod 的上限"
    ),
    "a smaller --batch-size, or more memory in a dry-step template": (
        "减小 --batch-size，或在 dry-step 模板中增加内存"
    ),
    "the cluster ended the pod: {why}": "集群终止了 Pod：{why}",
    "the pod ended with exit code {code} and no answer: {why}": (
        "Pod 以退出码 {code} 结束，没有结果：{why}"
    ),
    "the answer of the dry step is damaged": "试运行步骤的结果已损坏",
    "the cluster's dry step did not end in time": "集群上的试运行步骤没有按时结束",
    "a training script does not run on the cluster, a model file does": (
        "集群上不能运行训练脚本，只能运行模型文件"
    ),
    "the virtual GPU needs no cluster": "虚拟 GPU 不需要集群",
    "leave --dry-step-on out": "不要使用 --dry-step-on",
    "the time to wait for a GPU, and the step's own limit": (
        "等待 GPU 的时间，加上试运行步骤自身的时限"
    ),
    "the secret is the job's own": "该 Secret 属于此作业",
    "the model's files are {size} compressed, and the cluster's Secret holds {room}": (
        "模型文件压缩后为 {size}，而集群的 Secret 只能容纳 {room}"
    ),
    "leave out data and weights, or measure without --dry-step-on": (
        "去掉数据与权重，或不用 --dry-step-on 进行测量"
    ),
}
