"""Of :mod:`estimator.report`: what the capacity report says."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "Capacity report": "容量报告",
    "there is no such file": "没有这个文件",
    "there is no node in it": "其中没有节点",
    "no job says when it was submitted, started or ended": "没有作业给出提交、开始或结束的时间",
    "the cluster description has no memory_price": "集群描述中没有 memory_price",
    "this is no list of nodes: {error}": "这不是节点列表：{error}",
    "{name} is not installed": "未安装 {name}",
    "no --cluster was given": "未给出 --cluster",
    # groups and columns
    "team": "团队",
    "queue": "队列",
    "(not known)": "（未知）",
    "pending": "等待中",
    "running": "运行中",
    "succeeded": "成功",
    "killed": "被终止",
    "cancelled": "已取消",
    "ran into its time limit": "达到时限",
    "preempted": "被抢占",
    "lost its node": "节点丢失",
    "GiB-hours": "GiB 小时",
    "{name}, {where}": "{name}，{where}",
    "no job asks for GPU type {name}: more of it changes nothing": (
        "没有作业申请 GPU 型号 {name}：增加它不起作用"
    ),
    "no job is in queue {name}: its limit changes nothing": (
        "没有作业在队列 {name} 中：其上限不起作用"
    ),
    "from the first arrival to the last end; bounded by drawing weeks again": (
        "从首个到达到最后一个结束；以整周重抽样定界"
    ),
    "jobs": "作业数",
    "nodes": "节点数",
    "status": "状态",
    "field": "字段",
    "doubt": "疑问",
    "what": "项目",
    "where": "出处",
    "why": "理由",
    "share": "占比",
    "hour": "小时",
    "day": "日",
    "median": "中位数",
    "10th percentile": "第 10 百分位",
    "90th percentile": "第 90 百分位",
    "99th percentile": "第 99 百分位",
    "at least (95 %)": "至少（95 %）",
    "at most (95 %)": "至多（95 %）",
    "high": "高",
    "medium": "中",
    "low": "低",
    "Mon": "周一",
    "Tue": "周二",
    "Wed": "周三",
    "Thu": "周四",
    "Fri": "周五",
    "Sat": "周六",
    "Sun": "周日",
    "share of jobs": "作业占比",
    "share of GPU-hours": "GPU 时占比",
    "{count} more groups are in the data beside the page": "另有 {count} 组，见页面旁的数据",
    # scope
    "Scope and quality of the data": "范围与数据质量",
    "Which jobs this report is about, and how much is known of them.": (
        "本报告涉及哪些作业，以及对它们了解多少。"
    ),
    "time of submission": "提交时间",
    "time of start": "开始时间",
    "time of end": "结束时间",
    "how it ended": "结束方式",
    "GPU count": "GPU 数",
    "time limit": "时限",
    "host memory asked for": "申请的内存",
    "peak host memory": "内存峰值",
    "device memory asked for": "申请的显存",
    "peak device memory": "显存峰值",
    "CPU cores asked for": "申请的 CPU 核数",
    "CPU time used": "所用 CPU 时间",
    "GPU utilisation": "GPU 利用率",
    "our prediction": "本工具的预测",
    "no job says: {fields}": "没有作业给出：{fields}",
    "How jobs ended": "作业如何结束",
    "What is known of the jobs": "对作业的了解",
    "jobs that say it": "给出此项的作业",
    "started before it was submitted": "开始早于提交",
    "peak host memory above 4 times the request: another unit?": (
        "内存峰值超过申请的 4 倍：单位不同？"
    ),
    "ended, but nobody says how long it ran": "已结束，但没有运行时长",
    "no GPU count, so no GPU-hours": "没有 GPU 数，因此没有 GPU 时",
    "no time at all, so in no figure over time": "没有任何时间，因此不在随时间变化的数字中",
    "a finished job of no length": "已完成但时长为零",
    "What looks wrong or is missing": "可疑或缺失之处",
    "these jobs are counted in every figure for which they say enough": (
        "这些作业仍计入其信息足够的每个数字"
    ),
    "submitted in the window, of all {count} that are known": "窗口内提交，已知共 {count} 个",
    "jobs with GPUs": "使用 GPU 的作业",
    "jobs that asked for at least a share of a GPU": "至少申请了部分 GPU 的作业",
    "GPUs times running time, summed over jobs of which both are known": (
        "GPU 数乘以运行时间，对两者已知的作业求和"
    ),
    "still running": "仍在运行",
    "started and not ended at {moment}, the last moment of the data; counted until then": (
        "已开始，至数据的最后时刻 {moment} 尚未结束；计至该时刻"
    ),
    # supply
    "Supply": "供给",
    "What the cluster has, and how much of it was held.": "集群有什么，以及占用了多少。",
    "from {source}, taken to be the same all the time": "来自 {source}，假定始终不变",
    "GPUs by type": "各型号 GPU",
    "no job says when it started: GPUs held are shown as if each job had started when it was "
    "submitted": "没有作业给出开始时间：占用的 GPU 按提交即开始显示",
    "GPUs held over time": "随时间占用的 GPU",
    "mean GPUs held": "平均占用 GPU 数",
    "most GPUs held at one moment": "同一时刻占用最多的 GPU",
    "the cluster had at least as many": "集群至少有这么多",
    "supply, utilisation and cost of idle GPUs: {why}": "供给、利用率与空闲 GPU 的费用：{why}",
    "the cluster has no GPU, or the window no length": "集群没有 GPU，或窗口长度为零",
    "GPU-hours in the window": "窗口内的 GPU 时",
    "GPUs times the length of the window": "GPU 数乘以窗口长度",
    "share of GPU-hours held by jobs": "被作业占用的 GPU 时比例",
    "GPU-hours of running jobs within the window over the supply": (
        "窗口内运行作业的 GPU 时除以供给"
    ),
    "a type without nodes is one that jobs name and the cluster does not have": (
        "没有节点的型号：作业提到而集群没有"
    ),
    "no price of a GPU-hour is known for: {types}": "以下型号没有 GPU 时价格：{types}",
    "{count} jobs do not say on which GPU type they ran: utilisation by type is not known, only "
    "that of all": "{count} 个作业未说明 GPU 型号：各型号的利用率未知，只知总体",
    "GPU-hours held": "占用的 GPU 时",
    "share held": "占用比例",
    "price of a GPU-hour": "每 GPU 时价格",
    "cost of the rest": "其余部分的费用",
    "days of the time zone {zone}": "按时区 {zone} 的日期",
    # demand
    "Demand": "需求",
    "What was asked for, by whom, when, and in jobs of which size.": (
        "申请了什么、由谁、何时，以及作业的规模。"
    ),
    "GPU-hours by {group}": "按{group}的 GPU 时",
    "Jobs by size": "作业规模",
    "GPUs of a job": "作业的 GPU 数",
    "Submissions by hour of the week": "一周内各小时的提交",
    "GPU-hours asked for": "申请的 GPU 时",
    "GPUs times the time limit": "GPU 数乘以时限",
    "GPUs times running time": "GPU 数乘以运行时间",
    "GPU-hours used": "使用的 GPU 时",
    "held, times mean utilisation": "占用乘以平均利用率",
    "GPU-hours asked for: no job with GPUs says its time limit": (
        "申请的 GPU 时：没有 GPU 作业给出时限"
    ),
    "GPU-hours used: no job says how busy its GPUs were": "使用的 GPU 时：没有作业给出 GPU 利用率",
    "no job of the window has a GPU": "窗口内没有作业使用 GPU",
    # usage
    "Requested against used": "申请与使用",
    "What jobs asked for, and how much of it they took at their peak.": (
        "作业申请了多少，峰值时用了其中多少。"
    ),
    "{what}: share of the request that was used, median": "{what}：使用占申请的比例，中位数",
    "peak (or time, CPU time) over request, of jobs that say both": (
        "峰值（或时间、CPU 时间）除以申请，限于两者已知的作业"
    ),
    "Used over requested": "使用 / 申请",
    "used over requested": "使用 / 申请",
    "{what} by {group}": "{what}，按{group}",
    "Used over requested: median, 10th to 90th percentile": (
        "使用 / 申请：中位数，第 10 至第 90 百分位"
    ),
    "{what}: no job says both what it asked for and what it took": (
        "{what}：没有作业同时给出申请与使用"
    ),
    "CPU": "CPU",
    "a peak counts for the whole run, so what was used is an upper bound": (
        "峰值按整个运行期计，因此使用量是上界"
    ),
    "share of jobs above their request": "超过申请的作业比例",
    "hours asked for": "申请的小时",
    "hours used": "使用的小时",
    "hours not used": "未使用的小时",
    "asked for, times hours": "申请 × 小时",
    "used, times hours": "使用 × 小时",
    "not used, times hours": "未使用 × 小时",
    "share used": "使用比例",
    # queueing
    "Queueing": "排队",
    "How long jobs waited between submission and start.": "作业从提交到开始等待了多久。",
    "from submission to start, of jobs that say both": "从提交到开始，限于两者已知的作业",
    "waits: no job says both when it was submitted and when it started": (
        "等待时间：没有作业同时给出提交与开始时间"
    ),
    "{count} jobs never started; they are not in these figures": (
        "{count} 个作业从未开始；不在这些数字中"
    ),
    "Waits by {group}": "按{group}的等待",
    "Wait by size of job: median, and up to the 90th percentile": (
        "按作业规模的等待：中位数至第 90 百分位"
    ),
    "wait, median": "等待，中位数",
    "wait, 90th percentile": "等待，第 90 百分位",
    "wait, 99th percentile": "等待，第 99 百分位",
    "wait (s)": "等待（秒）",
    "expansion factor, median": "膨胀系数，中位数",
    "expansion factor, 90th percentile": "膨胀系数，第 90 百分位",
    "(wait + running) / running, with running taken as 10 s at least": (
        "（等待 + 运行）/ 运行，运行至少按 10 秒计"
    ),
}
