"""``make bench-render``: how long 1,000 renders take, template and YAML text included."""

from __future__ import annotations

import time

from estimator.manifest.catalogue import list_templates, template_library
from estimator.manifest.fill import fill
from estimator.manifest.kinds import ManifestKind
from estimator.manifest.layers import resolve_template
from tests.manifest.builders import EIGHT_GPUS

RENDERS = 1_000


def main() -> None:
    """Render every template in turn, as a Job and then as every kind."""
    library = template_library()
    templates = [resolve_template(library, one.name) for one in list_templates()]
    for kinds in ([ManifestKind.JOB], list(ManifestKind)):
        start, busy = time.perf_counter(), time.process_time()
        for number in range(RENDERS):
            kind = kinds[number % len(kinds)]
            fill(templates[number % len(templates)], EIGHT_GPUS, kind)
        wall, processor = time.perf_counter() - start, time.process_time() - busy
        named = ", ".join(kinds)
        print(f"{RENDERS} renders as {named}: {wall:.2f} s, {processor:.2f} s of processor time")


if __name__ == "__main__":
    main()
