"""Of :mod:`estimator.report`: packing, what if, forecast."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    # packing
    "Packing": "装箱",
    "Each job placed on the nodes at the moment it started: which GPUs are free and of no use, and "
    "the largest job that still fits.": (
        "在每个作业开始的时刻将其放到节点上：哪些 GPU 空闲却无用，以及仍放得下的最大作业。"
    ),
    "free GPU-hours while a job waited that would fit into their number, not places": (
        "有作业等待时的空闲 GPU 时：数量够而位置不够"
    ),
    "placement of jobs on nodes: {why}": "作业在节点上的放置：{why}",
    "no job can be placed on the nodes of the cluster": "没有作业可以放到集群的节点上",
    "GPUs held and stranded by type": "各型号占用与搁置的 GPU",
    "Largest job that fits, by share of the time": "按时间比例，放得下的最大作业",
    "Largest job that fits 90 % of the time": "90 % 的时间放得下的最大作业",
    "stranded GPUs": "搁置的 GPU",
    "hours simulated, all GPU types together": "模拟的小时数，各 GPU 型号合计",
    "from the first arrival to the last end": "从首个到达至最后结束",
    "all GPUs": "全部 GPU",
    "{count} of {jobs} jobs found no room at their moment and waited: the cluster had more GPUs "
    "than described, or jobs shared them": (
        "{jobs} 个作业中有 {count} 个当时没有位置而等待：集群的 GPU 比描述的多，或作业共享了 GPU"
    ),
    "{count} jobs are larger than the cluster": "{count} 个作业大于整个集群",
    "{count} jobs with GPUs are not replayed: they never ran, have no time, or name a GPU type "
    "that the cluster does not have": (
        "{count} 个 GPU 作业未被重放：从未运行、没有时间，或其 GPU 型号集群没有"
    ),
    "{count} earlier jobs are not replayed": "更早的 {count} 个作业未被重放",
    "mean GPUs stranded": "平均搁置 GPU 数",
    "GPU-hours stranded": "搁置的 GPU 时",
    "on one node": "在一个节点上",
    "on several nodes": "跨多个节点",
    "GPUs that fit 99 % of the time": "99 % 的时间放得下的 GPU 数",
    "90 % of the time": "90 % 的时间",
    "half of the time": "一半的时间",
    # what if
    "What if": "假设推演",
    "The same jobs replayed on another cluster, under other limits, or with our advice taken.": (
        "在另一集群、其他限额下，或采纳建议后，重放同样的作业。"
    ),
    "first come, first served": "先到先得",
    "backfill": "回填",
    "as it is": "现状",
    "all changes adopted": "采纳所有改动",
    "of the replay as it is; bounded by drawing whole weeks again": (
        "按现状重放；以整周重抽样定界"
    ),
    "replayed with {rule}": "以“{rule}”重放",
    "replayed with {rule}, whose mean wait is nearer to the trace's own": (
        "以“{rule}”重放，其平均等待更接近轨迹自身"
    ),
    "a replay needs to know the cluster: {why}": "重放需要知道集群：{why}",
    "the trace's jobs waited {own} in the mean, the replay's {ours}: something else than the "
    "number of GPUs of this cluster decides, so take differences with care": (
        "轨迹中作业平均等待 {own}，重放为 {ours}：等待并非由本集群的 GPU 数量决定，差值须谨慎看待"
    ),
    "mean wait, as it is": "平均等待，现状",
    "share of GPU-hours held, as it is": "占用的 GPU 时比例，现状",
    "What each would change": "各项带来的变化",
    "the trace itself": "轨迹自身",
    "The replay against the trace's own waits": "重放与轨迹自身的等待",
    "Mean wait of each what-if": "各假设的平均等待",
    "what if": "假设",
    "mean wait": "平均等待",
    "mean wait (h)": "平均等待（小时）",
    "longer than now": "比现在长",
    "cost of the cluster, a week": "集群每周费用",
    "jobs that never fit": "始终放不下的作业",
    "jobs and their running times are those of the trace; only waits differ": (
        "作业与运行时间同轨迹；只有等待不同"
    ),
    "the trace does not say how long jobs waited: the replay cannot be checked": (
        "轨迹未给出等待时间：重放无法核对"
    ),
    "there is no change to adopt": "没有可采纳的改动",
    "jobs that waited over 1 s": "等待超过 1 秒的作业",
    "'{words}' is no what-if": "'{words}' 不是假设",
    # forecast
    "Forecast": "预测",
    "What will be needed in the weeks ahead, if things go on as they did.": (
        "若照旧发展，未来数周需要什么。"
    ),
    "naive: the last week again": "朴素：重复上周",
    "mean of the last four weeks": "最近四周平均",
    "exponential smoothing": "指数平滑",
    "mean of the three": "三者平均",
    "as chosen here": "按此处的选择",
    "jobs submitted": "提交的作业",
    "GPU-hours of all jobs": "所有作业的 GPU 时",
    "GPU-hours of team {name}": "团队 {name} 的 GPU 时",
    "GPU-hours on {name}": "{name} 上的 GPU 时",
    "the naive forecast was beaten on every series": "每个序列都胜过朴素预测",
    "the naive forecast was not beaten, so it is what is shown, for: {names}": (
        "以下未能胜过朴素预测，因此采用朴素预测：{names}"
    ),
    "in the back-test fewer weeks than meant lay within the bands; take these as too narrow: "
    "{names}": "回测中落在区间内的周少于预期；以下区间应视为过窄：{names}",
    "series that are shorter than {weeks} weeks and get no forecast: {count}": (
        "短于 {weeks} 周而没有预测的序列：{count} 个"
    ),
    "Weeks ahead": "未来各周",
    "Back-test: each model at many moments of the past, knowing only what was before": (
        "回测：各模型在过去许多时刻，只知此前的数据"
    ),
    "{what} by week, and the weeks ahead with their band": "{what}，按周；未来各周附区间",
    "bands are meant to hold {share} of the weeks": "区间应包含 {share} 的周",
    "{what}, next week": "{what}，下周",
    "80 % band; days behind it": "80 % 区间；所依据的天数",
    "{what}: weeks that the bands held in the back-test": "{what}：回测中区间包含的周",
    "meant to be 80 %, over {weeks} weeks ahead": "应为 80 %，至未来 {weeks} 周",
    "too few weeks": "周数太少",
    "week": "周",
    "begins": "开始",
    "forecast": "预测值",
    "band, lower": "区间下界",
    "band, upper": "区间上界",
    "by": "方法",
    "weeks forecast": "预测的周数",
    "error over truth": "误差 / 真值",
    "error over that of the naive one": "误差 / 朴素误差",
    "weeks within the band": "区间内的周",
    "weeks with a band": "有区间的周数",
}
