"""schemathesis: whatever the OpenAPI document allows, and much that it does not."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from estimator.service.settings import Bounds
from tests.service.apps import app_of

EXAMPLES = 15
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
"""Not that everything the schema allows is taken: it cannot say what a deadline looks like."""
FORM = "multipart/form-data"
WITHOUT_END = "/events"
"""A stream; the tests of the running service follow one."""


def operations_of(folder, mode):
    bounds = Bounds(queue_per_user=100_000, requests_per_minute=10_000_000)
    app = app_of(folder, bounds=bounds, hosts=("testserver",))
    if mode is GenerationMode.NEGATIVE:  # schemathesis 4.32 cannot make wrong files
        document = app.openapi()
        del document["paths"]["/api/v1/estimates"]["post"]["requestBody"]["content"][FORM]
        app.openapi = lambda: document
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_defect_and_nothing_undocumented(tmp_path, mode):
    tried = 0
    for operation in operations_of(tmp_path, mode):
        if operation.path.endswith(WITHOUT_END):
            continue

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def validated(case):
            case.call_and_validate(checks=CHECKS)

        try:
            validated()
        except Unsatisfiable:  # an operation that takes nothing can be asked nothing wrong
            continue
        tried += 1
    assert tried >= 12
