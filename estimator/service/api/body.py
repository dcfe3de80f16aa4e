"""The body of a new estimate: JSON or a form, and what OpenAPI says of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from fastapi import Request
from pydantic import BaseModel, ValidationError, create_model
from starlette.datastructures import UploadFile

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.service.api.examples import ASK_EXAMPLES
from estimator.service.api.models import Asked
from estimator.service.context import Context, language_of
from estimator.service.intake.asking import Ask, Upload
from estimator.service.intake.question import ARGUMENTS, given, options_model
from estimator.service.problems import Refused


@cache
def ask_model() -> type[BaseModel]:
    """The JSON body: what it is about, and the options of the command line by their names."""
    model: type[BaseModel] = create_model("NewEstimate", __base__=(Asked, options_model()))
    return model


def body_schema() -> dict[str, Any]:
    """The request of a new estimate for the OpenAPI document."""
    schema = ask_model().model_json_schema(ref_template="#/components/schemas/{model}")
    form = {
        **schema,
        "properties": {**schema["properties"], "file": {"type": "string", "format": "binary"}},
    }
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": schema, "examples": ASK_EXAMPLES},
                "multipart/form-data": {"schema": form},
            },
        },
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "The same key of the same token is the same estimate.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            }
        ],
    }


async def ask_in(request: Request, context: Context) -> Ask:
    """What a request asks, sent as JSON or as a form. Raises BadInput and Refused."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    upload = None
    if kind == "application/json":
        plain = _json(await request.body())
    elif kind == "multipart/form-data":
        plain, upload = await form_of(request, context)
    else:
        raise Refused("not-json-nor-form", 415)
    return ask_of(plain, upload, request)


def ask_of(plain: Mapping[str, Any], upload: Upload | None, request: Request) -> Ask:
    """What a request with these plain values asks; arguments as a list, or as a line of words.

    Raises BadInput with every value that cannot be used.
    """
    if isinstance(line := plain.get(ARGUMENTS), str):
        plain = {**plain, ARGUMENTS: _words(line)}
    try:
        body = ask_model().model_validate(plain)
    except ValidationError as error:
        raise unusable(error) from None
    about = cast(Asked, body)
    if sum(one is not None for one in (about.source, about.model, upload)) != 1:
        what = sentence("one of source, model and a file has to be given")
        raise BadInput(what, hint="curl -F file=@model.py ...")
    if about.source is not None:
        upload = Upload(about.filename, about.source.encode("utf-8", "surrogatepass"))
    options = {name: value for name, value in given(body).items() if name not in Asked.model_fields}
    return Ask(
        upload=upload,
        model=about.model,
        entry=about.entry,
        options=options,
        language=language_of(request),
        fresh=about.fresh,
        key=request.headers.get("idempotency-key"),
    )


def unusable(error: ValidationError) -> BadInput:
    """All that pydantic found, in one line."""
    found = [
        (".".join(str(part) for part in one["loc"] if isinstance(part, (str, int))), one["msg"])
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    what = "; ".join(f"{place}: {said}" for place, said in found[:8])
    return BadInput(what, where=found[0][0], hint="/api/v1/openapi.json")


def _json(body: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("malformed", 400) from None
    if not isinstance(plain, dict):
        raise Refused("malformed", 400)
    return plain


def _words(line: str) -> list[str]:
    """Words as a shell reads them. Raises BadInput for a quotation that does not end."""
    try:
        return shlex.split(line)
    except ValueError as error:
        what = sentence("cannot be read: {why}", why=str(error))
        raise BadInput(what, where=ARGUMENTS, hint="-F 'arguments=--epochs 1'") from None


async def form_of(request: Request, context: Context) -> tuple[dict[str, Any], Upload | None]:
    """Fields by name, a list where one may be given several times; the file apart.

    The arguments of a script are one line, as it was written.
    """
    lists = {
        name
        for name, field in options_model().model_fields.items()
        if field.default_factory is list
    }
    plain: dict[str, Any] = {}
    upload = None
    async with request.form(max_files=1, max_fields=500) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if value.filename:
                    content = await value.read(context.settings.bounds.upload_bytes + 1)
                    upload = Upload(value.filename, content)
            elif name in lists - {ARGUMENTS}:
                plain.setdefault(name, []).extend(
                    line for line in value.splitlines() if line.strip()
                )
            elif value != "":
                plain[name] = value
    return plain, upload
