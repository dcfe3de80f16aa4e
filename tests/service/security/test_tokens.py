"""Token files and buckets."""

from __future__ import annotations

import pytest

from estimator.errors import BadInput
from estimator.service.security.rates import Rates
from estimator.service.security.tokens import Role, caller_of, read_tokens
from tests.service.apps import token_file


def test_a_token_is_found_by_its_digest(tmp_path):
    tokens = read_tokens(token_file(tmp_path))
    caller = caller_of(tokens, "ann-token", "1.2.3.4")
    assert (caller.name, caller.role, caller.is_admin) == ("ann", Role.SUBMIT, False)
    assert caller_of(tokens, "root-token", "1.2.3.4").is_admin
    assert caller_of(tokens, "", "1.2.3.4") is None
    assert caller_of(tokens, "nobody", "1.2.3.4") is None


def test_without_tokens_who_reaches_it_owns_it():
    assert caller_of(None, "", "127.0.0.1").is_admin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann: submit",
        "- {name: ann, role: owner, sha256: " + "0" * 64 + "}",
        "- {name: ann, role: submit, sha256: abc}",
        "- {name: ann, role: submit, token: secret, sha256: " + "0" * 64 + "}",
        "- [",
    ],
)
def test_files_that_cannot_be_used(tmp_path, text):
    path = tmp_path / "tokens.yaml"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        read_tokens(path)
    assert caught.value.where == str(path)


def test_a_bucket_refills_steadily():
    now = [0.0]
    rates = Rates(per_minute=60, clock=lambda: now[0])
    # ten at once, then one a second
    assert [rates.wait("a") for _ in range(10)] == [0.0] * 10
    assert rates.wait("a") == pytest.approx(1.0)
    assert rates.wait("b") == 0.0
    now[0] = 1.0
    assert (rates.wait("a"), rates.wait("a")) == (0.0, pytest.approx(1.0))
