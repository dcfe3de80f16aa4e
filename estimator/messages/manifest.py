"""What is said about manifests: reasons of values and notes."""

from __future__ import annotations

from estimator.messages.wording import Wording

WORDINGS = {
    # the command
    "yaml.devices_replaced": Wording(
        "the command said {old}; the plan is for {new}, so that is what the YAML says",
        "命令写的是 {old}；方案为 {new}，YAML 以方案为准",
    ),
    # several nodes
    "yaml.one_group": Wording("one group of nodes", "一组节点"),
    "yaml.gang_restart": Wording(
        "all nodes start again together, at most {times} times", "所有节点一起重启，至多 {times} 次"
    ),
    "yaml.no_restart_when_late": Wording(
        "a job that ran out of time would do so again", "超时的作业重来也会超时"
    ),
    "yaml.all_or_none": Wording(
        "all nodes are scheduled together or none, so that no GPU waits for the others",
        "所有节点要么一起调度，要么都不调度，GPU 不会空等",
    ),
    "yaml.volcano_plugins": Wording(
        "env gives each node its index, svc gives it a name that holds before it is ready",
        "env 给出节点编号，svc 给出就绪前即可解析的名称",
    ),
    "yaml.volcano_restarts": Wording(
        "Volcano starts the whole job again, counted by maxRetry; a container that restarts by "
        "itself would never stop",
        "由 Volcano 整体重启，并按 maxRetry 计数；容器自行重启则不会停止",
    ),
    "yaml.nothing_limits_restarts": Wording(
        "nothing here limits how often a container would start again",
        "此类作业无法限制容器重启的次数",
    ),
    "yaml.no_gang_restart": Wording(
        "a {kind} does not start all nodes again when one is lost: it fails, and has to be "
        "submitted again (--kind jobset or volcano do)",
        "丢失一个节点时 {kind} 不会整体重启：作业失败，需重新提交"
        "（--kind jobset 或 volcano 会重启）",
    ),
    "yaml.clean_running": Wording(
        "pods that still wait when the job ends give their GPUs back",
        "作业结束时仍在等待的 Pod 释放 GPU",
    ),
    "yaml.paddleflow_intranet": Wording(
        "nodes meet by address; by Service they wait for ever",
        "节点按地址相遇；用 Service 会一直等待",
    ),
    "yaml.paddleflow_unmaintained": Wording(
        "PaddleFlow's paddle-operator has had no release since 2023",
        "PaddleFlow 的 paddle-operator 自 2023 年起没有新版本",
    ),
    "yaml.trainer_part": Wording(
        "marks what the TrainJob's trainer part applies to",
        "标出 TrainJob 的 trainer 部分作用的对象",
    ),
    "yaml.queue": Wording(
        "Kueue admits the job when the queue {queue} has room", "队列 {queue} 有空位时由 Kueue 放行"
    ),
    # what a kind needs or leaves out
    "yaml.needs_controller": Wording(
        "the cluster must have {name} ({version})", "集群须装有 {name}（{version}）"
    ),
    "yaml.left_out": Wording(
        "a {kind} has no field for {fields}, which is left out",
        "{kind} 没有与 {fields} 对应的字段，已略去",
    ),
    "yaml.kueue_paddlejob": Wording(
        "Kueue manages PaddleJobs only where its configuration lists kubeflow.org/paddlejob",
        "仅当 Kueue 的配置列出 kubeflow.org/paddlejob 时才会管理 PaddleJob",
    ),
    # one machine
    "yaml.docker_gpu": Wording(
        "Docker does not look at the GPU type: the figures hold for {gpu}",
        "Docker 不看 GPU 型号：这些数字针对 {gpu}",
    ),
    "yaml.docker_folders": Wording(
        "claims become folders beside the file: {folders}; the container's user must be able to "
        "write where it writes",
        "持久卷声明变为文件旁的目录：{folders}；容器用户须有相应的写权限",
    ),
    "yaml.docker_env": Wording(
        "Docker cannot take these variables from the cluster, set them yourself: {names}",
        "Docker 无法从集群取得这些变量，请自行设置：{names}",
    ),
    "yaml.docker_containers": Wording(
        "only the training container is written down, not {names}",
        "只写出训练容器，不含 {names}",
    ),
    "yaml.docker_rights": Wording("no more rights than training needs", "不给训练之外的权限"),
    "yaml.docker_init": Wording(
        "DataLoader workers that die are reaped, and signals reach the program",
        "回收退出的 DataLoader 进程，并把信号传给程序",
    ),
    "yaml.docker_restart": Wording(
        "as often as the template lets a Job fail", "与模板允许 Job 失败的次数相同"
    ),
    # what a schema does not allow
    "finding.unknown_field": Wording("has no field {fields}", "没有字段 {fields}"),
    "finding.missing_field": Wording("{fields} is missing", "缺少 {fields}"),
    "finding.wrong_type": Wording("{value} is not of type {type}", "{value} 不是 {type} 类型"),
    "finding.not_one_of": Wording(
        "'{value}' is not one of {allowed}", "'{value}' 不在 {allowed} 之中"
    ),
    "finding.schema": Wording("{value} breaks {rule} {limit}", "{value} 不符合 {rule} {limit}"),
    "finding.twice": Wording("'{name}' is there {times} times", "'{name}' 出现了 {times} 次"),
    "finding.and_more": Wording("{said} (and {more} more)", "{said}（另有 {more} 处）"),
    "finding.correct_template": Wording("correct the template", "请修正模板"),
    # the image
    "image.driver": Wording(
        "the image {image} is built with CUDA {cuda}, which needs driver {needed} or newer; the "
        "nodes have {driver}",
        "镜像 {image} 使用 CUDA {cuda} 构建，需要 {needed} 或更新的驱动；节点上是 {driver}",
    ),
    "image.newer_driver": Wording("a newer driver on the nodes", "升级节点上的驱动"),
    # shares of a card
    "yaml.claim": Wording(
        "GPUs are claimed of the class {device_class}", "从设备类 {device_class} 申领 GPU"
    ),
    "yaml.claim_type": Wording(
        "GPUs are claimed of the class {device_class}, of the type {product} alone",
        "从设备类 {device_class} 申领 GPU，型号限 {product}",
    ),
    "yaml.gpumem": Wording(
        "upper bound of the device memory of one GPU, in MiB", "单卡显存预测的上限，单位 MiB"
    ),
    "yaml.gpucores": Wording(
        "the same part of the card's compute as of its memory, in percent",
        "算力与显存取相同的比例，单位为百分比",
    ),
    "yaml.shared_card": Wording(
        "the job has {percent} % of each card; the predicted speed is that of whole cards",
        "作业只占每张卡的 {percent} %；预测的速度针对整卡",
    ),
    "yaml.mig": Wording(
        "the smallest slice that holds the upper bound of device memory: {profile}",
        "能容纳显存上限的最小切片：{profile}",
    ),
    "yaml.mig_slower": Wording(
        "{profile} computes with {cores} of {all} slices of the card; the predicted speed is that "
        "of the whole card",
        "{profile} 只有整卡 {all} 份算力中的 {cores} 份；预测的速度针对整卡",
    ),
    # beside the training
    "yaml.deadline": Wording(
        "at most {longest} as predicted, {margin} more for evaluation, checkpoints and data, and "
        "{start} to start; waiting for a node counts too, except under Kueue",
        "预测最长 {longest}，另加 {margin} 用于评估、检查点与数据读取，启动留 {start}；"
        "等待节点的时间也计算在内（Kueue 除外）",
    ),
    "yaml.preflight": Wording(
        "Paddle's own check of its installation, on the same GPUs, before the training",
        "训练之前，在相同的 GPU 上运行 Paddle 自带的安装检查",
    ),
    "yaml.log_sidecar": Wording(
        "reads the launcher's logs while the training runs, and ends after it",
        "训练期间读取启动器的日志，并在训练之后结束",
    ),
    "yaml.heartbeat": Wording(
        "the pod counts as not ready when no log grew for {minutes} minutes; nothing is stopped",
        "日志 {minutes} 分钟没有增长时 Pod 显示为未就绪；不会停止任何进程",
    ),
    # what an API server or a controller refuses
    "rule.resource_name": Wording("'{name}' is not a name of a resource", "'{name}' 不是资源名"),
    "rule.resource_domain": Wording(
        "{name} is not a resource of Kubernetes; others have a domain",
        "{name} 不是 Kubernetes 的资源；其他资源须带域名",
    ),
    "mend.resource_domain": Wording("nvidia.com/gpu", "nvidia.com/gpu"),
    "rule.no_claim": Wording("there is no claim '{name}'", "没有名为 '{name}' 的申领"),
    "rule.one_source": Wording("takes one of {known}", "须为 {known} 之一"),
    "rule.field_path": Wording("a variable cannot take {field}", "变量不能取自 {field}"),
    "rule.name": Wording("'{name}' is not a name", "'{name}' 不是合法的名称"),
    "rule.port_name": Wording(
        "'{name}' is not a name of a port: at most 15 of a-z, 0-9 and '-'",
        "'{name}' 不是端口名：至多 15 个 a-z、0-9 与 '-'",
    ),
    "rule.init_restart": Wording(
        "'{policy}': an init container takes Always or nothing",
        "'{policy}'：init 容器只能是 Always 或不写",
    ),
    "rule.init_probe": Wording(
        "an init container that ends has no probes", "会结束的 init 容器没有探针"
    ),
    "rule.sub_path": Wording(
        "'{path}' must be within the volume, without '..'", "'{path}' 须在卷之内，且不含 '..'"
    ),
    "rule.user_number": Wording(
        "{number} is not a user or group: 0 to 2147483647",
        "{number} 不是用户或组编号：0 到 2147483647",
    ),
    "rule.dns_name": Wording(
        "lower-case letters, digits, '-' and '.'", "小写字母、数字、'-' 与 '.'"
    ),
    "rule.letter_first": Wording(
        "lower-case letters, digits and '-', a letter first", "小写字母、数字与 '-'，以字母开头"
    ),
    "rule.not_a_name": Wording("'{name}' is not a name: {rule}", "'{name}' 不是名称：{rule}"),
    "mend.name": Wording("metadata.name={name}", "metadata.name={name}"),
    "rule.long_name": Wording(
        "'{name}' is too long to name the pods after it, or has a dot: {host}",
        "'{name}' 太长或含有点，无法据此给 Pod 命名：{host}",
    ),
    "rule.annotations": Wording(
        "{size} bytes of annotations; at most 262144", "注解共 {size} 字节；上限为 262144"
    ),
    "rule.indexed": Wording("is missing; an Indexed Job needs it", "缺少；Indexed Job 需要它"),
    "rule.per_index": Wording("needs completionMode Indexed", "需要 completionMode: Indexed"),
    "rule.min_available": Wording(
        "{least} pods are wanted, the tasks have {replicas}",
        "要求 {least} 个 Pod，任务只有 {replicas} 个",
    ),
    "rule.replica_type": Wording(
        "'{kind}' is not Master or Worker", "'{kind}' 不是 Master 或 Worker"
    ),
    "rule.paddle_container": Wording(
        "the operator looks for a container named 'paddle'", "operator 要求有名为 'paddle' 的容器"
    ),
    "rule.old_pod": Wording("{kind} has no such field", "{kind} 没有此字段"),
    "rule.endless": Wording(
        "'Always' starts training again when it has ended", "'Always' 会在训练结束后重新开始"
    ),
    "rule.selector": Wording(
        "no pod here has these labels, so the nodes would not find each other",
        "这里没有带这些标签的 Pod，节点将无法互相找到",
    ),
    "rule.no_service": Wording(
        "there is no Service '{name}' to name the pods", "没有为 Pod 命名的 Service '{name}'"
    ),
    # validation and the cluster
    "validate.no_schemas": Wording(
        "the types of Kubernetes' own fields were not checked: {hint}",
        "未检查 Kubernetes 自身字段的类型：{hint}",
    ),
    "validate.findings": Wording(
        "the manifest has {count} mistakes:\n  {listed}", "清单有 {count} 处错误：\n  {listed}"
    ),
    "validate.no_definition": Wording(
        "the folder has no definition of {kind} ({version}), so it was not checked",
        "目录中没有 {kind}（{version}）的定义，未作检查",
    ),
    "cluster.refused": Wording("{kind} was refused: {why}", "{kind} 被拒绝：{why}"),
    "cluster.no_kind": Wording(
        "the cluster has no {kind} of {version}", "集群没有 {version} 的 {kind}"
    ),
    "cluster.other_kind": Wording(
        "install its controller, or another --kind", "安装相应的控制器，或换用其他 --kind"
    ),
    "cluster.other_name": Wording(
        "another name (--set metadata.name=...), or delete the old job first",
        "换一个名称（--set metadata.name=...），或先删除旧作业",
    ),
    "cluster.not_allowed": Wording("you may not do this there: {why}", "没有权限：{why}"),
    "cluster.broken": Wording("the server answered {status}: {why}", "服务器返回 {status}：{why}"),
    "cluster.unreachable": Wording("the cluster does not answer: {why}", "集群没有响应：{why}"),
    "cluster.no_client": Wording(
        "the Kubernetes client is not installed", "未安装 Kubernetes 客户端"
    ),
    "cluster.no_config": Wording("there is no cluster to go to: {why}", "没有可用的集群：{why}"),
    "cluster.no_reason": Wording("the server gave no reason", "服务器没有说明原因"),
    # a saved manifest, and submitting
    "saved.unreadable": Wording("cannot be read: {why}", "无法读取：{why}"),
    "saved.no_object": Wording(
        "is no object of Kubernetes: it has no kind", "不是 Kubernetes 对象：没有 kind"
    ),
    "saved.empty": Wording("holds no document", "没有任何文档"),
    "submit.no_object": Wording(
        "only objects of Kubernetes can be submitted", "只能提交 Kubernetes 对象"
    ),
    "submit.nobody": Wording(
        "nobody is there to confirm: stdin is no terminal", "无人确认：标准输入不是终端"
    ),
    "submit.will": Wording(
        "{kind} {name} in namespace {namespace}", "{kind} {name}，命名空间 {namespace}"
    ),
    "submit.ask": Wording("Apply to {address}? [y/N]", "提交到 {address}？[y/N]"),
    "submit.nothing": Wording("nothing was applied", "没有提交"),
    "submit.look": Wording("applied; where to look:", "已提交；查看方法："),
}
