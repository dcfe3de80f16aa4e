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
    "leave out {flag} or --inference": "请去掉 {flag} 或 --inference",
    "the same command without --dry-step-on": "同一命令，不带 --dry-step-on",
    "a machine with more memory": "请用内存更大的机器",
}
