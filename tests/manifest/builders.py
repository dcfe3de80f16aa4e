"""Requests, templates and trees for the tests of this room."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from estimator.drystep.measurement import ModelFacts
from estimator.manifest.layers import Template, TemplateLibrary, load_templates, resolve_template
from estimator.manifest.merge import merge, settle
from estimator.manifest.source import read_tree
from estimator.manifest.tree import Branch
from estimator.manifest.types import JobRequest
from estimator.paths import shipped_folder
from estimator.units import GIB

REQUEST = JobRequest(
    name="resnet50",
    gpu_product="NVIDIA-A100-SXM4-80GB",
    gpu_count=1,
    nodes=1,
    cpu=8,
    memory_bytes=30 * GIB,
    shm_bytes=2 * GIB,
    per_device_batch_size=64,
    compute_capability=(8, 0),
    model_file="resnet50.py",
    reasons={"memory": "two processes", "cpu": "seven workers", "shm": "batches in flight"},
    estimate_id="20261124-0001",
)
EIGHT_GPUS = replace(REQUEST, gpu_count=8)
TWO_NODES = replace(REQUEST, gpu_count=8, nodes=2)

MINIMAL = """\
training:
  images: ["paddlepaddle/paddle:3.3.0-gpu-cuda12.6-cudnn9.5"]
  command: [python, train.py]
  batch_size_argument: [--batch_size=]
pod:
  restartPolicy: OnFailure
  containers:
    - name: paddle
"""


def facts(name: str, layers: dict[str, int], source: str = "model.py") -> ModelFacts:
    return ModelFacts(name, 1, 1, source, layers)


def write(folder: Path, name: str, text: str) -> Path:
    """``base/a.yaml`` below the folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def library(folder: Path, **files: str) -> TemplateLibrary:
    """A library of one folder: ``base__a="..."`` is base/a.yaml."""
    for name, text in files.items():
        write(folder, name.replace("__", "/") + ".yaml", text)
    return load_templates([folder])


def template(folder: Path, text: str) -> Template:
    """A template with one layer."""
    return resolve_template(library(folder, base__one=text), "one")


def shipped(name: str) -> Template:
    return resolve_template(load_templates([shipped_folder("templates")]), name)


def tree(folder: Path, name: str, text: str) -> Branch:
    return read_tree(write(folder, name, text), name)


def merged(folder: Path, lower: str, upper: str) -> Branch:
    """``upper.yaml`` over ``lower.yaml``."""
    below = settle(tree(folder, "lower.yaml", lower))
    return merge(below, tree(folder, "upper.yaml", upper))
