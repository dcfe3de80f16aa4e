"""The application in this process, without workers: for what is said before anything runs."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import replace

from fastapi.testclient import TestClient

from estimator.service.app import context_for, create_app
from estimator.service.jobs.store import open_jobs
from estimator.service.settings import Bounds, Settings

TOKENS = {
    "ann-token": ("ann", "submit"),
    "bob-token": ("bob", "submit"),
    "root-token": ("root", "admin"),
}

SOURCE = """
import paddle


def build_model():
    return paddle.nn.Linear(4, 8)


def example_batch(batch_size):
    return paddle.rand([batch_size, 4]), paddle.rand([batch_size, 8])


def loss_fn(outputs, labels):
    return paddle.nn.functional.mse_loss(outputs, labels)
"""


def token_file(folder):
    lines = [
        f"- {{name: {name}, role: {role}, sha256: {hashlib.sha256(token.encode()).hexdigest()}}}"
        for token, (name, role) in TOKENS.items()
    ]
    path = folder / "tokens.yaml"
    path.write_text("\n".join(lines))
    return path


def app_of(folder, uploads="", database=None, **settings):
    settings.setdefault("bounds", Bounds())
    made = Settings(database=database or str(folder / "service.sqlite3"), **settings)
    context = replace(context_for(made, open_jobs(made.database)), uploads=uploads)
    return create_app(context)


@contextmanager
def client_of(folder, **settings):
    with TestClient(app_of(folder, **settings), base_url="http://localhost") as client:
        yield client


def as_(token):
    return {"Authorization": f"Bearer {token}"}
