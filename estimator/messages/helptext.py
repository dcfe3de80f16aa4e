"""The texts of ``--help``."""

from __future__ import annotations

from estimator.messages.wording import Wording

WORDINGS = {
    "help.root": Wording(
        "Estimate memory, speed and GPU count of a PaddlePaddle model, without a GPU, and print "
        "the job YAML.\n\n`paddle-estimate MODEL.py` is short for `paddle-estimate estimate "
        "MODEL.py`: the YAML goes to stdout, a summary to stderr.",
        "在没有 GPU 的机器上估算 PaddlePaddle 模型的显存、速度与 GPU 数量，并输出作业 YAML。\n\n"
        "`paddle-estimate MODEL.py` 是 `paddle-estimate estimate MODEL.py` 的简写："
        "YAML 写到标准输出，摘要写到标准错误。",
    ),
    "help.exit_codes": Wording(
        "Exit codes\n\n"
        "    0  an answer\n\n"
        "    2  the command line, a file or the environment cannot be used\n\n"
        "    3  an answer, and it is that nothing fits\n\n"
        "    4  the model's own code raised, hung, exited or died\n\n"
        "    5  a defect of paddle-estimate\n\n"
        "  130  interrupted",
        "退出码\n\n"
        "    0  得到答案\n\n"
        "    2  命令行、文件或环境不可用\n\n"
        "    3  得到答案：没有可行的方案\n\n"
        "    4  模型自身的代码抛出异常、卡住、退出或崩溃\n\n"
        "    5  paddle-estimate 的缺陷\n\n"
        "  130  被中断",
    ),
    "help.command_estimate": Wording(
        "Estimate a model file and print its job YAML (the default command).",
        "估算一个模型文件并输出作业 YAML（默认命令）。",
    ),
    "help.command_run": Wording(
        "Watch an unmodified training script on the virtual GPU and print its job YAML: "
        "`paddle-estimate run -- python train.py ...`, or `paddle-estimate train.py -- ...`.",
        "在虚拟 GPU 上观察未经修改的训练脚本并输出作业 YAML："
        "`paddle-estimate run -- python train.py ...`，或 `paddle-estimate train.py -- ...`。",
    ),
    "help.command_submit": Wording(
        "Estimate a job, or read its YAML, and apply it to the cluster after a server-side "
        "dry run.",
        "估算一个作业或读取其 YAML， 经服务器端试运行后 提交到集群。",
    ),
    "help.submit_model": Wording(
        "Model file, or a YAML file that an estimate wrote.",
        "模型文件， 或由估算写出的 YAML 文件。",
    ),
    "help.yes": Wording("Apply without asking.", "不询问， 直接提交。"),
    "help.crds": Wording(
        "Folder of CustomResourceDefinitions to check the YAML against.",
        "CRD 所在目录， 用来检查 YAML。",
    ),
    "help.server_dry_run": Wording(
        "Let the cluster check the YAML without keeping it.", "由集群检查 YAML， 但不保存。"
    ),
    "help.context": Wording("Context of the kubeconfig.", "kubeconfig 中的 context。"),
    "help.command_explain": Wording(
        "Show what takes the memory, and what other ways to run the model would save.",
        "显示显存用在何处， 以及换种方式运行模型 能省多少。",
    ),
    "help.command_gpus": Wording("Show the GPU types that are known.", "列出已知的 GPU 型号。"),
    "help.command_doctor": Wording(
        "Check what is installed and whether the virtual GPU can be built.",
        "检查已安装的组件，以及虚拟 GPU 能否编译。",
    ),
    "help.templates_group": Wording("List, show and explain templates.", "列出、显示与解释模板。"),
    "help.templates_list": Wording("List the templates.", "列出模板。"),
    "help.templates_show": Wording(
        "Show a template with all its layers merged.", "显示各层合并后的模板。"
    ),
    "help.templates_explain": Wording(
        "Show where each value of a template comes from, or every layer's say on one path.",
        "显示模板中每个值的来源，或各层对某个路径的说法。",
    ),
    "help.command_render": Wording(
        "Make the YAML of a saved estimate again, without running the model.",
        "不运行模型，重新生成已保存估算的 YAML。",
    ),
    "help.estimate_id": Wording("Identifier of the estimate.", "估算的编号。"),
    "help.templates_diff": Wording(
        "Show the values in which two templates differ.", "显示两个模板不同的值。"
    ),
    "help.templates_new": Wording(
        "Write a commented starter for a template.", "写出带注释的模板样例。"
    ),
    "help.templates_check": Wording(
        "Fill in every template for 1, 8 and 4 x 8 GPUs as every kind, and tell what is wrong.",
        "以 1、8 与 4 x 8 张 GPU 和各种作业类型填写所有模板，并指出问题。",
    ),
    "help.template_path": Wording(
        "Path in the template, such as pod.containers[paddle].image.",
        "模板中的路径， 如 pod.containers[paddle].image。",
    ),
    "help.template_names": Wording("Names of templates; all without one.", "模板名称； 默认全部。"),
    "help.templates_home": Wording(
        "Folder to write into; ~/.config/paddle-estimate/templates if not given.",
        "写入的目录； 默认 ~/.config/paddle-estimate/templates。",
    ),
    "help.extends": Wording("Template to build on.", "继承的模板。"),
    "help.layer": Wording("Layer: base, domain or project.", "层： base、 domain 或 project。"),
    "help.provenance": Wording(
        "Write beside each value of the YAML where it comes from.", "在 YAML 的每个值旁注明来源。"
    ),
    "panel.commands": Wording("Commands", "命令"),
    "panel.general": Wording("General", "通用"),
    "panel.file": Wording("Model file", "模型文件"),
    "panel.script": Wording("Training script", "训练脚本"),
    "panel.model": Wording("Model", "模型"),
    "panel.template": Wording("Template", "模板"),
    "panel.gpus": Wording("GPUs and plans", "GPU 与方案"),
    "panel.yaml": Wording("YAML", "YAML"),
    "panel.measuring": Wording("Measuring", "测量"),
    "panel.output": Wording("Output", "输出"),
    "help.lang": Wording(
        "Language of texts; from the locale if not given.", "文本的语言； 默认取自系统区域设置。"
    ),
    "help.debug": Wording("Show the traceback of an error.", "出错时显示调用栈。"),
    "help.help": Wording("Show this help.", "显示本帮助。"),
    "help.version": Wording("Show the version.", "显示版本。"),
    "help.model": Wording(
        "Python file with build_model() and, if needed, example_batch(), loss_fn(), "
        "build_optimizer() or train_step().",
        "含 build_model() 的 Python 文件； 需要时还可有 example_batch()、loss_fn()、"
        "build_optimizer() 或 train_step()。",
    ),
    "help.option": Wording(
        "Setting for the model file, such as -o depth=50 lr=1e-3; repeatable, dotted keys nest.",
        "传给模型文件的设置， 如 -o depth=50 lr=1e-3； 可重复， 带点的键表示嵌套。",
    ),
    "help.batch_size": Wording(
        "Batch size per device (the global one is this times the GPU count).",
        "每卡批大小； 全局批大小 是各卡之和。",
    ),
    "help.program": Wording(
        "The training command as it is: python train.py ..., python -m package.module ..., or "
        "paddle.distributed.launch for one GPU.",
        "原样的训练命令：python train.py ...、python -m package.module ...，"
        "或单卡的 paddle.distributed.launch。",
    ),
    "help.batch_arg": Wording(
        "Argument of the script that sets the batch size, such as --batch-arg=--batch_size or "
        "--batch-arg='-o Global.batch_size='. Without it the loader is changed.",
        "脚本中设置批大小的参数， 如 --batch-arg=--batch_size 或 "
        "--batch-arg='-o Global.batch_size='； 不给则直接改变数据加载器。",
    ),
    "help.steps": Wording("Optimizer steps to watch.", "观察的优化器步数。"),
    "help.synthetic_data": Wording(
        "A tensor of the script's batches where its data set is not there, per sample and in "
        "order: 3x224x224, then 1:int64:1000; or with names, img=3x512x512. Repeatable.",
        "脚本的数据集不在时，其批次中的一个张量，按样本、依次给出："
        "3x224x224，再 1:int64:1000；或带名字 img=3x512x512。可重复。",
    ),
    "help.sample_batches": Wording(
        "Batches to look at where their shapes differ.", "批的形状变化时要查看的批数。"
    ),
    "help.input": Wording(
        "Shape of an input per sample, such as 3x224x224:float32; repeatable.",
        "单个样本的输入形状， 如 3x224x224:float32； 可重复。",
    ),
    "help.label": Wording(
        "Shape of a label per sample, such as 1:int64:1000; repeatable.",
        "单个样本的标签形状， 如 1:int64:1000； 可重复。",
    ),
    "help.amp": Wording("Level of automatic mixed precision.", "自动混合精度的级别。"),
    "help.amp_dtype": Wording(
        "Data type of mixed precision; float16 if not given.", "混合精度的数据类型； 默认 float16。"
    ),
    "help.eval_batch_size": Wording(
        "Batch size of evaluation; that of training if not given.",
        "评估的批大小； 默认与训练相同。",
    ),
    "help.accumulate": Wording(
        "Micro-batches that the batch of an update is split into (gradient accumulation).",
        "梯度累积： 一次更新的批 分成多少个微批。",
    ),
    "help.recompute": Wording(
        "Recompute the model's repeated blocks in the backward pass.",
        "在反向阶段 重计算 重复的块。",
    ),
    "help.inference": Wording(
        "Forward passes alone, without gradients and optimizer.",
        "只做前向， 没有梯度与优化器。",
    ),
    "help.script_amp": Wording(
        "Refused: a script sets its own precision, by an option of its own.",
        "不接受：脚本 用自己的选项 设定精度。",
    ),
    "help.timeline": Wording(
        "Also write pictures of the training step: memory by kind, time by class of kernel.",
        "另写出训练步的图： 各类显存 随时间的变化， 各类算子 所占时间。",
    ),
    "help.verify": Wording(
        "Also compute a step at a small batch on the CPU, and compare.",
        "另在 CPU 上真正计算 一个小批量的训练步， 并作对比。",
    ),
    "help.checkpoint": Wording(
        "Run the saving of a checkpoint as well.", "同时试运行检查点的保存。"
    ),
    "help.gpu": Wording(
        "GPU type to consider; repeatable. All of them if not given.",
        "要考虑的 GPU 型号； 可重复。 默认全部。",
    ),
    "help.gpus_file": Wording(
        "Site file that adds, hides or prices GPU types.", "站点文件：增加、隐藏 GPU 型号或定价。"
    ),
    "help.max_gpus": Wording(
        "Most GPUs that a plan may take; 8 for each node if not given.",
        "一个方案最多使用的 GPU 数量； 默认每节点 8 张。",
    ),
    "help.gpus": Wording(
        "GPUs of each node, where that is decided already; a script is then run rank by rank.",
        "每个节点的 GPU 数量， 若已确定； 脚本此时逐个 rank 运行。",
    ),
    "help.nodes": Wording("Nodes, where that is decided already.", "节点数量， 若已确定。"),
    "help.search": Wording(
        "Run plans on several GPUs too: data parallel, sharding 1 to 3, recompute, mixed "
        "precision; takes a minute or more.",
        "同时运行多 GPU 方案： 数据并行、 sharding、 重计算、 混合精度； 需要一分钟或更久。",
    ),
    "help.minimize": Wording("What the chosen plan has least of.", "选定方案时要最小化的量。"),
    "help.dataset_size": Wording("Samples in the dataset.", "数据集的样本数。"),
    "help.epochs": Wording("Passes over the dataset.", "训练轮数。"),
    "help.deadline": Wording(
        "Longest time the job may take, such as 12h or 1d6h.", "作业的最长时间， 如 12h 或 1d6h。"
    ),
    "help.template": Wording("Template of the YAML.", "YAML 的模板。"),
    "help.template_name": Wording("Name of a template.", "模板的名称。"),
    "help.templates": Wording(
        "Folder of templates, laid over those that ship with the tool; repeatable.",
        "模板目录， 叠加在自带模板之上； 可重复。",
    ),
    "help.set_yaml": Wording(
        "Value at a path of the template, over every layer, such as job.backoffLimit=3; "
        "repeatable.",
        "模板中某个路径的值， 优先于 各层， 如 job.backoffLimit=3； 可重复。",
    ),
    "help.env": Wording(
        "Variable of the training container; repeatable.", "训练容器的环境变量； 可重复。"
    ),
    "help.namespace": Wording("Namespace of the job.", "作业的命名空间。"),
    "help.queue": Wording("Queue that the job waits in.", "作业所在的队列。"),
    "help.data_claim": Wording(
        "PersistentVolumeClaim with the data.", "存放数据的 PersistentVolumeClaim。"
    ),
    "help.kind": Wording(
        "Kind of job: job, jobset, volcano, paddlejob, paddleflow, trainjob, flat, compose or "
        "docker.",
        "作业类型： job、 jobset、 volcano、 paddlejob、 paddleflow、 trainjob、 flat、 "
        "compose 或 docker。",
    ),
    "help.command": Wording("Training command in the YAML.", "YAML 中的训练命令。"),
    "help.diff": Wording(
        "Print what the estimate changed in its template, line by line.",
        "逐行打印估算对模板所做的更改。",
    ),
    "help.device": Wording(
        "What runs the training step; auto takes the best there is.",
        "用什么运行训练步； auto 取可用的最佳者。",
    ),
    "help.time_limit": Wording(
        "Longest time the model's code may run, such as 90s or 5m.",
        "模型代码最多 运行多久， 如 90s 或 5m。",
    ),
    "help.json": Wording("Print one JSON document instead.", "改为输出一个 JSON 文档。"),
    "help.out": Wording(
        "Write to a file instead of stdout; the file appears whole or not at all.",
        "写入文件而非标准输出； 文件要么完整， 要么不出现。",
    ),
    "help.explain": Wording("Show the reason of each value.", "显示每个值的理由。"),
}
