"""Of :mod:`estimator.manifest.reasons`: what stands behind the values of a manifest."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "from '{name}', as a name that Kubernetes accepts": "由 '{name}' 得来，符合 Kubernetes 的命名",
    "the name of the job, to find what belongs to it": "作业的名称，便于找到属于它的东西",
    "the plan takes {gpus}": "方案使用 {gpus}",
    "the plan takes {gpus} on each of {nodes} nodes": "方案在 {nodes} 个节点上各使用 {gpus}",
    "Kubernetes wants the limit of GPUs to equal the request": "Kubernetes 要求 GPU 的上限等于申请",
    "the estimate holds for {product}": "估算针对 {product}",
    "equal to the request, so that the pod cannot be killed for memory it was promised": (
        "等于申请，以免 Pod 因已承诺的内存而被杀"
    ),
    "{name} as the plan asks for it": "按方案申请的 {name}",
    "leads back to the estimate and its record": "指回本次估算及其记录",
    "what was estimated": "所估算的对象",
    "one process, batch {batch} per device": "一个进程，每卡批大小 {batch}",
    "one process for each of {gpus}, batch {batch} per device": (
        "{gpus} 各一个进程，每卡批大小 {batch}"
    ),
    "{command}, which the program is not told": "{command}，但程序未被告知",
    "the command said {old}; the estimate is for {new}, so that is what the YAML says": (
        "命令中是 {old}；估算针对 {new}，因此 YAML 中为后者"
    ),
    "the command was given {words}; say otherwise under training.batch_size_argument in a "
    "template": "已给命令加上 {words}；可在模板的 training.batch_size_argument 中另行规定",
    "the command is a shell script: let it train with batch {batch} per device": (
        "命令是 shell 脚本：请让它以每卡批大小 {batch} 训练"
    ),
    "the command is a shell script: let it start {count} processes, for example with python -m "
    "paddle.distributed.launch": (
        "命令是 shell 脚本：请让它启动 {count} 个进程，例如用 python -m paddle.distributed.launch"
    ),
    "the template's first choice": "模板的首选",
    "the template's first choice; has code for {sm}": "模板的首选；含 {sm} 的代码",
    "the template's first choice that fits; has code for {sm}": "模板中首个适用的；含 {sm} 的代码",
    "the image {image} is built with CUDA {cuda}, without code for {sm}": (
        "镜像 {image} 以 CUDA {cuda} 构建，不含 {sm} 的代码"
    ),
    "the tag of {image} names no CUDA version: check that it has code for {sm}": (
        "{image} 的标签没有 CUDA 版本：请确认它含 {sm} 的代码"
    ),
    "the image {image} is Paddle's build for CPUs": "镜像 {image} 是 Paddle 的 CPU 版",
    "{nodes} nodes work together": "{nodes} 个节点协同工作",
    "each pod needs an index, which becomes the rank of its node": (
        "每个 Pod 需要序号，作为其节点的编号"
    ),
    "one node alone cannot rejoin the others, so the whole job fails and is started again": (
        "单个节点无法重新加入，因此整个作业失败后重新开始"
    ),
    "the nodes find each other by name": "节点按名称互相找到",
    "the first node is where the others report": "其他节点向第一个节点报到",
    "a node must know its own address": "节点必须知道自己的地址",
    "the launcher opens the rendezvous only where it is given the node's own address, so the "
    "first node gets that, the others its name": (
        "启动器只在给出本节点自身地址时才开放汇合点，因此第一个节点得到自己的地址，其余得到它的名称"
    ),
    "the nodes must find each other before they are ready": "节点在就绪之前就必须互相找到",
    "the Service {name} outlives the Job: delete it with kubectl delete -f": (
        "Service {name} 在 Job 结束后仍在：请用 kubectl delete -f 删除"
    ),
    "the form '{kind}'": "形式 '{kind}'",
    "the flat form names neither GPU type nor /dev/shm: the figures hold for {product}, with "
    "{shared_memory} of /dev/shm": (
        "扁平形式不写 GPU 型号与 /dev/shm：数字针对 {product}，/dev/shm 为 {shared_memory}"
    ),
    "{path} is locked by {locked_by}; the estimate would say {value}": (
        "{path} 被 {locked_by} 锁定；估算本会写 {value}"
    ),
    "nothing is mounted at /dev/shm: it stays at 64 MiB, and DataLoader workers may die": (
        "/dev/shm 未挂载：仍为 64 MiB，DataLoader 进程可能因此死亡"
    ),
    "the pod waits until these PersistentVolumeClaims are in its namespace: {claims}": (
        "Pod 会等到这些 PersistentVolumeClaim 出现在其命名空间中：{claims}"
    ),
    "{waits}, each mountable on {nodes} nodes (ReadWriteMany)": (
        "{waits}，且每个都可挂载到 {nodes} 个节点（ReadWriteMany）"
    ),
}
