"""The texts of the service: its problems and its command."""

from __future__ import annotations

from estimator.messages.wording import Wording

WORDINGS = {
    "problem.bad-input": Wording("The request cannot be used as it is", "请求不可用"),
    "problem.user-code-failed": Wording("The model's own code failed", "模型自身的代码失败"),
    "problem.internal-error": Wording("A defect of paddle-estimate", "paddle-estimate 的缺陷"),
    "problem.interrupted": Wording("Interrupted", "被中断"),
    "problem.interrupted_detail": Wording(
        "the workers died each time that this estimate was begun",
        "每次开始此估算时工作进程都会终止",
    ),
    "problem.wrong-host": Wording("Unknown host name", "未知的主机名"),
    "problem.wrong-host_detail": Wording(
        "the service is not called by this name; its owner adds names by --public-host",
        "服务没有使用这个名称；可由其所有者通过 --public-host 添加",
    ),
    "problem.foreign-origin": Wording("A request from a foreign page", "来自其他站点页面的请求"),
    "problem.foreign-origin_detail": Wording(
        "a browser says that another site's page has sent it",
        "浏览器表明该请求由其他站点的页面发出",
    ),
    "problem.malformed": Wording("The request cannot be read", "无法读取请求"),
    "problem.malformed_detail": Wording("it is not well-formed", "格式不正确"),
    "problem.too-large": Wording("Too large", "过大"),
    "problem.too-large_detail": Wording(
        "the upload is larger than --max-upload allows", "上传内容超过 --max-upload 的上限"
    ),
    "problem.too-many-requests": Wording("Too many requests", "请求过多"),
    "problem.too-many-requests_detail": Wording(
        "wait as long as Retry-After says", "请按 Retry-After 等待"
    ),
    "problem.queue-full": Wording("Too many estimates under way", "进行中的估算过多"),
    "problem.queue-full_detail": Wording(
        "wait for some to end, or cancel some", "请等待其中一些结束，或取消一些"
    ),
    "problem.unauthenticated": Wording("A token is needed", "需要令牌"),
    "problem.unauthenticated_detail": Wording(
        "send Authorization: Bearer TOKEN, or sign in at /login",
        "请发送 Authorization: Bearer TOKEN，或在 /login 登录",
    ),
    "problem.not-found": Wording("Not found", "未找到"),
    "problem.not-found_detail": Wording("there is nothing of this name", "没有该名称的内容"),
    "problem.wrong-method": Wording("Not possible here", "此处不可用"),
    "problem.wrong-method_detail": Wording(
        "this address does not take the method", "该地址不接受此方法"
    ),
    "problem.not-done": Wording("Not done yet", "尚未完成"),
    "problem.not-done_detail": Wording("the estimate has no result", "该估算没有结果"),
    "problem.not-yours": Wording("Somebody else's estimate", "他人的估算"),
    "problem.not-yours_detail": Wording(
        "only who asked for it, and admins, may stop it", "只有提交者和管理员可以停止它"
    ),
    "problem.admins-only": Wording("For admins only", "仅限管理员"),
    "problem.admins-only_detail": Wording("the token has another role", "令牌的角色不符"),
    "problem.key-reused": Wording("The key was used before", "该键已被使用"),
    "problem.key-reused_detail": Wording(
        "the Idempotency-Key belongs to an estimate with other options",
        "该 Idempotency-Key 属于选项不同的另一次估算",
    ),
    "problem.no-uploads": Wording("No uploads here", "此处不接受上传"),
    "problem.no-uploads_detail": Wording(
        "this machine has no sandbox (bubblewrap); registered models can be estimated",
        "本机没有沙箱（bubblewrap）；可以估算已注册的模型",
    ),
    "problem.no-such-column": Wording("No such column", "没有该列"),
    "problem.no-such-column_detail": Wording(
        "groups are made by a text field of the records", "只能按记录的文本字段分组"
    ),
    "problem.not-json-nor-form": Wording("Neither JSON nor a form", "既不是 JSON 也不是表单"),
    "problem.not-json-nor-form_detail": Wording(
        "send application/json or multipart/form-data",
        "请发送 application/json 或 multipart/form-data",
    ),
    "ready.no_database": Wording("the database does not answer", "数据库没有响应"),
    "ready.no_worker": Wording(
        "no worker is ready; the first start on a machine builds the virtual GPU",
        "工作进程尚未就绪；在一台机器上首次启动时会编译虚拟 GPU",
    ),
    "serve.listening": Wording(
        "listening on http://{host}:{port}", "正在监听 http://{host}:{port}"
    ),
    "serve.no_uploads": Wording(
        "uploads are refused: there is no sandbox (install bubblewrap)",
        "不接受上传：没有沙箱（请安装 bubblewrap）",
    ),
    "serve.missing": Wording("{module} is not installed", "未安装 {module}"),
    "serve.no_engine": Wording(
        "'{name}' is no place for dry steps", "'{name}' 不是可运行试运行步骤的位置"
    ),
    "serve.no_tokens": Wording(
        "{host} can be reached from other machines, and there are no tokens",
        "{host} 可从其他机器访问，但没有设置令牌",
    ),
    "help.command_serve": Wording("Serve the API and its page.", "提供 API 与网页服务。"),
    "help.host": Wording("Address to listen on.", "监听地址。"),
    "help.port": Wording("Port to listen on.", "监听端口。"),
    "help.database": Wording(
        "Where runs and results are kept: a file, or postgresql://...",
        "运行与结果的存储位置：文件，或 postgresql://...",
    ),
    "help.data_dir": Wording("Folder of the embedded database.", "内置数据库所在目录。"),
    "help.workers": Wording(
        "Estimates at a time (0: one for every two cores).", "同时进行的估算数（0：每两个核一个）。"
    ),
    "help.models": Wording(
        "Folder of registered models; the samples without one.",
        "已注册模型的目录；默认为示例模型。",
    ),
    "help.tokens": Wording(
        "YAML list of name, role and sha256; needed beyond this machine.",
        "由 name、role、sha256 组成的 YAML 列表；供其他机器访问时必需。",
    ),
    "help.public_host": Wording(
        "Name by which browsers call the service.", "浏览器访问服务时使用的名称。"
    ),
    "help.allow_unsafe_uploads": Wording(
        "Run uploaded code even without a sandbox.", "即使没有沙箱也运行上传的代码。"
    ),
    "help.max_memory": Wording("Memory that one estimate may take.", "单次估算可用的内存。"),
    "help.max_upload": Wording("Largest upload.", "上传大小上限。"),
    "help.max_queued": Wording(
        "Estimates that one user may have waiting or under way.",
        "单个用户等待中或进行中的估算数上限。",
    ),
    "help.dry_step_on": Wording(
        "Where the dry steps run: a Dask cluster, or a Kubernetes cluster with GPUs.",
        "试运行步骤的运行位置：Dask 集群，或带 GPU 的 Kubernetes 集群。",
    ),
    "help.model_dry_step_on": Wording(
        "Run the training step on a GPU of the Kubernetes cluster that kubectl would use.",
        "在 kubectl 所用 Kubernetes 集群的 GPU 上运行训练步。",
    ),
    "error.only_here": Wording(
        "this command runs its steps on this machine", "此命令只能在本机运行训练步"
    ),
    "help.keep_days": Wording(
        "How long runs, results and the audit log are kept.", "运行、结果与审计日志的保留天数。"
    ),
    "help.max_rate": Wording("Requests of one token in a minute.", "单个令牌每分钟的请求数。"),
    "panel.service": Wording("Service", "服务"),
    "panel.safety": Wording("Safety", "安全"),
}
