"""Job records: the commands that import, show and remove them."""

from __future__ import annotations

from estimator.messages.wording import Wording

WORDINGS = {
    "help.command_watch": Wording(
        "Run a command and remember what it took, in the record of its estimate where "
        "PADDLE_ESTIMATE_ID names one.",
        "运行命令并记录其实际占用；若设置了 PADDLE_ESTIMATE_ID，则写入对应估算的记录。",
    ),
    "help.watch_command": Wording("The command, behind --.", "要运行的命令，写在 -- 之后。"),
    "help.history_import": Wording(
        "Take job records from files: all of them or none, and the same files again add nothing.",
        "从文件导入作业记录：要么全部导入，要么一条不导入；重复导入不会增加记录。",
    ),
    "help.history_add": Wording(
        "Add one job, or more about the job of an estimate (--set estimate_id=ID).",
        "添加一条作业记录，或为某次估算补充结果（--set estimate_id=ID）。",
    ),
    "help.history_list": Wording("Show the newest records.", "列出最新的记录。"),
    "help.history_show": Wording("Show all that is known of one job.", "显示一个作业的全部信息。"),
    "help.history_stats": Wording("Count jobs by a field.", "按字段统计作业。"),
    "help.history_check": Wording(
        "Show what looks wrong in the records.", "检查记录中的可疑之处。"
    ),
    "help.history_export": Wording(
        "Write every record as a line of JSON.", "把每条记录写成一行 JSON。"
    ),
    "help.history_prune": Wording("Remove the records that are named.", "删除指定的记录。"),
    "help.import_files": Wording("Files to import.", "要导入的文件。"),
    "help.format": Wording(
        "What the files are: table (with --map), records (of history export), slurm (sacct -P), "
        "kubernetes (kubectl get jobs,pods -o json), "
        "philly, philly-csv, helios, acme, pai, openb, eagle or paddle-log.",
        "文件格式：table（配合 --map）、records（history export 的输出）、slurm（sacct -P）、"
        "kubernetes（kubectl get jobs,pods -o json）、"
        "philly、philly-csv、helios、acme、pai、openb、eagle 或 paddle-log。",
    ),
    "help.store": Wording(
        "Where the records are: sqlite:///FILE, duckdb:///FILE or postgresql://...; by default "
        "PADDLE_ESTIMATE_STORE, or a file of your own.",
        "记录的存放处：sqlite:///文件、duckdb:///文件 或 postgresql://...；"
        "默认取 PADDLE_ESTIMATE_STORE， 否则为用户自己的文件。",
    ),
    "help.import_estimate_id": Wording(
        "The estimate that the one job of the file belongs to.", "文件中唯一的作业所属的估算。"
    ),
    "help.prometheus": Wording(
        "Prometheus server that knows what jobs of --format kubernetes took.",
        "Prometheus 服务器，--format kubernetes 的作业用量由此查询。",
    ),
    "help.follow": Wording(
        "Import again whenever a file has grown, until interrupted or terminated.",
        "文件增长时再次导入，直到被中断或终止。",
    ),
    "help.encoding": Wording("Encoding of the files, such as gbk.", "文件的编码，如 gbk。"),
    "help.where": Wording(
        "Only records with this value, such as user=mei; repeatable.",
        "仅限此值的记录，如 user=mei；可重复。",
    ),
    "history.nothing": Wording("nothing found", "没有结果"),
    "help.since": Wording(
        "Only jobs submitted at this date or later.", "仅限此日期及之后提交的作业。"
    ),
    "help.before": Wording("Only jobs submitted before this date.", "仅限此日期之前提交的作业。"),
    "help.limit": Wording("Most records to show.", "最多显示的记录数。"),
    "help.by": Wording("Field to count by.", "用于统计的字段。"),
    "help.id": Wording("Identifier of a record; repeatable.", "记录的标识；可重复。"),
    "help.record_id": Wording("Identifier of a record.", "记录的标识。"),
    "history.imported": Wording(
        "{rows} rows read: {added} records added, {changed} changed, {unchanged} known already",
        "读取 {rows} 行：新增 {added} 条记录，更新 {changed} 条，已有 {unchanged} 条",
    ),
    "history.removed": Wording("{count} records removed", "已删除 {count} 条记录"),
    "error.no_facts": Wording("nothing is told of the job", "没有提供作业的任何信息"),
    "error.no_record": Wording("there is no record '{identifier}'", "没有记录 '{identifier}'"),
    "error.prune_all": Wording(
        "no records are named, and all of them would be too many",
        "没有指定记录，而不会一次删除全部",
    ),
    "error.no_text_field": Wording(
        "'{name}' is no text field of a record", "'{name}' 不是记录的文本字段"
    ),
    "error.date": Wording(
        "'{words}' is not a date; write it like 2024-01-31", "'{words}' 不是日期；请写成 2024-01-31"
    ),
}
