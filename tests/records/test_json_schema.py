from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from estimator.records.importers.exported import to_json
from estimator.records.json_schema import FILE, schema
from estimator.records.rows import to_row
from tests.records.jobs import BARE, FULL

PUBLISHED = Path(__file__).parents[2] / "history" / FILE


def test_the_published_schema_is_the_columns() -> None:
    assert json.loads(PUBLISHED.read_text()) == json.loads(json.dumps(schema()))


def test_records_satisfy_it() -> None:
    for record in (FULL, BARE):
        jsonschema.validate(json.loads(json.dumps(to_json(to_row(record)))), schema())
