"""The words of each command's command line, before they are understood.

One class per command lists everything it takes; the text of ``--batch-size`` has the key
``help.batch_size``. :mod:`estimator.cli.app` makes typer commands of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from estimator.cli.common import CommonArguments, argument, option
from estimator.defaults import OOM_PRICE, SCRIPT_TIME_LIMIT_SECONDS, TIME_LIMIT_SECONDS, WASTE_PRICE
from estimator.manifest.kindnames import ManifestKind
from estimator.units import format_duration
from estimator.workload.types import DEFAULT_SAMPLED_BATCHES, DEFAULT_WATCHED_STEPS

_model = partial(option, panel="model")
_script = partial(option, panel="script")
_gpus = partial(option, panel="gpus")
_yaml = partial(option, panel="yaml")
_measuring = partial(option, panel="measuring")
_output = partial(option, panel="output")
_history = partial(option, panel="history")
_prices = partial(option, panel="prices")


@dataclass(frozen=True, kw_only=True)
class QuestionArguments(CommonArguments):
    """What can be asked of a model file and of a script alike."""

    batch_size: Annotated[int | None, _model("--batch-size", "N", min=1)] = None
    gpu: Annotated[list[str], _gpus("--gpu", "NAME")] = field(default_factory=list)
    gpus_file: Annotated[Path | None, _gpus("--gpus-file", "FILE")] = None
    max_gpus: Annotated[int | None, _gpus("--max-gpus", "N", min=1)] = None
    gpus: Annotated[int | None, _gpus("--gpus", "N", min=1)] = None
    nodes: Annotated[int | None, _gpus("--nodes", "N", min=1)] = None
    minimize: Annotated[
        Literal["gpu-hours", "time", "gpus"] | None, _gpus("--minimize", "gpu-hours|time|gpus")
    ] = None
    dataset_size: Annotated[int | None, _gpus("--dataset-size", "N", min=1)] = None
    epochs: Annotated[int | None, _gpus("--epochs", "N", min=1)] = None
    deadline: Annotated[str | None, _gpus("--deadline", "TIME")] = None
    template: Annotated[str | None, _yaml("--template", "NAME")] = None
    templates: Annotated[list[Path], _yaml("--templates", "DIR")] = field(default_factory=list)
    kind: Annotated[str, _yaml("--kind", "NAME")] = ManifestKind.JOB.value
    command: Annotated[str | None, _yaml("--command", "TEXT")] = None
    set: Annotated[list[str], _yaml("--set", "PATH=VALUE", text="set_yaml")] = field(
        default_factory=list
    )
    env: Annotated[list[str], _yaml("--env", "NAME=VALUE")] = field(default_factory=list)
    namespace: Annotated[str | None, _yaml("--namespace", "NAME")] = None
    queue: Annotated[str | None, _yaml("--queue", "NAME")] = None
    data_claim: Annotated[str | None, _yaml("--data-claim", "NAME")] = None
    crds: Annotated[Path | None, _yaml("--crds", "DIR")] = None
    server_dry_run: Annotated[bool, _yaml("--server-dry-run")] = False
    kube_context: Annotated[str | None, _yaml("--context", "NAME")] = None
    device: Annotated[
        Literal["auto", "gpu", "virtual", "cpu"], _measuring("--device", "auto|gpu|virtual|cpu")
    ] = "auto"
    time_limit: Annotated[str, _measuring("--time-limit", "TIME")] = format_duration(
        TIME_LIMIT_SECONDS
    )
    verify: Annotated[bool, _measuring("--verify")] = False
    timeline: Annotated[Path | None, _output("--timeline", "FILE.html")] = None
    json: Annotated[bool, _output("--json")] = False
    out: Annotated[Path | None, _output("--out", "FILE")] = None
    explain: Annotated[bool, _output("--explain")] = False
    provenance: Annotated[bool, _output("--provenance")] = False


@dataclass(frozen=True, kw_only=True)
class EstimateArguments(QuestionArguments):
    """``paddle-estimate MODEL.py``."""

    model: Annotated[
        Path, typer.Argument(metavar="MODEL.py", help="help.model", rich_help_panel="panel.file")
    ]
    option: Annotated[list[str], _model("--option", "KEY=VALUE...", "-o")] = field(
        default_factory=list
    )
    input: Annotated[list[str], _model("--input", "SHAPE:DTYPE")] = field(default_factory=list)
    label: Annotated[list[str], _model("--label", "SHAPE:DTYPE")] = field(default_factory=list)
    amp: Annotated[
        Literal["off", "O1", "O2"] | None, _model("--amp", "off|O1|O2", case_sensitive=False)
    ] = None
    amp_dtype: Annotated[
        Literal["float16", "bfloat16"] | None, _model("--amp-dtype", "float16|bfloat16")
    ] = None
    eval_batch_size: Annotated[int | None, _model("--eval-batch-size", "N", min=1)] = None
    accumulate: Annotated[int, _model("--accumulate", "N", min=1)] = 1
    recompute: Annotated[bool, _model("--recompute")] = False
    inference: Annotated[bool, _model("--inference")] = False
    checkpoint: Annotated[bool, _model("--checkpoint")] = False
    search: Annotated[bool, _gpus("--search")] = False
    dry_step_on: Annotated[
        str | None,
        _measuring("--dry-step-on", "kubernetes[:NAMESPACE]", text="model_dry_step_on"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class SubmitArguments(EstimateArguments):
    """``paddle-estimate submit MODEL.py|JOB.yaml``."""

    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL.py|JOB.yaml", help="help.submit_model", rich_help_panel="panel.file"
        ),
    ]
    yes: Annotated[bool, _yaml("--yes", "", "-y")] = False


@dataclass(frozen=True, kw_only=True)
class RunArguments(QuestionArguments):
    """``paddle-estimate run -- python train.py ...``."""

    program: Annotated[
        list[str],
        typer.Argument(
            metavar="-- COMMAND...", help="help.program", rich_help_panel="panel.script"
        ),
    ]
    batch_arg: Annotated[str | None, _script("--batch-arg", "WORDS")] = None
    amp: Annotated[
        Literal["off", "O1", "O2"] | None,
        _script("--amp", "off|O1|O2", text="script_amp", case_sensitive=False),
    ] = None
    steps: Annotated[int, _script("--steps", "N", min=2)] = DEFAULT_WATCHED_STEPS
    sample_batches: Annotated[int, _script("--sample-batches", "N", min=2)] = (
        DEFAULT_SAMPLED_BATCHES
    )
    synthetic_data: Annotated[
        list[str], _script("--synthetic-data", "[NAME=]SHAPE[:DTYPE[:CLASSES]]")
    ] = field(default_factory=list)
    time_limit: Annotated[str, _measuring("--time-limit", "TIME")] = format_duration(
        SCRIPT_TIME_LIMIT_SECONDS
    )


@dataclass(frozen=True, kw_only=True)
class GpusArguments(CommonArguments):
    """``paddle-estimate gpus``."""

    gpus_file: Annotated[Path | None, _gpus("--gpus-file", "FILE")] = None
    json: Annotated[bool, _output("--json")] = False


@dataclass(frozen=True, kw_only=True)
class DoctorArguments(CommonArguments):
    """``paddle-estimate doctor``."""

    json: Annotated[bool, _output("--json")] = False


@dataclass(frozen=True, kw_only=True)
class RenderArguments(CommonArguments):
    """``paddle-estimate render ID``."""

    identifier: Annotated[str, argument("ID", "estimate_id")]
    kind: Annotated[str | None, _yaml("--kind", "NAME")] = None
    templates: Annotated[list[Path], _yaml("--templates", "DIR")] = field(default_factory=list)
    out: Annotated[Path | None, _output("--out", "FILE")] = None
    provenance: Annotated[bool, _output("--provenance")] = False
    diff: Annotated[bool, _output("--diff")] = False


@dataclass(frozen=True, kw_only=True)
class TemplatesArguments(CommonArguments):
    """``paddle-estimate templates list``."""

    templates: Annotated[list[Path], _yaml("--templates", "DIR")] = field(default_factory=list)
    json: Annotated[bool, _output("--json")] = False


@dataclass(frozen=True, kw_only=True)
class TemplateArguments(CommonArguments):
    """``paddle-estimate templates show|explain NAME``."""

    name: Annotated[str, argument("NAME", "template_name")]
    templates: Annotated[list[Path], _yaml("--templates", "DIR")] = field(default_factory=list)
    json: Annotated[bool, _output("--json")] = False


@dataclass(frozen=True, kw_only=True)
class TemplateExplainArguments(TemplateArguments):
    """``paddle-estimate templates explain NAME [PATH]``."""

    path: Annotated[str | None, argument("PATH", "template_path")] = None


@dataclass(frozen=True, kw_only=True)
class TemplateDiffArguments(CommonArguments):
    """``paddle-estimate templates diff NAME OTHER``."""

    name: Annotated[str, argument("NAME", "template_name")]
    other: Annotated[str, argument("OTHER", "template_name")]
    templates: Annotated[list[Path], _yaml("--templates", "DIR")] = field(default_factory=list)
    json: Annotated[bool, _output("--json")] = False


@dataclass(frozen=True, kw_only=True)
class TemplateCheckArguments(CommonArguments):
    """``paddle-estimate templates check [NAME...]``."""

    names: Annotated[list[str], argument("NAME...", "template_names")] = field(default_factory=list)
    templates: Annotated[list[Path], _yaml("--templates", "DIR")] = field(default_factory=list)
    json: Annotated[bool, _output("--json")] = False


@dataclass(frozen=True, kw_only=True)
class TemplateNewArguments(CommonArguments):
    """``paddle-estimate templates new NAME``."""

    name: Annotated[str, argument("NAME", "template_name")]
    extends: Annotated[str, _yaml("--extends", "NAME")] = "training"
    layer: Annotated[str, _yaml("--layer", "NAME")] = "project"
    templates: Annotated[Path | None, _yaml("--templates", "DIR", text="templates_home")] = None
    json: Annotated[bool, _output("--json")] = False


@dataclass(frozen=True, kw_only=True)
class MappedArguments(CommonArguments):
    """Options of every command that reads tables of past jobs."""

    map: Annotated[list[str], _history("--map", "FIELD=COLUMN[:UNIT]")] = field(
        default_factory=list
    )
    set: Annotated[list[str], _history("--set", "FIELD=VALUE")] = field(default_factory=list)
    json: Annotated[bool, _output("--json")] = False


@dataclass(frozen=True, kw_only=True)
class HistoryReplayArguments(MappedArguments):
    """``paddle-estimate history replay FILE...``."""

    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="help.history_files", rich_help_panel="panel.history"
        ),
    ]
    oom_price: Annotated[float, _prices("--oom-price", "JOBS")] = OOM_PRICE
    waste_price: Annotated[float, _prices("--waste-price", "PRICE")] = WASTE_PRICE


@dataclass(frozen=True, kw_only=True)
class HistoryLearnArguments(MappedArguments):
    """``paddle-estimate history evaluate|drift [FILE...]``: the own records without a file."""

    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="[FILE...]", help="help.history_own_files", rich_help_panel="panel.history"
        ),
    ] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class HistoryFitArguments(HistoryLearnArguments):
    """``paddle-estimate history fit [FILE...]``."""

    model_file: Annotated[Path | None, _history("--model-file", "FILE")] = None
    replace: Annotated[bool, _history("--replace")] = False


@dataclass(frozen=True, kw_only=True)
class HistoryRecommendArguments(CommonArguments):
    """``paddle-estimate history recommend --template NAME --request 16Gi``."""

    request: Annotated[str, _history("--request", "BYTES")]
    template: Annotated[str | None, _history("--template", "NAME")] = None
    name: Annotated[str | None, _history("--name", "MODEL")] = None
    user: Annotated[str | None, _history("--user", "NAME")] = None
    gpu: Annotated[str | None, _history("--gpu", "NAME")] = None
    target: Annotated[
        Literal["host-memory", "device-memory"],
        _history("--target", "host-memory|device-memory"),
    ] = "host-memory"
    model_file: Annotated[Path | None, _history("--model-file", "FILE")] = None
    oom_price: Annotated[float, _prices("--oom-price", "JOBS")] = OOM_PRICE
    waste_price: Annotated[float, _prices("--waste-price", "PRICE")] = WASTE_PRICE
    json: Annotated[bool, _output("--json")] = False
