"""One unmodified training script of each suite: its arguments, its data, what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.suites import data

MakeData = Callable[[Path, Mapping[str, str]], None]
"""Makes a data set in an empty folder; the variables are those that the script runs with."""


@dataclass(frozen=True, slots=True)
class Case:
    """How a training is begun by hand in a checkout of the suite.

    folder: where in the checkout, ``script`` from there. arguments: ``{data}`` stands for the
    folder that ``make_data`` fills. needs: what training imports beside what models do, from PyPI
    without dependencies. old_numpy: whether that asks for NumPy 1.
    """

    suite: str
    script: str
    arguments: str
    make_data: MakeData
    folder: str = ""
    needs: tuple[str, ...] = ()
    old_numpy: bool = False


CASES = (
    Case(
        "PaddleClas",
        "tools/train.py",
        "-c ppcls/configs/ImageNet/ResNet/ResNet50.yaml"
        " -o Arch.pretrained=False"  # a download
        " -o DataLoader.Train.dataset.image_root={data}"
        " -o DataLoader.Train.dataset.cls_label_path={data}/train.txt"
        " -o DataLoader.Eval.dataset.image_root={data}"
        " -o DataLoader.Eval.dataset.cls_label_path={data}/val.txt",
        data.classification,
        needs=("visualdl==2.5.3",),
    ),
    Case(
        "PaddleSeg",
        "tools/train.py",
        "--config configs/quick_start/pp_liteseg_optic_disc_512x512_1k.yml"
        " --do_eval --save_interval 20"
        " --opts model.backbone.pretrained=None"  # a download
        " train_dataset.dataset_root={data} train_dataset.train_path={data}/train.txt"
        " val_dataset.dataset_root={data} val_dataset.val_path={data}/val.txt",
        data.segmentation,
        needs=("visualdl==2.5.3",),
    ),
    Case(
        "PaddleDetection",
        "tools/train.py",
        "-c configs/ppyoloe/ppyoloe_plus_crn_s_80e_coco.yml --eval --enable_ce True"
        " -o pretrain_weights= snapshot_epoch=1 worker_num=0"  # no download, the same sizes always
        " TrainDataset.dataset_dir={data} EvalDataset.dataset_dir={data}",
        data.detection,
        needs=("visualdl==2.5.3",),
        old_numpy=True,
    ),
    Case(
        "PaddleOCR",
        "tools/train.py",
        "-c configs/rec/rec_r34_vd_none_bilstm_ctc.yml -o Global.eval_batch_step=[0,20]"
        " Train.dataset.name=SimpleDataSet Train.dataset.data_dir={data}"
        " Train.dataset.label_file_list=[{data}/train.txt]"
        " Eval.dataset.name=SimpleDataSet Eval.dataset.data_dir={data}"
        " Eval.dataset.label_file_list=[{data}/val.txt]",
        data.recognition,
        needs=("imgaug==0.4.0", "visualdl==2.5.3"),
        old_numpy=True,
    ),
    Case(
        "PaddleNLP",
        "train.py",
        "--do_train --do_eval --model_name_or_path {data}/ernie --output_dir output --device gpu"
        " --train_path {data}/train.txt --dev_path {data}/dev.txt --label_path {data}/label.txt"
        " --num_train_epochs 1 --evaluation_strategy epoch"
        " --per_device_train_batch_size 32 --per_device_eval_batch_size 32",
        data.sentences,
        folder="applications/text_classification/multi_class",
    ),
)
