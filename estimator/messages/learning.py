"""Learning from past jobs: replay, fit, evaluation, drift."""

from __future__ import annotations

from estimator.messages.wording import Wording

WORDINGS = {
    "panel.history": Wording("Past jobs", "历史作业"),
    "panel.prices": Wording("Prices", "价格"),
    "help.history_group": Wording(
        "Past jobs, and what they teach.", "历史作业，以及从中学到的规律。"
    ),
    "help.history_replay": Wording(
        "Replay past jobs in order of time: how much memory our rule and others would have asked "
        "for, and how often it would have been too little.",
        "按时间顺序重放历史作业：本工具的规则与其他规则会申请多少内存，以及有多少次会不足。",
    ),
    "help.history_files": Wording(
        "Tables of past jobs (CSV, JSON, Parquet).", "历史作业的表格（CSV、JSON、Parquet）。"
    ),
    "help.map": Wording(
        "Which column holds a field, such as peak_memory_bytes=rss:MiB; repeatable.",
        "字段所在的列，如 peak_memory_bytes=rss:MiB；可重复。",
    ),
    "help.set": Wording(
        "A field that is the same for every row, such as user=mei; repeatable.",
        "所有行都相同的字段，如 user=mei；可重复。",
    ),
    "help.oom_price": Wording(
        "What an out-of-memory and its retry cost, in average jobs.",
        "一次内存不足及其重试的代价，以平均作业计。",
    ),
    "help.waste_price": Wording(
        "What the memory of an average job costs, beside --oom-price.",
        "平均作业的内存代价，与 --oom-price 相对。",
    ),
    "error.price": Wording(
        "a price must be a number above zero, got {price}", "价格必须是大于零的数，得到 {price}"
    ),
    "replay.title": Wording(
        "{tasks} tasks of {files} files, in order of submission",
        "{files} 个文件的 {tasks} 个任务，按提交顺序",
    ),
    "replay.rule": Wording("rule", "规则"),
    "replay.under": Wording("under", "不足"),
    "replay.allocated": Wording("allocated /\nrequested", "分配 /\n申请"),
    "replay.retried": Wording("with\nretries", "含重试"),
    "replay.ours": Wording("paddle-estimate", "paddle-estimate"),
    "replay.legend": Wording(
        "under: share of tasks that would have got less than their peak. allocated / requested: "
        "memory-time, mean over files. with retries: the same, each task that got too little "
        "running once more. A rule knows only tasks that had ended before a submission.",
        "不足：所得内存低于峰值的任务比例。分配 / 申请：内存×时间，按文件取平均。"
        "含重试：同上，内存不足的任务再运行一次。规则只知道提交之前已结束的任务。",
    ),
    "replay.tuned": Wording(
        "The rule's constants were chosen on four public workflow traces. On the workflow left out "
        "of the choice, the mean was {under} under at {allocated}.",
        "规则的常数由四个公开的工作流轨迹选出。对未参与选择的工作流，平均不足率为 {under}，"
        "分配 / 申请为 {allocated}。",
    ),
}
