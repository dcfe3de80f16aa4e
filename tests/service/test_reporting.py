"""The capacity report of a running service, over its own records."""

from __future__ import annotations

import pytest

from estimator.records.importing import ImportRequest, import_files
from estimator.records.mapping import parse_mapping
from estimator.records.store import open_store
from estimator.report.build import SECTIONS
from estimator.service import reporting
from estimator.service.reporting import Wish
from tests.cli.test_report import CLUSTER, FAILED, HEADER, MAP, ONE
from tests.service.apps import as_, client_of, token_file


@pytest.fixture
def records(own_home, tmp_path):
    """Two jobs in the store of who runs the service."""
    (tmp_path / "jobs.csv").write_text(HEADER + ONE + FAILED)
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    with open_store() as store:
        import_files(
            store, ImportRequest([tmp_path / "jobs.csv"], "table", parse_mapping(MAP[1::2]))
        )
    return tmp_path


def test_the_report_is_a_page_in_which_nothing_runs(records):
    with client_of(records, cluster=records / "cluster.yaml") as client:
        answer = client.get("/report", headers={"accept": "text/html"})
        assert answer.status_code == 200
        assert "script" not in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
        for key in SECTIONS:
            assert f'<section id="{key}"' in answer.text
        assert "cluster.yaml" in answer.text
        chinese = client.get("/report?lang=zh&section=scope").text
        assert "容量报告" in chinese
        assert 'id="supply"' not in chinese


def test_the_same_as_json_and_kept_for_a_while(records, monkeypatch):
    with client_of(records) as client:
        first = client.get("/api/v1/report?section=scope").json()
        assert [one["key"] for one in first["sections"]] == ["scope"]
        assert first["sections"][0]["figures"][0]["value"] == 2
        monkeypatch.setattr(reporting, "_run", None)  # nothing is made anew
        assert client.get("/api/v1/report?section=scope").json() == first


@pytest.mark.parametrize(
    ("query", "said"),
    [("section=nope", "'nope'"), ("since=soon", "'soon'"), ("timezone=Mars", "'Mars'")],
)
def test_what_cannot_be_used_is_said_in_the_words_of_the_command(records, query, said):
    with client_of(records) as client:
        answer = client.get(f"/api/v1/report?{query}")
        assert answer.status_code == 422
        assert said in answer.json()["detail"]
        assert client.get("/api/v1/report?by=moon").status_code == 422


def test_without_records_there_is_nothing_to_report_on(tmp_path):
    with client_of(tmp_path) as client:
        answer = client.get("/report", headers={"accept": "text/html"})
        assert answer.status_code == 422
        assert "there is no job to report on" in answer.text


def test_only_who_is_known_sees_it(records):
    with client_of(records, tokens=token_file(records)) as client:
        assert client.get("/api/v1/report").status_code == 401
        answer = client.get("/api/v1/report?section=method", headers=as_("ann-token"))
        assert answer.status_code == 200


def test_values_are_never_flags():
    words = list(Wish(since="--out=/etc/passwd", sections=("-x",)).words())
    assert words[:2] == ["--section=-x", "--since=--out=/etc/passwd"]
