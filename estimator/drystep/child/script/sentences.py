"""What was assumed about a script, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from estimator.drystep.child.script.seen import EvaluationSeen, RunSeen
from estimator.messages import sentence
from estimator.workload.types import Script


def assumptions(
    first: RunSeen, script: Script, why_from_the_start: str, *, is_guarded: bool
) -> tuple[str, ...]:
    """Everything that the answer rests on beside the script itself."""
    return (
        *_on_watching(first),
        *first.notes,
        *_on_shapes(first),
        *_on_other_sizes(first, script, why_from_the_start),
        *_on_files(is_guarded),
    )


def evaluation_note(evaluation: EvaluationSeen) -> str:
    """A warning where an evaluation keeps what only a backward pass needs; else empty."""
    if not evaluation.keeps_gradients_at:
        return ""
    return sentence(
        "the evaluation keeps what a backward pass would need: no paddle.no_grad() around {where}",
        where=evaluation.keeps_gradients_at,
    )


def on_idle_optimizers(idle: Iterable[Any], steps: int) -> Iterator[str]:
    """Those that a script made and did not use while it was watched."""
    for name in sorted({type(optimizer).__name__ for optimizer in idle}):
        yield sentence(
            "an optimizer of the script ({name}) did no update in {count} steps: what its updates "
            "take is not counted",
            name=name,
            count=steps,
        )


def _on_watching(first: RunSeen) -> Iterator[str]:
    yield sentence(
        "the script was watched for {count} optimizer steps and then stopped",
        count=len(first.steps),
    )
    if first.steps[1].batches > 1:
        yield sentence("an update is made of {count} batches", count=first.steps[1].batches)
    evaluation = first.evaluation
    if evaluation is None:
        yield sentence("no evaluation was seen: what one needs is not counted")
    elif evaluation.ended_early:
        yield sentence(
            "its evaluation was watched for {count} batches: what it gathers over the whole data "
            "set is not counted",
            count=evaluation.batches,
        )


def _on_shapes(first: RunSeen) -> Iterator[str]:
    distinct = len({step.shapes for step in first.steps})
    if distinct > 1:
        yield sentence(
            "shapes vary: {distinct} different ones in {count} steps; the estimate is for the "
            "largest batch seen, at every step",
            distinct=distinct,
            count=len(first.steps),
        )


def _on_other_sizes(first: RunSeen, script: Script, why: str) -> Iterator[str]:
    if script.batch_argument:
        yield sentence(
            "other batch sizes were run by the argument {argument}, each from the beginning of the "
            "script",
            argument=" ".join(script.batch_argument),
        )
    if isinstance(first.template, str):
        if not script.batch_argument:
            yield sentence(
                "no other batch size was run, because {why}: --batch-arg names the way",
                why=first.template,
            )
        return
    yield sentence("other batch sizes repeat the samples of the largest batch seen")
    if unscaled := first.template.unscaled:
        yield sentence(
            "{count} tensors of a batch do not follow the batch size and stayed the same",
            count=unscaled,
        )
    if not script.batch_argument:
        yield _on_copies(why)


def _on_copies(why: str) -> str:
    if why:
        return sentence("they ran from the beginning of the script, because {why}", why=why)
    return sentence("they ran in copies of the process, made before its first batch")


def _on_files(is_guarded: bool) -> Iterator[str]:
    yield sentence("files that the script wrote went to a scratch folder, which is gone")
    if not is_guarded:
        yield sentence(
            "this Linux has no Landlock: files that native code wrote may have been kept"
        )
