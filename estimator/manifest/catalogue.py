"""The templates there are, and what one says with all its layers merged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from estimator.manifest.fill import computed_settings, tree_origins
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.layers import (
    Template,
    TemplateLibrary,
    load_templates,
    resolve_template,
)
from estimator.manifest.story import stories
from estimator.manifest.template_file import TemplateFile
from estimator.manifest.tree import format_path, nearest, plain, plain_map
from estimator.manifest.types import (
    JobRequest,
    Origin,
    PathStory,
    PolicySay,
    TemplateSummary,
    TemplateView,
)
from estimator.manifest.writer import write_yaml
from estimator.paths import shipped_folder, user_config_folder
from estimator.units import GIB

SAMPLE = JobRequest(
    name="sample",
    gpu_product="NVIDIA-A100-SXM4-80GB",
    gpu_count=1,
    nodes=1,
    cpu=8,
    memory_bytes=32 * GIB,
    shm_bytes=4 * GIB,
    per_device_batch_size=32,
    compute_capability=(8, 0),
    model_file="model.py",
    reasons={},
    estimate_id="sample",
)
"""A job that any sound template can be filled with."""


def template_library(folders: Sequence[Path] = ()) -> TemplateLibrary:
    """The templates that ship with the tool, over them those of the user's configuration, and
    over them those of the folders in their order.

    Raises BadInput with ``file:line``.
    """
    own = site_folder()
    return load_templates([shipped_folder("templates"), *([own] if own.is_dir() else []), *folders])


def site_folder() -> Path:
    """Where templates are looked for without ``--templates``; may not be there."""
    return user_config_folder() / "templates"


def list_templates(folders: Sequence[Path] = ()) -> tuple[TemplateSummary, ...]:
    """Every template, base layer first. Raises BadInput."""
    library = template_library(folders)
    return tuple(_summary(one, resolve_template(library, one.name).files) for one in library.newest)


def show_template(name: str, folders: Sequence[Path] = ()) -> TemplateView:
    """A template (a name, or the path of a YAML file) with all its layers merged.

    Raises BadInput.
    """
    template = resolve_template(template_library(folders), name)
    top = template.layers[-1]
    return TemplateView(
        summary=_summary(top, template.files),
        text=write_yaml([plain_map(template.tree)]),
        origins=tuple(tree_origins(template.tree)),
        locked=tuple(_locked(template)),
        policy=tuple(PolicySay(rule.said, rule.who) for rule in template.policy),
    )


def explain_path(name: str, path: str, folders: Sequence[Path] = ()) -> tuple[PathStory, ...]:
    """Every layer's say on a path of a template, or on each value below it. Raises BadInput."""
    template = resolve_template(template_library(folders), name)
    return stories(template, path, computed_settings(template, SAMPLE, ManifestKind.JOB))


def _summary(top: TemplateFile, files: Sequence[str]) -> TemplateSummary:
    return TemplateSummary(top.name, top.layer, top.description, top.extends, tuple(files))


def _locked(template: Template) -> list[Origin]:
    """The locked paths: the value each keeps, and who locked it."""
    found = [(lock, nearest(template.tree, lock.path)) for lock in template.locks]
    return [
        Origin(
            format_path(lock.path),
            plain(node.node) if node.path == lock.path else None,
            lock.where,
            lock.who,
        )
        for lock, node in found
    ]
