"""From the words of the command line to one checked question."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from estimator.cli.arguments import EstimateArguments, QuestionArguments, RunArguments
from estimator.cli.overrides import parse_overrides
from estimator.cli.tensors import parse_synthetic, parse_tensor
from estimator.defaults import MAX_GPUS
from estimator.drystep.measurement import Precision
from estimator.drystep.request import DeviceChoice
from estimator.errors import BadInput
from estimator.manifest import overrides
from estimator.manifest.kindnames import parse_kind
from estimator.manifest.types import Override
from estimator.messages import Language, message, sentence
from estimator.options import EstimateOptions, ManifestOptions
from estimator.plan.types import Objective, Question
from estimator.units import parse_duration
from estimator.workload.command import ENVIRONMENT_OF_ONE, PythonProgram, parse_command
from estimator.workload.source import is_training_script
from estimator.workload.types import Script, Workload


def to_options(arguments: EstimateArguments, language: Language) -> EstimateOptions:
    """The question that a command line asks. Raises BadInput for whatever cannot be read."""
    options = _options(arguments, _workload(arguments), language)
    return replace(options, search=arguments.search)


def to_script_options(arguments: RunArguments, language: Language) -> EstimateOptions:
    """The question that a command line asks about a script. Raises BadInput.

    What Paddle's launcher in the command says of GPUs and nodes counts as said.
    """
    if arguments.amp is not None:
        raise BadInput(message("error.script_amp"), where="--amp", hint=message("hint.script_amp"))
    program = parse_command(arguments.program)
    arguments = replace(
        arguments,
        gpus=_agreed("--gpus", arguments.gpus, program.gpus),
        nodes=_agreed("--nodes", arguments.nodes, program.nodes),
    )
    return _options(arguments, _script_workload(arguments, program), language)


def _agreed(flag: str, said: int | None, launched: int | None) -> int | None:
    """What is said by our flag or by the launcher, where they do not contradict each other.

    A launcher of one process decides nothing: it is how a script is tried out.
    """
    if launched in (None, 1):
        return said
    if said not in (None, launched):
        what = message("error.launcher_says_other", said=said, launched=launched)
        raise BadInput(what, where=flag, hint=f"{flag} {launched}")
    return launched


def _options(
    arguments: QuestionArguments, workload: Workload, language: Language
) -> EstimateOptions:
    return EstimateOptions(
        workload=workload,
        question=_question(arguments),
        gpus=tuple(arguments.gpu),
        gpus_file=_existing("--gpus-file", arguments.gpus_file),
        device=DeviceChoice(arguments.device),
        time_limit_seconds=_seconds("--time-limit", arguments.time_limit),
        manifest=_manifest(arguments),
        language=language,
        verify=arguments.verify,
        timeline=arguments.timeline is not None,
    )


def parse_precision(amp: str | None, dtype: str | None) -> Precision | None:
    """The precision of ``--amp`` and ``--amp-dtype``; None where neither is given.

    O1 and O2 mean float16 unless said otherwise, as in ``paddle.amp.auto_cast``.
    """
    if dtype is not None and amp in (None, "off"):
        raise BadInput(message("error.amp_dtype_alone"), where="--amp-dtype", hint="--amp O1")
    if amp is None:
        return None
    return Precision() if amp == "off" else Precision(amp, dtype or "float16")


def _script_workload(arguments: RunArguments, program: PythonProgram) -> Workload:
    several = (arguments.gpus or 1) * (arguments.nodes or 1) > 1
    of_one = ENVIRONMENT_OF_ONE if several else {}
    argument = _words("--batch-arg", arguments.batch_arg)
    return Workload(
        model_file=program.file,
        per_device_batch_size=arguments.batch_size,
        script=Script(
            command=tuple(arguments.program),
            program=program.program,
            is_module=program.is_module,
            arguments=program.arguments,
            environment={k: v for k, v in program.environment.items() if k not in of_one},
            batch_argument=argument,
            steps=arguments.steps,
            sampled_batches=arguments.sample_batches,
            synthetic=parse_synthetic(arguments.synthetic_data),
        ),
    )


def _words(flag: str, text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        words = ()
    if not words:
        raise BadInput(message("error.words", words=text), where=flag, hint=f"{flag}=--batch_size")
    return words


def _workload(arguments: EstimateArguments) -> Workload:
    if is_training_script(arguments.model):
        return _bare_script(arguments)
    _check_inference(arguments)
    return Workload(
        model_file=arguments.model,
        options=parse_overrides(arguments.option),
        per_device_batch_size=arguments.batch_size,
        inputs=tuple(parse_tensor(words, "--input") for words in arguments.input),
        labels=tuple(parse_tensor(words, "--label") for words in arguments.label),
        precision=parse_precision(arguments.amp, arguments.amp_dtype),
        eval_batch_size=arguments.eval_batch_size,
        accumulate=arguments.accumulate,
        recompute=arguments.recompute,
        inference=arguments.inference,
        checkpoint=arguments.checkpoint,
    )


def _bare_script(arguments: EstimateArguments) -> Workload:
    """A file that trains by itself. What only a model file takes cannot be given with it."""
    given = {
        "-o": arguments.option,
        "--input": arguments.input,
        "--label": arguments.label,
        "--amp": arguments.amp,
        "--amp-dtype": arguments.amp_dtype,
        "--eval-batch-size": arguments.eval_batch_size,
        "--accumulate": arguments.accumulate > 1,
        "--recompute": arguments.recompute,
        "--inference": arguments.inference,
        "--checkpoint": arguments.checkpoint,
        "--search": arguments.search,
    }
    if flag := next((flag for flag, value in given.items() if value), None):
        hint = f"paddle-estimate {arguments.model} -- ARGUMENTS"
        raise BadInput(message("error.is_script", path=arguments.model), where=flag, hint=hint)
    return Workload(
        model_file=arguments.model,
        per_device_batch_size=arguments.batch_size,
        script=Script(command=("python", str(arguments.model)), program=str(arguments.model)),
    )


def _check_inference(arguments: EstimateArguments) -> None:
    """Raise BadInput for flags of training beside --inference."""
    flags = {
        "--eval-batch-size": arguments.eval_batch_size is not None,
        "--accumulate": arguments.accumulate > 1,
        "--recompute": arguments.recompute,
        "--checkpoint": arguments.checkpoint,
        "--search": arguments.search,
    }
    for flag, is_given in flags.items():
        if arguments.inference and is_given:
            hint = sentence("leave out {flag} or --inference", flag=flag)
            raise BadInput(message("error.no_training", flag=flag), where="--inference", hint=hint)


def _question(arguments: QuestionArguments) -> Question:
    objective, deadline = arguments.minimize, arguments.deadline
    nodes = arguments.nodes
    if arguments.gpus is not None and nodes is None:
        nodes = 1
    return Question(
        max_gpus=_max_gpus(arguments),
        objective=None if objective is None else Objective(objective),
        dataset_size=arguments.dataset_size,
        epochs=arguments.epochs,
        deadline_seconds=None if deadline is None else _seconds("--deadline", deadline),
        pinned_batch_size=arguments.batch_size,
        pinned_gpus=arguments.gpus,
        pinned_nodes=nodes,
    )


def _max_gpus(arguments: QuestionArguments) -> int:
    """The limit of ``--max-gpus``; without it, what ``--gpus`` and ``--nodes`` ask for is allowed.

    Raises BadInput where they contradict each other.
    """
    nodes, limit = arguments.nodes or 1, arguments.max_gpus
    pinned = nodes * (arguments.gpus or 1)
    if limit is None:
        return pinned if arguments.gpus is not None else nodes * MAX_GPUS
    if pinned > limit:
        what = message("error.more_than_max_gpus", gpus=pinned, limit=limit)
        raise BadInput(what, where="--max-gpus", hint=f"--max-gpus {pinned}")
    return limit


def _manifest(arguments: QuestionArguments) -> ManifestOptions:
    return ManifestOptions(
        kind=parse_kind(arguments.kind),
        template=arguments.template,
        templates_folders=existing_folders(arguments.templates),
        command=arguments.command,
        settings=tuple(_settings(arguments)),
        crds=_existing("--crds", arguments.crds),
    )


def existing_folders(folders: Iterable[Path]) -> tuple[Path, ...]:
    """The folders of ``--templates``. Raises BadInput for one that is not there."""
    for folder in folders:
        _existing("--templates", folder)
    return tuple(folders)


def _settings(arguments: QuestionArguments) -> Iterator[Override]:
    """Short forms first, so that ``--set`` has the last word."""
    short = (
        ("--namespace", overrides.NAMESPACE, arguments.namespace),
        ("--queue", overrides.QUEUE, arguments.queue),
        ("--data-claim", overrides.DATA_CLAIM, arguments.data_claim),
    )
    yield from (overrides.override(*one) for one in short if one[2] is not None)
    yield from map(overrides.parse_variable, arguments.env)
    yield from map(overrides.parse_setting, arguments.set)


def _existing(flag: str, path: Path | None) -> Path | None:
    if path is not None and not path.exists():
        hint = f"ls {path.parent}"
        raise BadInput(message("error.no_path", path=path), where=flag, hint=hint)
    return path


def _seconds(flag: str, words: str) -> float:
    hint = f"{flag} 12h"
    try:
        seconds = parse_duration(words)
    except ValueError:
        raise BadInput(message("error.duration", words=words), where=flag, hint=hint) from None
    if seconds <= 0:
        raise BadInput(message("error.no_time", words=words), where=flag, hint=hint)
    return seconds
