"""``make bench-render``: how long 1,000 renders take, template and YAML text included.

A machine that does other things too stretches the wall time; the ratio to ``yaml.safe_dump`` (with
libyaml) of the same documents in the same run holds on any.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from typing import NamedTuple

import yaml

from estimator.manifest.catalogue import list_templates, template_library
from estimator.manifest.fill import fill
from estimator.manifest.kinds import ManifestKind
from estimator.manifest.layers import Template, resolve_template
from tests.manifest.builders import EIGHT_GPUS

RENDERS = 1_000
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Times(NamedTuple):
    """Seconds of wall time and of processor time."""

    wall: float
    processor: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s ({self.processor:.2f} s of processor time)"


@contextmanager
def timed(found: list[Times]) -> Iterator[None]:
    """Add the times of what is done within."""
    start, busy = time.perf_counter(), time.process_time()
    yield
    found.append(Times(time.perf_counter() - start, time.process_time() - busy))


def compare(templates: Sequence[Template], kinds: Sequence[ManifestKind]) -> tuple[Times, Times]:
    """What 1,000 renders take, and what ``safe_dump`` takes for the same documents."""
    found: list[Times] = []
    with timed(found):
        made = [
            fill(template, EIGHT_GPUS, kind)
            for template, kind in islice(zip(cycle(templates), cycle(kinds)), RENDERS)
        ]
    with timed(found):
        for one in made:
            yaml.dump_all(one.document, Dumper=DUMPER)
    rendered, dumped = found
    return rendered, dumped


def main() -> None:
    """Render every template in turn, as a Job and then as every kind."""
    library = template_library()
    templates = [resolve_template(library, one.name) for one in list_templates()]
    for kinds in ([ManifestKind.JOB], list(ManifestKind)):
        rendered, dumped = compare(templates, kinds)
        ratio = rendered.processor / dumped.processor
        print(f"{RENDERS} renders as {', '.join(kinds)}: {rendered}")
        print(f"  safe_dump of the same documents: {dumped}; ratio {ratio:.1f}")


if __name__ == "__main__":
    main()
