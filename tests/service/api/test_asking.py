"""What the API says before anything is run."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from fastapi.testclient import TestClient

from estimator.service.app import context_for, create_app
from estimator.service.jobs.store import open_jobs
from estimator.service.settings import Bounds, Settings
from estimator.service.supervise import Workers
from tests.service.apps import SOURCE, as_, client_of, token_file

ESTIMATES = "/api/v1/estimates"
PROBLEM = "application/problem+json"


@pytest.fixture
def client(tmp_path):
    with client_of(tmp_path) as made:
        yield made


@pytest.fixture
def guarded(tmp_path):
    bounds = Bounds(queue_per_user=2, upload_bytes=2000)
    with client_of(tmp_path, tokens=token_file(tmp_path), bounds=bounds) as made:
        yield made


def problem(answer, status, kind):
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    found = answer.json()
    assert found["type"] == f"urn:paddle-estimate:problem:{kind}"
    assert found["status"] == status
    return found


def test_a_source_text_is_queued_with_its_command_line(client):
    wish = {"source": SOURCE, "batch_size": 4, "gpu": ["T4", "A100-80G"], "recompute": True}
    answer = client.post(ESTIMATES, json=wish)
    assert answer.status_code == 202
    made = answer.json()
    assert (made["state"], made["title"], made["owner"]) == ("queued", "model.py", "local")
    assert made["command"] == [
        *("paddle-estimate", "model.py", "--batch-size", "4", "--gpu", "T4", "--gpu", "A100-80G"),
        "--recompute",
    ]
    assert answer.headers["location"] == made["links"]["self"]
    assert client.get(made["links"]["self"]).json() == made | {"ahead": 0}
    assert client.get(ESTIMATES).json()["estimates"][0]["id"] == made["id"]


def test_a_file_and_an_archive(client):
    file = {"file": ("net.py", SOURCE)}
    assert client.post(ESTIMATES, files=file, data={"gpu": "T4"}).json()["title"] == "net.py"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("job/model.py", SOURCE)
        archive.writestr("job/layers.py", "")
    file = {"file": ("job.zip", packed.getvalue())}
    assert client.post(ESTIMATES, files=file).json()["title"] == "model.py"
    found = problem(client.post(ESTIMATES, files=file, data={"entry": "a.py"}), 422, "bad-input")
    assert found["detail"] == "'a.py' is not among the files"


def test_a_registered_model_by_its_name(client):
    assert client.post(ESTIMATES, json={"model": "resnet50"}).json()["title"] == "resnet50"
    found = problem(client.post(ESTIMATES, json={"model": "resnet5"}), 422, "bad-input")
    assert found["detail"] == "no model is registered as 'resnet5'"
    assert "resnet50" in found["hint"]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({}, "one of source, model and a file has to be given"),
        ({"source": "x = 1", "model": "resnet50"}, "one of source, model and a file"),
        ({"source": SOURCE, "batchsize": 4}, "batchsize: Extra inputs are not permitted"),
        ({"source": SOURCE, "batch_size": 0}, "batch_size: Input should be greater than"),
        ({"source": SOURCE, "deadline": "soon"}, "'soon' is not a time"),
        ({"source": SOURCE, "kind": "knative"}, "there is no kind 'knative'"),
        ({"source": SOURCE, "gpu": ["T44"]}, "no GPU type is called 'T44'"),
        ({"source": SOURCE, "template": "../../etc/passwd"}, "template: String should match"),
        ({"source": SOURCE, "templates": ["/etc"]}, "templates: Extra inputs"),
        ({"source": SOURCE, "gpus_file": "/etc/passwd"}, "gpus_file: Extra inputs"),
        ({"source": SOURCE, "verify": True}, "verify: Extra inputs"),
        ({"source": SOURCE, "filename": "../up.py"}, "filename: String should match"),
        ({"source": "model.fit(data)\n", "amp": "O1"}, "a training script says this itself"),
        ({"source": "model.fit(data)\n", "nodes": 2, "gpus": 8}, "runs rank by rank"),
        ({"source": SOURCE, "batch_arg": "--b"}, "only a training script is told this"),
    ],
)
def test_what_cannot_be_used_is_said_in_the_words_of_the_command_line(client, wish, said):
    assert said in problem(client.post(ESTIMATES, json=wish), 422, "bad-input")["detail"]


def test_arguments_that_do_not_end_are_refused_with_the_form_as_it_was(client):
    wish = {"source": SOURCE, "arguments": "--name 'open"}
    said = problem(client.post(ESTIMATES, json=wish), 422, "bad-input")
    assert (said["where"], said["detail"]) == ("arguments", "cannot be read: No closing quotation")
    form = {key: (None, value) for key, value in wish.items()}
    page = client.post("/", files=form, headers={"accept": "text/html"})
    assert page.status_code == 422
    assert "No closing quotation" in page.text
    assert "--name &#39;open" in page.text
    assert "def build_model" in page.text


def test_problems_in_chinese(client):
    answer = client.post(f"{ESTIMATES}?lang=zh", json={"source": SOURCE, "deadline": "soon"})
    found = problem(answer, 422, "bad-input")
    assert (found["title"], found["detail"][:11]) == ("请求不可用", "'soon' 不是时间")


def test_requests_that_cannot_be_read(client):
    json_type = {"content-type": "application/json"}
    problem(client.post(ESTIMATES, content=b"{", headers=json_type), 400, "malformed")
    problem(client.post(ESTIMATES, content=b"[1]", headers=json_type), 400, "malformed")
    problem(client.post(ESTIMATES, content=b"x"), 415, "not-json-nor-form")
    problem(client.get(f"{ESTIMATES}/{'0' * 32}"), 404, "not-found")
    problem(client.get("/api/v1/nothing"), 404, "not-found")
    problem(client.delete(ESTIMATES), 405, "wrong-method")


def test_a_key_makes_a_request_one_run(client):
    wish, key = {"source": SOURCE}, {"Idempotency-Key": "k1"}
    first, again = (client.post(ESTIMATES, json=wish, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    other = client.post(ESTIMATES, json=wish | {"batch_size": 8}, headers=key)
    problem(other, 422, "key-reused")


def test_nobody_without_a_token(guarded):
    problem(guarded.get(ESTIMATES), 401, "unauthenticated")
    problem(guarded.get(ESTIMATES, headers=as_("guess")), 401, "unauthenticated")
    assert guarded.get("/healthz").text == "ok\n"


def test_wrong_tokens_are_written_down_without_them_and_held_up(guarded):
    # ten at once of one address, then ten a minute
    answers = [guarded.get(ESTIMATES, headers=as_(f"guess-{n}")).status_code for n in range(12)]
    assert answers == [401] * 10 + [429] * 2
    held_up = guarded.post("/login", data={"token": "guess", "back": "/"})
    assert (held_up.status_code, held_up.headers["content-type"][:9]) == (429, "text/html")
    # who has a token is not held up by others behind the same address
    entries = guarded.get("/api/v1/audit", headers=as_("root-token")).json()["entries"]
    assert [one["what"] for one in entries] == ["sign-in failed"] * 10
    assert {(one["who"], one["detail"]) for one in entries} == {("-", f"testclient {ESTIMATES}")}
    assert "guess" not in json.dumps(entries)


def test_a_visit_without_a_token_is_no_failure(guarded):
    html = {"accept": "text/html"}
    page = guarded.get("/estimates?before=1.0", headers=html, follow_redirects=False)
    assert page.headers["location"] == "/login?back=/estimates%3Fbefore%3D1.0"
    assert guarded.get("/api/v1/audit", headers=as_("root-token")).json()["entries"] == []


def test_everybody_sees_their_own_list_and_stops_their_own_runs(guarded):
    made = guarded.post(ESTIMATES, json={"source": SOURCE}, headers=as_("ann-token")).json()
    assert made["owner"] == "ann"
    lists = {
        who: len(guarded.get(ESTIMATES, headers=as_(f"{who}-token")).json()["estimates"])
        for who in ("ann", "bob", "root")
    }
    assert lists == {"ann": 1, "bob": 0, "root": 1}
    stop = made["links"]["self"] + "/cancel"
    problem(guarded.post(stop, headers=as_("bob-token")), 403, "not-yours")
    assert guarded.post(stop, headers=as_("root-token")).json()["state"] == "cancelled"
    problem(guarded.get("/api/v1/audit", headers=as_("ann-token")), 403, "admins-only")
    audit = guarded.get("/api/v1/audit", headers=as_("root-token")).json()["entries"]
    assert [(one["who"], one["what"]) for one in audit] == [("root", "cancel"), ("ann", "submit")]


def test_quotas_and_sizes(guarded):
    head = as_("ann-token")
    for number in (1, 2):
        wish = {"source": SOURCE, "batch_size": number}
        assert guarded.post(ESTIMATES, json=wish, headers=head).status_code == 202
    full = guarded.post(ESTIMATES, json={"source": SOURCE, "batch_size": 3}, headers=head)
    problem(full, 429, "queue-full")
    long = {"source": SOURCE + "#" * 2000}
    problem(guarded.post(ESTIMATES, json=long, headers=as_("bob-token")), 413, "too-large")
    huge = {"file": ("model.py", b"#" * (3 << 20))}
    problem(guarded.post(ESTIMATES, files=huge, headers=as_("bob-token")), 413, "too-large")


def test_a_body_that_does_not_say_its_length_is_bounded_as_well(guarded):
    def endless():
        for _ in range(100):
            yield b"#" * (1 << 16)

    head = as_("bob-token") | {"content-type": "application/json"}
    problem(guarded.post(ESTIMATES, content=endless(), headers=head), 413, "too-large")


def test_who_asks_too_often_is_told_how_long_to_wait(tmp_path):
    # a bucket of 10 that refills by one a second
    bounds = Bounds(requests_per_minute=60)
    with client_of(tmp_path, tokens=token_file(tmp_path), bounds=bounds) as client:
        answers = [client.get("/api/v1/kinds", headers=as_("bob-token")) for _ in range(30)]
        late = next(one for one in answers if one.status_code != 200)
        found = problem(late, 429, "too-many-requests")
        assert found["detail"] == "wait as long as Retry-After says"
        assert late.headers["retry-after"] == "1"
        assert [one.status_code for one in answers[:10]] == [200] * 10
        assert client.get("/api/v1/kinds", headers=as_("root-token")).status_code == 200


def test_foreign_pages_and_foreign_names_are_refused(client):
    problem(client.get("/", headers={"host": "evil.example"}), 400, "wrong-host")
    foreign = {"origin": "http://evil.example"}
    problem(client.post(ESTIMATES, json={}, headers=foreign), 403, "foreign-origin")
    problem(client.post("/", headers={"sec-fetch-site": "cross-site"}), 403, "foreign-origin")
    same = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
    assert client.post(ESTIMATES, json={"source": SOURCE}, headers=same).status_code == 202


def test_every_answer_has_a_strict_policy(client):
    for path in ("/", "/api/v1/gpus", "/nothing", "/static/page.css"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'"
        )
        assert headers["x-content-type-options"] == "nosniff"


def test_without_a_sandbox_uploads_are_refused_and_registered_models_are_not(tmp_path):
    with client_of(tmp_path, uploads="no sandbox") as client:
        problem(client.post(ESTIMATES, json={"source": SOURCE}), 403, "no-uploads")
        assert client.post(ESTIMATES, json={"model": "resnet50"}).status_code == 202
        assert client.get("/readyz").json()["uploads"] is False
        page = client.get("/").text
        assert "no sandbox" in page
        assert 'type="file"' not in page


def test_what_the_service_knows(client):
    assert len(client.get("/api/v1/gpus").json()["gpus"]) >= 40
    names = [one["name"] for one in client.get("/api/v1/templates").json()["templates"]]
    assert "classification" in names
    shown = client.get("/api/v1/templates/classification").json()
    assert {one["path"] for one in shown["origins"]} >= {"job.backoffLimit"}
    story = client.get("/api/v1/templates/ocr/explain?path=job.backoffLimit").json()["paths"][0]
    assert [one["wins"] for one in story["says"]].count(True) == 1
    assert client.get("/api/v1/templates/ocr/diff/nlp").json()["differences"]
    problem(client.get("/api/v1/templates/nothing"), 404, "not-found")
    assert client.get("/api/v1/history/records").json()["records"] == []
    assert client.get("/api/v1/history/statistics?by=model").json()["groups"] == []
    problem(client.get("/api/v1/history/statistics?by=cpu"), 422, "no-such-column")
    figures = client.get("/metrics").text
    assert 'paddle_estimate_runs{state="queued"} 0.0' in figures


def test_signing_in_keeps_the_token_from_scripts_and_other_sites(tmp_path):
    with client_of(tmp_path, tokens=token_file(tmp_path)) as client:
        html = {"accept": "text/html"}
        away = client.get("/estimates", headers=html, follow_redirects=False)
        assert (away.status_code, away.headers["location"]) == (303, "/login?back=/estimates")
        wrong = client.post("/login", data={"token": "guess", "back": "/estimates"})
        assert wrong.status_code == 401
        back = {"token": "ann-token", "back": "//evil.example"}
        signed = client.post("/login", data=back, follow_redirects=False)
        assert signed.headers["location"] == "/"
        assert "HttpOnly" in signed.headers["set-cookie"]
        assert "SameSite=strict" in signed.headers["set-cookie"]
        assert client.get("/estimates", headers=html).status_code == 200


def test_not_ready_while_no_worker_can_take_work(tmp_path):
    settings = Settings(str(tmp_path / "service.sqlite3"))
    store = open_jobs(settings.database)
    app = create_app(context_for(settings, store))
    app.state.workers = Workers(settings, store)  # none was started yet
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["ready"]) == (503, False)
        assert answer.json()["reason"].startswith("no worker is ready; the first start")
        assert client.get("/healthz").status_code == 200
