"""Reproduce the step-time coefficients from published throughput (`make calibrate`).

    python -m estimator.throughput.fit tests/throughput/data [--write]

The folder holds the published runs and the kernel records of their workloads. Prints
predicted against measured for every row, with the errors of fits that left out all rows of its
model, its chip or its stack; ``--write`` replaces ``coefficients.yaml``.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from estimator.throughput.coefficients import COEFFICIENTS_FILE, Coefficients, parse_coefficients
from estimator.throughput.published import (
    Published,
    PublishedRun,
    ScalingRun,
    Use,
    read_published,
)
from estimator.throughput.solve import (
    Fit,
    coverage,
    fit_all,
    log_error,
    paddle_errors,
    read_priors,
    scaling_error,
)

_USES: tuple[Use, ...] = ("fit", "check", "torch")
_HEADER = """\
# Written by `python -m estimator.throughput.fit tests/throughput/data --write`: do not edit.
# Method: least squares (soft L1) of ln(measured / predicted) on the rows of use `fit`, and of the
# way from the priors in priors.yaml. An error is measured / predicted - 1.
# What a kernel is counted to cost was settled while these rows were in view, so the errors of
# left-out rows are somewhat too good. Rows of use `check` and `torch` were never fitted; both
# help to set the interval.
"""


def main(arguments: Sequence[str]) -> int:
    """Fit, print the table, and write the coefficients where asked to."""
    folders = [Path(word) for word in arguments if word != "--write"]
    if len(folders) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    published = read_published(folders[0])
    fit = fit_all(read_priors(), published)
    numbers = parse_coefficients(fit.document)
    print("\n".join(table(published, fit, numbers)))
    if "--write" in arguments:
        COEFFICIENTS_FILE.write_text(to_yaml(published, fit, numbers), encoding="utf-8")
    return 0


def table(published: Published, fit: Fit, numbers: Coefficients) -> Iterator[str]:
    """Lines for people: every row, then the medians."""
    yield f"{'':6}{'':29}{'':11}{'error where it was left out:':>32}"
    heads = ("measured", "predicted")
    yield "{:6}{:>10}{:>10} {:12}{:>8}{:>9}{:>9}{:>9}  run".format(
        "use", *heads, "unit", "error", "model", "chip", "stack"
    )
    for run in published.single:
        yield _line(run, fit, numbers)
    for pair in published.scaling:
        error = scaling_error(pair, numbers)
        measured = f"{pair.use:6}scaling efficiency {pair.efficiency:.3f} measured"
        yield f"{measured}, {pair.efficiency - error:.3f} predicted, {-error:+.3f}  {pair.label}"
    yield from (f"{name}: {value}" for name, value in summary(published, fit, numbers).items())


def _line(run: PublishedRun, fit: Fit, numbers: Coefficients) -> str:
    error = log_error(run, numbers)
    left_out = (fit.unseen_model, fit.unseen_chip, fit.unseen_stack)
    unseen = [_percent(each[run.label]) if run.label in each else "" for each in left_out]
    predicted = run.rate * math.exp(error)
    return (
        f"{run.use:6}{run.rate:10,.1f}{predicted:10,.1f} {run.unit:12}{_percent(error):>8}"
        f"{''.join(f'{each:>9}' for each in unseen)}  {run.label}"
    )


def summary(published: Published, fit: Fit, numbers: Coefficients) -> Mapping[str, float]:
    """Median magnitudes of the errors, and how often the interval holds a row it is not made of."""
    errors = {use: [log_error(run, numbers) for run in published.of(use)] for use in _USES}
    scaling = [run for run in published.scaling if run.use == "fit"]
    runs = {run: abs(scaling_error(run, numbers)) for run in scaling}
    return {
        "median_error_fit": _median(errors["fit"]),
        "median_error_model_left_out": _median(fit.unseen_model.values()),
        "median_error_chip_left_out": _median(fit.unseen_chip.values()),
        "median_error_both_left_out": _median(fit.unseen_both.values()),
        "median_error_stack_left_out": _median(fit.unseen_stack.values()),
        "median_error_check": _median(errors["check"]),
        "median_error_torch": _median(errors["torch"]),
        "interval_coverage": round(coverage(paddle_errors(fit, published)), 3),
        "median_scaling_error": round(median(runs.values()), 3),
        **{f"median_scaling_error_{count}_gpus": _scaling_at(count, runs) for count in (8, 32)},
        "median_scaling_error_model_left_out": round(
            median(map(abs, fit.unseen_scaling.values())), 3
        ),
    }


def _scaling_at(count: int, errors: Mapping[ScalingRun, float]) -> float:
    return round(median(e for run, e in errors.items() if run.job.gpu_count == count), 3)


def to_yaml(published: Published, fit: Fit, numbers: Coefficients) -> str:
    """The coefficients document with its provenance."""
    rows = [
        {"run": run.label, "use": run.use, "measured_ms": round(run.step_seconds * 1e3, 1)}
        | {"error": _percent(log_error(run, numbers)), "source": run.source}
        for run in published.single
    ]
    scaling = [
        {"run": run.label, "measured": round(run.efficiency, 3)}
        | {"error": round(scaling_error(run, numbers), 3)}
        for run in published.scaling
    ]
    document = {
        "coefficients": _rounded(fit.document),
        "summary": dict(summary(published, fit, numbers)),
        "single_gpu": rows,
        "multi_gpu": scaling,
    }
    return _HEADER + yaml.safe_dump(document, sort_keys=False, width=100)


def _rounded(value: Any) -> Any:
    """Four significant digits: more would claim a precision that is not there."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _median(errors: Iterable[float]) -> float:
    return round(median(abs(math.expm1(error)) for error in errors), 3)


def _percent(log: float) -> str:
    return f"{math.expm1(log):+.1%}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
