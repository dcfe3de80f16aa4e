"""Of what cannot be used, wherever it is found out, and what to try then."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "there is no file '{path}'": "文件 '{path}' 不存在",
    "not Python source: {why}": "不是 Python 源码：{why}",
    "the file is not UTF-8 text": "文件不是 UTF-8 文本",
    "there is no job in these files": "这些文件中没有作业",
    "save it as UTF-8": "请另存为 UTF-8",
    "leave out one of the two": "请去掉其中之一",
    "leave out {name}": "请去掉 {name}",
    "leave out data and checkpoints": "请去掉数据与检查点",
    "leave out code that writes to file descriptors it did not open": (
        "请去掉向并非自己打开的文件描述符写入的代码"
    ),
    "no function of the model file takes the option '{key}'": (
        "模型文件中没有接受选项 '{key}' 的函数"
    ),
    "{what}; it takes no options": "{what}；它不接受任何选项",
    "{what}; it takes {names}": "{what}；可用的有 {names}",
    "the same command once more, with a model that prints less": (
        "再次运行同一命令，并减少模型的输出"
    ),
    # the model file
    "InputSpec '{name}' leaves the shape {shape} open": "InputSpec '{name}' 的形状 {shape} 未定",
    "in the model file, def build_model(): return {model}": (
        "在模型文件中：def build_model(): return {model}"
    ),
    "{count} {kind} could be the model: {names}": "有 {count} 个{kind}可能是模型：{names}",
    "models": "模型",
    "classes": "类",
    "no model found: no build_model(), no paddle.nn.Layer": (
        "没有找到模型：既没有 build_model()，也没有 paddle.nn.Layer"
    ),
    "no model found: class {name} needs arguments ({needed}) and there is no build_model()": (
        "没有找到模型：类 {name} 需要参数（{needed}），又没有 build_model()"
    ),
    "{source} gave a {kind}, not a paddle.nn.Layer": (
        "{source} 返回的是 {kind}，而不是 paddle.nn.Layer"
    ),
    "build_optimizer must return an optimizer, not a {kind}": (
        "build_optimizer 必须返回优化器，而不是 {kind}"
    ),
    "example_batch must return (inputs, labels), not {what}": (
        "example_batch 必须返回 (inputs, labels)，而不是{what}"
    ),
    "return inputs, None where there are no labels": "没有标签时请 return inputs, None",
    "{count} values": " {count} 个值",
    "a {kind}": " {kind}",
    # memory
    "Paddle cannot be imported: {why}": "无法导入 Paddle：{why}",
    "out of device memory: {why}": "设备内存不足：{why}",
    "out of host memory, of which {room} were to spare: {why}": (
        "主机内存不足（可用 {room}）：{why}"
    ),
    "out of host memory: {why}": "主机内存不足：{why}",
    "the host has too little memory to make a batch while looking for the largest one": (
        "寻找最大批次时主机内存不足以生成一个批次"
    ),
    "--batch-size N, which measures that batch alone": "--batch-size N，只测量这一批大小",
    # scripts and commands
    "the argument {argument} does not change the batch size: with {wanted} it is still {before}": (
        "参数 {argument} 不改变批大小：设为 {wanted} 时仍是 {before}"
    ),
    "the argument that the script reads its batch size from": "请给出脚本读取批大小的那个参数",
    "with {how}": "（{how}）",
    "by itself": "（自行结束）",
    "the script ended {ended} after {steps} optimizer steps, too few to watch": (
        "脚本在 {steps} 个优化器步之后结束{ended}，步数太少，无法观察"
    ),
    "let it train for more steps": "请让它多训练几步",
    "the script ended {ended} before its first optimizer step": (
        "脚本在第一个优化器步之前就结束了{ended}"
    ),
    "the arguments with which it trains: paddle-estimate run -- python train.py ...": (
        "请给出它训练所用的参数：paddle-estimate run -- python train.py ..."
    ),
    "there is no command to run": "没有要运行的命令",
    "'{name}' is not Python: only Python programs can be watched": (
        "'{name}' 不是 Python：只能观察 Python 程序"
    ),
    "'{command}' has no file to watch": "'{command}' 没有可观察的文件",
    "'{command}' runs no file": "'{command}' 没有运行任何文件",
    "paddle.distributed.launch is given no script": "没有给 paddle.distributed.launch 指定脚本",
    "'{value}' is no number of processes": "'{value}' 不是进程数",
    "cannot run '{name}': {why}": "无法运行 '{name}'：{why}",
    # GPU types of a site
    "the site hides '{name}' (hide in {file})": "站点隐藏了 '{name}'（{file} 中的 hide）",
    "hides every GPU type": "隐藏了所有 GPU 型号",
    "offer some instead": "请改为提供其中一些",
    "the name '{name}' is already that of {other}": "名称 '{name}' 已属于 {other}",
    "another name": "请换一个名称",
    # past jobs
    "the model was not saved: {why}": "模型未保存：{why}",
    "the fitted model cannot be used: {why}": "无法使用拟合的模型：{why}",
    "no row has a template, requested and peak memory and times": (
        "没有一行同时含有模板、申请与峰值内存以及时间"
    ),
    "a replay needs {fields}": "重放需要 {fields}",
    "a table needs to be told which column is which field": "需要说明表中各列对应哪个字段",
    "an estimate is of one job, and this file has several": (
        "一次估算对应一个作业，而此文件中有多个"
    ),
    "the field '{name}' is mapped twice": "字段 '{name}' 被映射了两次",
    "map it once": "请只映射一次",
    "'{unit}' is no unit of {field}": "'{unit}' 不是 {field} 的单位",
    "'{pair}' is not {form}": "'{pair}' 不是 {form} 的形式",
    "'{name}' is no field of a record": "'{name}' 不是记录的字段",
    "one of {names}": "以下之一：{names}",
    "this file of published records cannot be read: {why}": "无法读取此公布记录文件：{why}",
    "install the tool again": "请重新安装本工具",
    "'{encoding}' is no encoding": "'{encoding}' 不是编码",
    "correct the line, or install again": "请修正该行，或重新安装",
    "nothing was imported; correct the file and run again": "没有导入任何内容；请修正文件后重试",
    "see that no other program has the file open, and that its folder can be written to": (
        "请确认没有其他程序打开该文件，且其文件夹可写"
    ),
    "check the address, and that the server runs and lets you in": (
        "请检查地址，并确认服务器在运行且允许连接"
    ),
    "see that the folder can be written to, and that SPARK_HOME or JAVA_HOME are right": (
        "请确认文件夹可写，且 SPARK_HOME 或 JAVA_HOME 正确"
    ),
    "move the file away; a new one is made on the next run": ("请移走该文件；下次运行会新建一个"),
    "free some space, or set PADDLE_ESTIMATE_HOME to a folder on another disk": (
        "请释放空间，或将 PADDLE_ESTIMATE_HOME 设为另一磁盘上的文件夹"
    ),
    "run again when the other run has ended": "请在另一次运行结束后重试",
    "set PADDLE_ESTIMATE_HOME to a folder you can write to": (
        "请将 PADDLE_ESTIMATE_HOME 设为可写的文件夹"
    ),
    "mount an emptyDir at the folder that PADDLE_LOG_DIR names": (
        "请在 PADDLE_LOG_DIR 所指的文件夹挂载 emptyDir"
    ),
    "there is no column '{name}'": "没有名为 '{name}' 的列",
    "one of these columns: {names}": "以下各列之一：{names}",
    "the rows of the import cannot be kept: {why}": "无法保存导入的行：{why}",
    "nothing was imported; free some space, or set TMPDIR to a folder on another disk": (
        "没有导入任何内容；请释放空间，或将 TMPDIR 设为另一磁盘上的文件夹"
    ),
    "'{scheme}' is no kind of store": "'{scheme}' 不是存储的种类",
    "'{address}' names no folder": "'{address}' 没有指明文件夹",
    "'{address}' names no file": "'{address}' 没有指明文件",
    "the job record {name} is damaged: {why}": "作业记录 {name} 已损坏：{why}",
    "the job records cannot be used: {why}": "无法使用作业记录：{why}",
    "leave out {flag} or --inference": "请去掉 {flag} 或 --inference",
    "the same command without --dry-step-on": "同一命令，不带 --dry-step-on",
    "a machine with more memory": "请用内存更大的机器",
}
