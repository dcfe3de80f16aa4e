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
    "help.history_own_files": Wording(
        "Tables of past jobs; your own records if none is named.",
        "历史作业的表格；不指定则使用自己的记录。",
    ),
    "help.history_fit": Wording(
        "Learn from past jobs and keep what was learnt, if it is no worse than what is kept now.",
        "从历史作业中学习；若不差于现有模型则保存。",
    ),
    "help.history_evaluate": Wording(
        "How often bounds held, and how far predictions were off, on jobs not known before.",
        "在未知作业上，上界成立的比例与预测的误差。",
    ),
    "help.history_drift": Wording(
        "Which kinds of job take more or less than they used to.", "哪些作业的用量与以前不同。"
    ),
    "help.history_recommend": Wording(
        "What memory a job should ask for, from what was learnt, with the reasons.",
        "根据学到的规律，作业应申请多少内存，并给出理由。",
    ),
    "help.model_file": Wording("File of the fitted model.", "拟合模型的文件。"),
    "help.replace": Wording(
        "Replace the model that is kept, better or not.", "无论优劣都替换现有模型。"
    ),
    "help.request": Wording(
        "What the job asks for now, such as 16Gi.", "作业目前申请的量，如 16Gi。"
    ),
    "help.name": Wording("Name of the model that is trained.", "所训练模型的名称。"),
    "help.user": Wording("Who submits the job.", "提交作业的用户。"),
    "help.target": Wording("Which memory.", "哪种内存。"),
    "error.no_jobs": Wording(
        "there are no past jobs with an outcome to learn from", "没有可供学习的、已有结果的历史作业"
    ),
    "error.no_fitted_model": Wording(
        "nothing has been learnt from past jobs yet", "尚未从历史作业中学到任何内容"
    ),
    "fit.kept": Wording(
        "kept version {version} ({path}): on {jobs} jobs that it had not seen it was better than a "
        "model of the earlier jobs (loss {champion} against {challenger}); --replace takes the new "
        "one anyway",
        "保留第 {version} 版（{path}）：在 {jobs} 个它未见过的作业上，它优于由更早作业拟合的模型"
        "（损失 {champion} 对 {challenger}）；--replace 可强制替换",
    ),
    "fit.made": Wording(
        "version {version} of {jobs} jobs, {compared} comparisons, "
        "fingerprint {fingerprint}: {path}",
        "第 {version} 版：{jobs} 个作业，{compared} 次比较，指纹 {fingerprint}：{path}",
    ),
    "evaluate.title": Wording(
        "{target}, held against what was {basis}: {jobs} jobs, {killed} killed",
        "{target}，对照 {basis}：{jobs} 个作业，其中 {killed} 个被终止",
    ),
    "evaluate.how": Wording("jobs not known", "未知的作业"),
    "evaluate.jobs": Wording("jobs", "作业数"),
    "evaluate.covered": Wording("covered by\n90 / 95 / 99 %", "覆盖率\n90 / 95 / 99 %"),
    "evaluate.templates": Wording(
        "templates of 100\nshort by a point\n(beyond chance)",
        "百个作业以上的模板\n低于 1 个百分点\n（超出偶然）",
    ),
    "evaluate.below": Wording("strictly below\n90 / 95 / 99 %", "严格低于上界\n90 / 95 / 99 %"),
    "evaluate.by_unit": Wording("within a point\nby unit", "按单位在\n1 个百分点内"),
    "evaluate.fan_outs": Wording(
        "by submission, each of {count} fan-outs (up to {largest} jobs) counting once: {shares} %",
        "按提交时间，{count} 次批量提交（至多 {largest} 个作业）各计一次：{shares} %",
    ),
    "evaluate.by_template": Wording(
        "by completion, templates of 100 jobs, the least covered first ({shown} of {count})",
        "按完成时间，百个作业以上的模板，覆盖率最低者在前（{count} 个中的 {shown} 个）",
    ),
    "evaluate.template": Wording("template", "模板"),
    "evaluate.unit": Wording("recorded in", "记录单位"),
    "evaluate.interval": Wording(
        "95 % interval of the\ncovered share, by chance", "覆盖率的\n95 % 区间（偶然）"
    ),
    "evaluate.width": Wording("95 % bound\n/ actual", "95 % 上界\n/ 实际"),
    "evaluate.error": Wording("median error\nalone / corrected", "中位误差\n原值 / 修正"),
    "evaluate.time_ordered": Wording("later ones, by completion", "按完成时间在后的"),
    "evaluate.time_ordered_at_submission": Wording("later ones, by submission", "按提交时间在后的"),
    "evaluate.leave_template_out": Wording("of other templates", "其他模板的"),
    "evaluate.leave_gpu_type_out": Wording("on other GPU types", "其他 GPU 型号上的"),
    "drift.none": Wording(
        "{tested} kinds of job tested, none has changed", "检验了 {tested} 类作业，均无变化"
    ),
    "drift.found": Wording(
        "{changed} of {tested} kinds of job have changed",
        "{tested} 类作业中有 {changed} 类发生变化",
    ),
    "drift.line": Wording(
        "{target} of {kind}: {change} since {since} ({recent} jobs against {earlier}, p {p})",
        "{kind} 的 {target}：自 {since} 起 {change}（{recent} 个作业对 {earlier} 个，p {p}）",
    ),
    "recommend.ask": Wording(
        "ask for {amount} instead of {requested} ({share}); chance of needing more: {risk}",
        "申请 {amount}，而非 {requested}（{share}）；需要更多的概率：{risk}",
    ),
    "recommend.interval": Wording(
        "90 % of such jobs take {lower} to {upper}", "90 % 的此类作业占用 {lower} 至 {upper}"
    ),
    "summary.history": Wording("Past jobs", "历史作业"),
    "summary.near": Wording(
        "a past job like this one, {identifier}: {took}; {status}; {differs}",
        "类似的历史作业 {identifier}：{took}；{status}；{differs}",
    ),
    "summary.near_device": Wording("{size} on the device", "显存 {size}"),
    "summary.near_host": Wording("{size} on the host", "内存 {size}"),
    "summary.near_step": Wording("{time} a step", "每步 {time}"),
    "summary.near_duration": Wording("{time} in all", "共 {time}"),
    "summary.near_unknown": Wording("how it ended is not known", "结局不明"),
    "summary.near_same": Wording("the same in all that is known", "已知各项均相同"),
    "summary.learnt": Wording(
        "{what} on {gpu}: {before} before, {after} corrected ({lower} to {upper}); "
        "past jobs: {levels}",
        "{gpu} 的{what}：修正前 {before}，修正后 {after}（{lower} 至 {upper}）；历史作业：{levels}",
    ),
}
