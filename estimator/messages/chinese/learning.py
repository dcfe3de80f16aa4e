"""Of :mod:`estimator.learning`, :mod:`estimator.records` and what answers say of past jobs."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "{reasons}; {amount} costs least, with a chance of {risk:.2%} that a job takes more; "
    "worked out without past jobs: {before}": (
        "{reasons}；{amount} 的代价最小，作业用得更多的概率为 {risk:.2%}；"
        "不看历史作业时的推算值：{before}"
    ),
    "on {gpu}": "在 {gpu} 上",
    "an unknown GPU": "未知 GPU",
    "at {precision}": "精度 {precision}",
    "batch {batch} per device": "每卡批大小 {batch}",
    "your own job records were not used: {why}": "未使用您自己的作业记录：{why}",
    "the estimate was not saved: {why}": "本次估算未保存：{why}",
    "no job like this has run: {share:.0%} of the request": (
        "没有运行过类似作业：按申请量的 {share:.0%}"
    ),
    "{count} past jobs of the {level} took up to {highest}": (
        "{level}的 {count} 个历史作业最多用到 {highest}"
    ),
    "such a job takes as much memory-time as {size:.3g} average jobs, an out-of-memory costs as "
    "much as {price:.3g}": (
        "此类作业的内存·时间相当于 {size:.3g} 个平均作业，一次内存不足的代价相当于 {price:.3g} 个"
    ),
    "{killed} more were killed, {out_of_memory} of them for want of memory: they count as lower "
    "bounds": "另有 {killed} 个被终止，其中 {out_of_memory} 个因内存不足：按下界计入",
    "same job on the same GPU type": "同一作业、同一 GPU 型号",
    "template": "模板",
    "model": "模型",
    "user": "用户",
    "GPU type": "GPU 型号",
    "all": "全部",
    "device memory": "显存",
    "host memory": "内存",
    "step time": "单步时间",
    "duration": "时长",
    "{reason}; not corrected by history: {why}": "{reason}；未经历史修正：{why}",
    "no past jobs to learn from": "没有可学习的历史作业",
    "past jobs say how far {source} predictions are off": "历史作业只说明 {source} 预测的偏差",
    "{count} past jobs with {what}, {needed} are needed": (
        "有{what}的历史作业 {count} 个，需要 {needed} 个"
    ),
    "nothing to scale": "无可缩放",
    "{reason}; held against {count} past jobs, {groups}: {change:+.1%}": (
        "{reason}；对照 {count} 个历史作业，{groups}：{change:+.1%}"
    ),
    "{reason}; held against {count} past jobs: {change:+.1%}": (
        "{reason}；对照 {count} 个历史作业：{change:+.1%}"
    ),
    "{count} of this job on this GPU type": "本作业在此 GPU 型号上 {count} 个",
    "{count} of template {name}": "模板 {name} {count} 个",
    "{count} of {name}": "{name} {count} 个",
    "{count} on {name}": "{name} 上 {count} 个",
    "{count} and {killed} killed": "{count}（另有 {killed} 个被终止）",
    "only jobs of Kubernetes are looked up in Prometheus": (
        "只有 Kubernetes 的作业才在 Prometheus 中查询"
    ),
    "'{url}' is no address of a server": "'{url}' 不是服务器地址",
    "Prometheus does not answer: {why}": "Prometheus 没有应答：{why}",
    "there is no Job in it ({command})": "其中没有 Job（{command}）",
    "'{text}' is no time": "'{text}' 不是时间",
    "{reason} ({shift:+.1%} of it for batch size, GPU count and size)": (
        "{reason}（其中批大小、GPU 数量与规模占 {shift:+.1%}）"
    ),
}
