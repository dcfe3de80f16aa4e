"""Of :mod:`estimator.report`: waste, changes, risk, our own score, method."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    # waste and changes
    "Waste, and the changes to make": "浪费，以及应作的改动",
    "GPU-hours of jobs that failed, and those that GPUs were held and not busy; then what "
    "templates should ask for instead.": (
        "失败作业的 GPU 时，以及占而不忙的 GPU 时；然后是模板应改为申请多少。"
    ),
    "GPU-hours of jobs that failed": "失败作业的 GPU 时",
    "failed, out of memory, killed, timed out, preempted, or node lost": (
        "失败、内存不足、被杀、超时、被抢占或节点丢失"
    ),
    "GPU-hours held and not busy": "占而不忙的 GPU 时",
    "GPU-hours times (1 - mean utilisation), of the other jobs that say it": (
        "GPU 时 ×（1 − 平均利用率），限于其余给出利用率的作业"
    ),
    "cost of both": "两者的费用",
    "both at the price of their GPU type": "两者按各自 GPU 型号的价格",
    "GPU-hours of failed jobs: no job says how it ended": "失败作业的 GPU 时：没有作业给出结束方式",
    "idle GPUs: no job says how busy its GPUs were": "空闲的 GPU：没有作业给出 GPU 利用率",
    "money: no price is known for the GPU type of {count} of {all} jobs": (
        "费用：{all} 个作业中有 {count} 个的 GPU 型号没有价格"
    ),
    "changes: no template has {count} past jobs that say both what they asked for and what they "
    "took, and would ask for something else": (
        "改动：没有模板有 {count} 个同时给出申请与使用的历史作业且应改变申请"
    ),
    "Waste by {group}": "按{group}的浪费",
    "failed or idle": "失败或空闲",
    "failed": "失败",
    "of these, out of memory": "其中内存不足",
    "held and not busy": "占而不忙",
    "cancelled (not counted)": "取消（不计）",
    "cost of failed or idle": "失败或空闲的费用",
    "Changes to templates, most valuable first": "模板的改动，价值最高者在前",
    "asks for": "现申请",
    "should ask for": "应申请",
    "past jobs behind it": "所依据的历史作业",
    "jobs of the window": "窗口内的作业",
    "GiB-hours saved": "节省的 GiB 时",
    "saved": "节省",
    "chance of needing more": "不足的可能",
    "confidence": "把握",
    "change to the template": "对模板的改动",
    "less than nothing saved: such a template runs out of memory and should ask for more": (
        "节省为负：该模板内存不足，应申请更多"
    ),
    "{reasons}": "{reasons}",
    "{count} past jobs of the {level}, {killed} of them killed (lower bounds)": (
        "{count} 个同{level}的历史作业，其中 {killed} 个被杀（只是下界）"
    ),
    "{count} jobs of the window ran out of memory": "窗口内有 {count} 个作业内存不足",
    "a job cost {mean} on {best} ({n} jobs) and {more} on {gpu} ({m} jobs)": (
        "一个作业在 {best} 上费用为 {mean}（{n} 个作业），在 {gpu} 上为 {more}（{m} 个作业）"
    ),
    "{count} past jobs of the {level} took up to {longest}": (
        "{count} 个同{level}的历史作业最长用 {longest}"
    ),
    "{count} jobs of the window ran into the limit": "窗口内有 {count} 个作业达到时限",
    "a job that hangs ends sooner, and a short one finds a gap": (
        "挂起的作业更早结束，短作业更容易插入空隙"
    ),
    "95 % of {count} past jobs kept at most {busy} of their GPUs busy in the mean; 25 % more are "
    "left for bursts": "{count} 个历史作业中 95 % 平均至多有 {busy} 个 GPU 在忙；另留 25 % 余量",
    "how much device memory they take is not known: look at it first": "显存用量未知：请先查明",
    "changes of memory and time limits are learnt from {count} jobs that say their request": (
        "内存与时限的改动依据 {count} 个给出申请的作业"
    ),
    "changes of memory and time limits are learnt from the latest {count} of {all} jobs that say "
    "their request": "内存与时限的改动依据 {all} 个给出申请的作业中最近的 {count} 个",
    "number of GPUs": "GPU 数",
    "GPU-hours saved": "节省的 GPU 时",
    # risk
    "Risk": "风险",
    "Jobs that got too little or almost did, and how far our predictions held.": (
        "资源不足或险些不足的作业，以及预测是否成立。"
    ),
    "failures: no job says how it ended": "失败：没有作业给出结束方式",
    "near misses: no job says both its request and its peak of memory": (
        "险些不足：没有作业同时给出内存的申请与峰值"
    ),
    "our own predictions: no job has both a prediction and what happened": (
        "本工具的预测：没有作业同时有预测与结果"
    ),
    "of jobs that say how they ended": "限于给出结束方式的作业",
    "out of memory": "内存不足",
    "failed in any way": "以任何方式失败",
    "near misses": "险些不足",
    "peak of 95 % to 100 % of the request, of jobs that say both": (
        "峰值为申请的 95 % 至 100 %，限于两者已知的作业"
    ),
    "Failures and near misses by template": "按模板的失败与险些不足",
    "out of memory, share": "内存不足的比例",
    "above their request": "超过申请",
    "Stated intervals against what happened": "所述区间与实际",
    "within the interval": "在区间内",
    "above the interval": "高于区间",
    "median error": "误差中位数",
    # our own advice
    "Score of our own advice": "对本工具建议的评分",
    "Jobs whose request came from this tool: what was predicted against what happened.": (
        "由本工具给出申请的作业：预测与实际。"
    ),
    "no job of the window has a prediction of this tool in its record": (
        "窗口内没有作业的记录含有本工具的预测"
    ),
    "jobs that we advised": "本工具建议过的作业",
    "jobs with a prediction of ours in their record": "记录中有本工具预测的作业",
    "got too little host memory": "内存不足",
    "peak above the request, or out of memory": "峰值超过申请，或内存不足",
    "regret": "遗憾",
    "host memory asked for and not needed, and all of it where the job got too little: what a "
    "request that knew the peak would have saved": (
        "申请而未用的内存，以及不足作业的全部内存：若事先知道峰值可节省的量"
    ),
    "Predicted against what happened": "预测与实际",
    "happened over predicted, median": "实际 / 预测，中位数",
    "Realised savings of host memory": "已实现的内存节省",
    "jobs that asked by themselves": "自行申请的作业",
    "they asked for, median": "自行申请，中位数",
    "we asked for, median": "本工具申请，中位数",
    "under-allocations and regret: no advised job says its peak of host memory": (
        "不足与遗憾：没有被建议的作业给出内存峰值"
    ),
    "no advised job says what happened to its {what}": "没有被建议的作业给出其{what}的实际值",
    # method
    "Method and sources": "方法与来源",
    "How all of this was counted, and from what.": "以上如何统计，数据来自何处。",
    "job records": "作业记录",
    "cluster": "集群",
    "origin {name}": "来源 {name}",
    "{count} jobs of the window": "窗口内的 {count} 个作业",
    "Sources": "来源",
    "A job belongs to the window in which it was submitted; where that is not known, in which it "
    "started. GPUs held, supply and utilisation count running time within the window, of all "
    "jobs.": (
        "作业属于其提交时所在的窗口；提交时间未知则按开始时间。占用的 GPU、供给与利用率按窗口内"
        "所有作业的运行时间计。"
    ),
    "A share of a GPU counts as that share; GPU-hours are GPUs times running time.": (
        "部分 GPU 按其份额计；GPU 时为 GPU 数乘以运行时间。"
    ),
    "A job that still runs counts until the last moment of the data.": (
        "仍在运行的作业计至数据的最后时刻。"
    ),
    "Quantiles have distribution-free intervals from order statistics, shares have Wilson's; means "
    "over simulated jobs are bounded by drawing whole weeks again. All at 95 %.": (
        "分位数的区间来自次序统计量（与分布无关），比例用 Wilson 区间；模拟作业的均值以整周重抽样"
        "定界。均为 95 %。"
    ),
    "A value that the data does not have is left out of its figure, and n says how many were "
    "there; nothing is filled in.": "数据中没有的值不计入相应数字，n 表示有多少个；不作任何填补。",
    "Memory advice: the amount whose expected cost is least, given past peaks of the template and "
    "the price of running out of memory (see `history recommend`). Jobs that ran out of memory or "
    "were stopped are lower bounds, never peaks.": (
        "内存建议：根据模板的历史峰值与内存不足的代价，取期望代价最小的量"
        "（见 `history recommend`）。"
        "内存不足或被停止的作业只作下界，绝不作峰值。"
    ),
    "What-if and packing: each job is placed as it was submitted, on one node where it fits on "
    "one, else on whole nodes, the fullest first; nobody submits less because queues are long.": (
        "假设推演与装箱：每个作业按提交时的样子放置，一个节点放得下则放在一个节点，否则占用整节点，"
        "最满者优先；不考虑因排队而少提交。"
    ),
}
