"""The capacity report: the command and the frame of the page. What it says is in its sections."""

from __future__ import annotations

from estimator.messages.wording import Wording

WORDINGS = {
    "panel.report": Wording("Report", "报告"),
    "help.command_report": Wording(
        "A capacity report: what was asked for and used, what is wasted, what will be needed, and "
        "what if. One HTML file, with JSON and tables beside it.",
        "容量报告：申请与使用、浪费、未来需求与假设推演。一个 HTML 文件，并附 JSON 与数据表。",
    ),
    "help.report_jobs": Wording(
        "Files of past jobs (--format), or the address of a store such as sqlite:///FILE; your "
        "own records if none is named.",
        "历史作业文件（--format），或存储地址，如 sqlite:///FILE；不指定则用自己的记录。",
    ),
    "help.cluster": Wording(
        "What the cluster has: YAML with nodes and prices, or `kubectl get nodes -o json`.",
        "集群的组成：含节点与价格的 YAML，或 `kubectl get nodes -o json` 的输出。",
    ),
    "help.report_out": Wording(
        "The HTML file to write; report.json and a folder of tables go beside it.",
        "要写入的 HTML 文件；旁边会有 JSON 与数据表文件夹。",
    ),
    "help.section": Wording(
        "Only this section; repeatable: scope, supply, demand, usage, waste, risk, queueing, "
        "packing, forecast, whatif, score, method.",
        "只要此节；可重复：scope、supply、demand、usage、waste、risk、queueing、packing、forecast、"
        "whatif、score、method。",
    ),
    "help.report_since": Wording("Jobs submitted from this date on.", "此日期起提交的作业。"),
    "help.report_before": Wording("Jobs submitted before this date.", "此日期之前提交的作业。"),
    "help.compare": Wording(
        "Compare with the time from this date until the window begins (needs --since).",
        "与此日期到窗口开始之间的时期比较（需要 --since）。",
    ),
    "help.report_by": Wording("What jobs are grouped by.", "作业的分组依据。"),
    "help.what_if": Wording(
        "What to replay the jobs with: adopt (all changes), A100+8, A100-8, A100=64,T4=0 or "
        "queue:NAME=16; repeatable.",
        "重放作业时的假设：adopt（采纳所有改动）、A100+8、A100-8、A100=64,T4=0 或 "
        "queue:NAME=16；可重复。",
    ),
    "help.timezone": Wording(
        "Time zone of days and hours, such as Asia/Shanghai.",
        "日期与小时的时区，如 Asia/Shanghai。",
    ),
    "help.tables": Wording("Format of the tables beside the page.", "数据表的格式。"),
    "report.made": Wording(
        "paddle-estimate {version}, {moment}, from {source}",
        "paddle-estimate {version}，{moment}，数据来自 {source}",
    ),
    "report.against": Wording("against {start} – {end}", "对比 {start} – {end}"),
    "report.contents": Wording("Contents", "目录"),
    "report.lacking": Wording("Not in the data:", "数据中没有："),
    "report.earlier": Wording("earlier: {value}", "此前：{value}"),
    "report.more_rows": Wording(
        "{count} more rows in the files beside the page", "另有 {count} 行，见页面旁的文件"
    ),
    "report.written": Wording(
        "{jobs} jobs: {page}, {document}, and {tables} tables in {folder}",
        "{jobs} 个作业：{page}、{document}，以及 {folder} 中的 {tables} 张表",
    ),
    "stage.read_records": Wording("reading job records", "读取作业记录"),
    "stage.report": Wording("counting", "统计"),
    "stage.write": Wording("drawing and writing", "绘图与写入"),
    "error.window": Wording("a window must end after it begins", "窗口的结束须晚于开始"),
    "error.no_records": Wording("there is no job to report on", "没有可报告的作业"),
    "error.no_section": Wording("there is no section '{name}'", "没有 '{name}' 这一节"),
    "error.time_zone": Wording("'{name}' is no time zone", "'{name}' 不是时区"),
    "error.compare": Wording(
        "an earlier period needs a window that begins after it",
        "对比的时期须早于窗口的开始",
    ),
}
