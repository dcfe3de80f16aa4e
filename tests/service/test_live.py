"""Estimates from asking to their answers, through the running service and its sandbox."""

from __future__ import annotations

import io
import json
import shutil
import zipfile

import pytest

from tests.service.apps import SOURCE
from tests.service.live import ended, service

pytestmark = [
    pytest.mark.paddle,
    pytest.mark.xdist_group("service"),
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]

ESTIMATES = "/api/v1/estimates"
QUICK = {"gpu": ["T4"], "batch_size": 8}
"""One GPU type and a pinned batch, so that the dry step is short."""


@pytest.fixture(scope="module")
def live(tmp_path_factory, database):
    with service(tmp_path_factory.mktemp("live"), *database) as running:
        yield running


@pytest.fixture(scope="module")
def client(live):
    with live.client as made:
        yield made


@pytest.fixture(scope="module")
def done(client):
    made = client.post(ESTIMATES, json={"source": SOURCE, **QUICK}).json()
    return ended(client, made["id"])


def asked(client, source, **options):
    made = client.post(ESTIMATES, json={"source": source, **QUICK, **options})
    assert made.status_code == 202, made.text
    return ended(client, made.json()["id"])


def test_the_answer_is_that_of_the_command_line(client, done):
    assert (done["state"], done["attempts"]) == ("done", 1)
    assert done["summary"]["verdict"].startswith("It fits: 1 x T4 at batch 8 per device")
    document = client.get(done["links"]["result"]).json()
    # a Linear of 4 inputs and 8 outputs
    assert document["model"]["parameters"] == 4 * 8 + 8
    assert document["measurement"]["device"] == "virtual"
    assert document["identifier"] == done["id"]
    assert "/tmp/" not in json.dumps(document)


def test_it_is_ready_when_a_worker_is(client, done):
    assert client.get("/readyz").json()["ready"] is True


def test_both_languages_and_a_plain_reader(client, done):
    chinese = client.get(done["links"]["result"], params={"lang": "zh"})
    assert "每卡批大小" in chinese.json()["recommendation"]["reasons"][0]
    plain = client.get(done["links"]["result"], headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json()["recommendation"]["reasons"][0].startswith("1 x T4")


def test_the_same_question_is_answered_at_once(client, done):
    again = client.post(ESTIMATES, json={"source": SOURCE, **QUICK})
    assert (again.status_code, again.json()["state"]) == (200, "done")
    assert again.json()["id"] != done["id"]
    assert again.json()["summary"] == done["summary"]
    fresh = client.post(ESTIMATES, json={"source": SOURCE, **QUICK, "fresh": True})
    assert fresh.status_code == 202
    made = ended(client, fresh.json()["id"])
    assert made["state"] == "done"
    assert client.get(made["links"]["result"]).json()["identifier"] == made["id"]


def test_events_tell_each_stage_and_end_with_the_estimate(client):
    wish = {"source": SOURCE + "# other\n", **QUICK}
    made = client.post(ESTIMATES, json=wish).json()
    states, stages = [], []
    with client.stream("GET", made["links"]["events"]) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                estimate = json.loads(line.removeprefix("data: "))
                states.append(estimate["state"])
                stages = estimate["progress"]["stages"] or stages
    assert states[-1] == "done"
    assert stages[:2] == ["stage.read", "stage.build_device"]
    assert stages[-1] == "stage.manifest"


def test_the_manifest_as_any_kind_and_with_its_origins(client, done):
    plain = client.get(done["links"]["manifest"])
    assert plain.text.startswith("apiVersion: batch/v1\nkind: Job")
    volcano = client.get(done["links"]["manifest"], params={"kind": "volcano"}).text
    assert "apiVersion: batch.volcano.sh/v1alpha1" in volcano
    told = client.get(done["links"]["manifest"], params={"provenance": True}).text
    assert "#" in told
    missing = client.get(done["links"]["manifest"], params={"kind": "knative"})
    assert missing.status_code == 422


def test_the_manifest_against_its_template(client, done):
    found = client.get(f"{done['links']['manifest']}/diff").json()
    assert found["diff"].startswith(f"--- {found['template']}\n+++ job\n@@ ")
    [gpu] = [
        one for one in found["lines"] if one["text"].endswith("nvidia.com/gpu.product: Tesla-T4")
    ]
    assert (gpu["sign"], gpu["origin"]) == ("+", "computed")
    assert gpu["reason"]
    chinese = client.get(f"{done['links']['manifest']}/diff?kind=volcano&lang=zh").json()
    assert chinese["kind"] == "volcano"
    [cpu] = [one["reason"] for one in chinese["lines"] if one["text"].strip().startswith("cpu:")]
    assert "DataLoader 进程" in cpu
    page = client.get(done["links"]["page"]).text
    assert "+ " not in page.split('class="diff"')[0].split("<pre")[-1]
    assert 'class="added"' in page


SCRIPT = """
import argparse
import paddle
from parts.net import Net

parser = argparse.ArgumentParser()
parser.add_argument("--batch", type=int, default=4)
parser.add_argument("--out")
options = parser.parse_args()
model = Net()
optimizer = paddle.optimizer.Adam(parameters=model.parameters())
for step in range(1000):
    loss = model(paddle.rand([options.batch, 4])).mean()
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
    open(options.out, "w").write("files that it writes are nobody's")
"""
NET = """
import paddle


class Net(paddle.nn.Linear):
    def __init__(self):
        super().__init__(4, 8)
"""


def archive(**files):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as opened:
        for name, source in files.items():
            opened.writestr(name.replace("__", "/") + ".py", source)
    return target.getvalue()


def test_a_training_script_in_an_archive_runs_with_its_arguments(client):
    made = client.post(
        ESTIMATES,
        files={"file": ("code.zip", archive(train=SCRIPT, parts__net=NET))},
        data={
            "entry": "train.py",
            "arguments": "--batch 16 --out 'a file'",
            "batch_arg": "--batch",
            "gpu": "T4",
        },
    )
    assert made.status_code == 202, made.text
    assert made.json()["command"] == [
        *("paddle-estimate", "run", "--gpu", "T4", "--batch-arg", "--batch"),
        *("--", "python", "train.py", "--batch", "16", "--out", "a file"),
    ]
    found = ended(client, made.json()["id"])
    assert found["state"] == "done", found["error"]
    document = client.get(found["links"]["result"]).json()
    assert document["measurement"]["device"] == "virtual"
    assert document["workload"]["per_device_batch_size"] == 16
    yaml = client.get(found["links"]["manifest"]).text
    assert "- train.py" in yaml
    assert '- "a file"' in yaml
    page = client.get(f"/?from={found['id']}").text
    assert "--batch 16 --out &#39;a file&#39;" in page


def test_a_script_that_raises_is_told_with_its_line(client):
    wish = {"source": "import nothing_of_this_name\n", "script": True, "gpu": ["T4"]}
    found = ended(client, client.post(ESTIMATES, json=wish).json()["id"])
    assert found["state"] == "failed"
    assert found["error"]["where"] == "model.py:1"
    assert "nothing_of_this_name" in found["error"]["detail"]


def test_code_that_raises_is_told_with_its_line(client):
    found = asked(client, SOURCE.replace("paddle.nn.Linear(4, 8)", "paddle.nn.Linear(4, eight)"))
    assert found["state"] == "failed"
    error = found["error"]
    assert error["type"] == "urn:paddle-estimate:problem:user-code-failed"
    assert error["detail"] == "NameError: name 'eight' is not defined"
    assert error["where"] == "model.py:6"
    assert "/job" not in json.dumps(error)
    assert "/tmp" not in json.dumps(error)


def test_nothing_that_fits_is_an_answer(client):
    # 12 billion parameters of 4 bytes beside the 14.6 GiB of a T4
    wide = "paddle.nn.Sequential(paddle.nn.Linear(4, 10**9), paddle.nn.Linear(10**9, 8))"
    found = asked(client, SOURCE.replace("paddle.nn.Linear(4, 8)", wide))
    assert (found["state"], found["summary"]["fits"]) == ("done", False)
    assert found["summary"]["verdict"].startswith("Nothing fits; 1 x T4 at batch")
    assert client.get(found["links"]["manifest"]).status_code == 422
    assert client.get(found["links"]["page"]).status_code == 200


def test_an_endless_loop_can_be_stopped_and_the_service_answers_all_along(client):
    made = client.post(ESTIMATES, json={"source": "while True:\n    pass\n", **QUICK}).json()
    with client.stream("GET", made["links"]["events"]) as stream:
        for line in stream.iter_lines():
            if '"state":"running"' in line and "running model.py" in line:
                assert client.get("/healthz").status_code == 200
                client.post(made["links"]["self"] + "/cancel")
            if '"state":"cancelled"' in line:
                break
    assert ended(client, made["id"])["state"] == "cancelled"
    assert asked(client, SOURCE + "# after\n")["state"] == "done"


def test_comparing_two_results(client, done):
    other = asked(client, SOURCE, batch_size=16)
    wish = {"left": done["id"], "right": other["id"]}
    found = client.get("/api/v1/compare", params=wish).json()
    differing = {one["name"]: (one["left"], one["right"]) for one in found["differences"]}
    assert differing["workload.per_device_batch_size"] == (8, 16)
    assert "model.parameters" in {one["name"] for one in found["same"]}


def test_every_estimate_is_one_record_of_the_history(client, done):
    records = client.get("/api/v1/history/records?limit=500").json()["records"]
    names = [one["identifier"] for one in records]
    assert names.count(done["id"]) == 1
    one = client.get(f"/api/v1/history/records/{done['id']}").json()["record"]
    assert one["gpu"] == "T4"
