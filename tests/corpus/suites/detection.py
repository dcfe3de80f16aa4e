"""PaddleDetection: its configurations and its own reader's transforms, on made-up pictures."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import paddle

from tests.corpus.cases import Case
from tests.corpus.suites.architecture import OPTIMIZERS, Architecture

OBJECTS = 5


def open_architecture(case: Case) -> Architecture:
    import ppdet
    from ppdet.core.workspace import create, load_config

    random.seed(0)
    np.random.seed(0)
    configs = Path(ppdet.__file__).parents[1] / "configs"
    config = load_config(str(configs / f"{case.arguments['config']}.yml"))
    config["norm_type"] = "bn"  # synchronised batch norm needs several GPUs
    if rois := case.arguments.get("rois"):
        config["RPNHead"]["train_proposal"]["nms_thresh"] = 1.0
        config["BBoxAssigner"]["batch_size_per_im"] = rois
    reader = config["TrainReader"]
    for transform in (*reader["sample_transforms"], *reader.get("batch_transforms", ())):
        _shrink(transform, case.size)

    return Architecture(
        model=create(config.architecture),
        example_batch=lambda batch_size: ((_batch(reader, config, batch_size),), None),
        loss=lambda outputs, _: outputs["loss"],
        optimizer=OPTIMIZERS[case.optimizer],
    )


def _shrink(transform: dict[str, Any], size: int) -> None:
    """Pictures of one small size, where the configuration has several large ones."""
    for name, options in transform.items():
        if not options:
            continue
        if name == "BatchRandomResize":
            options["target_size"] = [size]
        elif name == "RandomResize":
            options["target_size"] = [[size, size]]
        elif name == "Resize":
            options["target_size"] = [size, size]
        elif name in ("RandomShortSideResize", "RandomResizeCrop"):
            options.update(
                {"short_side_sizes": [size], "max_size": size} if "S" in name[6:7] else {}
            )


def _batch(reader: Any, config: Any, batch_size: int) -> dict[str, Any]:
    """What the reader makes of made-up samples, on the current device."""
    from ppdet.data.reader import BatchCompose, Compose

    classes = config["num_classes"]
    on_samples = Compose(reader["sample_transforms"], num_classes=classes)
    on_batch = BatchCompose(
        reader.get("batch_transforms", []), classes, reader.get("collate_batch", True)
    )
    made = [_sample(number, classes) for number in range(batch_size)]
    if any("Gt2YoloTarget" in transform for transform in reader.get("batch_transforms", ())):
        for sample in made:  # its own default has a shape that NumPy 2 refuses
            sample["gt_score"] = np.ones((OBJECTS, 1), "float32")
    samples = [on_samples(sample) for sample in made]
    batch = {name: _tensors(value) for name, value in on_batch(samples).items()}
    return batch | {"epoch_id": 0, "num_gpus": 1}


def _tensors(value: Any) -> Any:
    if isinstance(value, list):
        return [_tensors(part) for part in value]
    return paddle.to_tensor(value)


def _sample(number: int, classes: int) -> dict[str, Any]:
    """A picture with a few boxes, as ``COCODataSet`` yields it."""
    import cv2

    side = 480
    _, encoded = cv2.imencode(".png", np.random.randint(0, 255, (side, side, 3), "uint8"))
    corner = np.random.uniform(0, side / 2, (OBJECTS, 2))
    boxes = np.concatenate([corner, corner + np.random.uniform(40, side / 2, (OBJECTS, 2))], 1)
    boxes = boxes.astype("float32")
    polygons = [[[x1, y1, x2, y1, x2, y2, x1, y2]] for x1, y1, x2, y2 in boxes.tolist()]
    return {
        "image": encoded.tobytes(),
        "im_id": np.array([number]),
        "h": float(side),
        "w": float(side),
        "gt_bbox": boxes,
        "gt_class": np.random.randint(0, classes, (OBJECTS, 1)).astype("int32"),
        "is_crowd": np.zeros((OBJECTS, 1), "int32"),
        "difficult": np.zeros((OBJECTS, 1), "int32"),
        "gt_poly": polygons,
        "curr_iter": number,
    }
