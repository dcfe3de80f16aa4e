"""A text detector of PaddleOCR by its configuration file, as its ``tools/train.py`` builds it.

Needs PaddleOCR's ``ppocr`` on PYTHONPATH. A batch is what ``EastRandomCropData`` and ``KeepKeys``
of those configurations leave: images of 640 x 640, the two maps and their two masks.
"""

import paddle
import yaml
from ppocr.losses import build_loss
from ppocr.modeling import architectures

SIZE = 640
LOSS = {}


def build_model(config: str, fix_nan: bool = True):
    """``fix_nan``: of the head; PaddleOCR has it since PaddlePaddle/PaddleOCR#14072, 2.10."""
    with open(config, encoding="utf-8") as file:
        told = yaml.safe_load(file)
    if not fix_nan:
        told["Architecture"]["Head"].pop("fix_nan", None)
    LOSS["of"] = build_loss(told["Loss"])
    return architectures.build_model(told["Architecture"])


def example_batch(batch_size):
    maps = [paddle.ones([batch_size, SIZE, SIZE]) for _ in range(4)]
    return paddle.randn([batch_size, 3, SIZE, SIZE]), maps


def loss_fn(outputs, maps):
    return LOSS["of"](outputs, [None, *maps])["loss"]


def build_optimizer(parameters):
    decay = paddle.regularizer.L2Decay(1e-6)
    return paddle.optimizer.Adam(1e-3, parameters=parameters, weight_decay=decay)
