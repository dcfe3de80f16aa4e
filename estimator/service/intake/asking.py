"""A new estimate: its files, its options, its name - and whether its answer is known."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from estimator.errors import BadInput
from estimator.gpus.catalogue import load_catalogue
from estimator.manifest.catalogue import template_library
from estimator.manifest.render import check_options
from estimator.messages import Language, sentence
from estimator.options import EstimateOptions
from estimator.records.store import new_identifier
from estimator.service.context import Context
from estimator.service.intake.archives import files_of
from estimator.service.intake.digest import content_digest
from estimator.service.intake.models import find_model
from estimator.service.intake.question import is_script, to_question
from estimator.service.jobs.types import Run, Wanted
from estimator.service.problems import Refused
from estimator.service.security.tokens import Caller

_KEY_LETTERS = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for an estimate. One of ``upload`` and ``model``; options by their names.

    ``language``: of the one who asks, who gets the answer first.
    """

    upload: Upload | None
    model: str | None
    entry: str | None
    options: Mapping[str, Any]
    language: Language = Language.EN
    fresh: bool = False
    key: str | None = None


def asked(ask: Ask, caller: Caller, context: Context) -> tuple[Run, bool]:
    """The run of a request, and whether its answer was there already.

    Raises BadInput and Refused.
    """
    if ask.key is not None:
        if not 0 < len(ask.key) <= _KEY_LETTERS:
            raise BadInput(
                sentence("a key has 1 to {most} letters", most=_KEY_LETTERS),
                where="Idempotency-Key",
                hint="Idempotency-Key: run-1",
            )
        if known := context.store.by_key(caller.name, ask.key):
            return _the_same(known, ask), True
    files = _files(ask, context)
    entry = _entry(files, ask.entry)
    named = {name: content_digest(content) for name, content in files.items()}
    identifier = new_identifier()
    nonce = identifier if ask.fresh else ""
    wanted = Wanted(
        identifier=identifier,
        owner=caller.name,
        title=ask.model or Path(entry).name,
        digest=context.naming.digest(named, entry, ask.options, nonce),
        request={
            "files": named,
            "entry": entry,
            "options": dict(ask.options),
            "script": is_script(ask.options, files[entry]),
            "uploaded": ask.model is None,
            "language": ask.language.value,
        },
        created=time.time(),
        key=ask.key,
    )
    summary = context.store.summary(wanted.digest)
    if summary is not None:
        context.metrics.asked.labels("cached").inc()
        return context.store.add_answered(wanted, summary), True
    _check(wanted, files, caller, context)
    context.metrics.asked.labels("queued").inc()
    contents = {named[name]: content for name, content in files.items()}
    return context.store.add(wanted, contents), False


def _the_same(known: Run, ask: Ask) -> Run:
    """The run of a key, if it was asked with the same options."""
    if known.request["options"] != dict(ask.options):
        raise Refused("key-reused", 422)
    return known


def _files(ask: Ask, context: Context) -> dict[str, bytes]:
    if ask.model is not None:
        model = find_model(ask.model, context.settings.site.models)
        return {model.path.name: model.path.read_bytes()}
    if ask.upload is None:
        raise BadInput(
            sentence("one of source, model and a file has to be given"),
            hint="POST /api/v1/estimates",
        )
    if context.uploads:
        raise Refused("no-uploads", 403)
    if len(ask.upload.content) > context.settings.bounds.upload_bytes:
        raise Refused("too-large", 413)
    return files_of(ask.upload.name, ask.upload.content, context.settings.bounds)


def _entry(files: Mapping[str, bytes], wanted: str | None) -> str:
    """The model file: the one that is named, the only one, or ``model.py``."""
    if wanted is not None:
        if wanted not in files:
            raise BadInput(
                sentence("{name} is not among the files", name=repr(wanted)[:80]),
                where="entry",
                hint=", ".join(sorted(files)[:8]),
            )
        return wanted
    candidates = [name for name in files if name.endswith(".py")] or list(files)
    top = [name for name in candidates if Path(name).name == "model.py"]
    if len(candidates) == 1 or len(top) == 1:
        return (top or candidates)[0]
    raise BadInput(
        sentence("several files could be the model; entry says which one"),
        where="entry",
        hint=", ".join(sorted(candidates)[:8]),
    )


def _in_a_folder(
    entry: str, files: Mapping[str, bytes], options: Mapping[str, Any], context: Context
) -> EstimateOptions:
    with TemporaryDirectory() as folder:
        path = Path(folder) / Path(entry).name
        path.write_bytes(files[entry])
        return to_question(options, path, context.settings)


def _require_one_rank(question: EstimateOptions) -> None:
    """Raise BadInput for a script on several nodes: here one process runs, and it once."""
    if question.workload.script is not None and question.question.pinned_nodes is not None:
        raise BadInput(
            sentence("a script for several nodes runs rank by rank, which the service does not do"),
            where="nodes",
            hint="paddle-estimate run --gpus 8 --nodes 2 -- python train.py",
        )


def _check(wanted: Wanted, files: Mapping[str, bytes], caller: Caller, context: Context) -> None:
    """Say at once what can be known without running anything."""
    if context.store.unfinished(caller.name) >= context.settings.bounds.queue_per_user:
        raise Refused("queue-full", 429, {"Retry-After": "10"})
    question = _in_a_folder(wanted.request["entry"], files, wanted.request["options"], context)
    _require_one_rank(question)
    catalogue = load_catalogue(question.gpus_file)
    for name in question.gpus:
        catalogue.find(name)
    check_options(template_library(question.manifest.templates_folders), question.manifest)
