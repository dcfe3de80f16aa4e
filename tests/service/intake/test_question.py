"""Options of a request are those of the command line."""

from __future__ import annotations

from dataclasses import fields

from estimator.cli.arguments import EstimateArguments, RunArguments
from estimator.cli.common import CommonArguments
from estimator.service.intake.question import (
    FOR_MODELS,
    FOR_SCRIPTS,
    OFFERED,
    command_line,
    given,
    options_model,
)

OF_THE_OWNER = {
    *("model", "gpus_file", "templates", "crds", "server_dry_run", "kube_context", "device"),
    *("json", "out", "explain", "provenance", "verify", "timeline", "dry_step_on"),
    *(field.name for field in fields(CommonArguments)),
}
"""They name files or clusters of the machine, run code outside the sandbox, or are about output."""


def test_every_option_of_the_command_line_is_offered_or_left_out_on_purpose():
    known = {field.name for field in fields(EstimateArguments)}
    assert set(OFFERED) | OF_THE_OWNER == known
    assert not set(OFFERED) & OF_THE_OWNER


def test_only_what_differs_from_the_defaults_is_part_of_the_question():
    options = options_model().model_validate({"batch_size": 8, "kind": "job", "gpu": []})
    assert given(options) == {"batch_size": 8}


def test_a_script_is_run_with_its_arguments():
    options = {"batch_arg": "--batch", "gpu": ["T4"], "arguments": ["--data", "a b"]}
    assert command_line(options, "train.py", script=True) == [
        *("paddle-estimate", "run", "--gpu", "T4", "--batch-arg", "--batch"),
        *("--", "python", "train.py", "--data", "a b"),
    ]


def test_every_option_of_a_script_is_offered_or_left_out_on_purpose():
    known = {field.name for field in fields(RunArguments)} - {"program"}
    offered = (set(OFFERED) - set(FOR_MODELS)) | set(FOR_SCRIPTS) | {"amp"}
    assert known == offered | (OF_THE_OWNER - {"model", "dry_step_on"})


def test_the_same_on_the_command_line():
    options = {"option": ["depth=50", "lr=0.1"], "recompute": True, "amp": "O1", "set": ["a=b"]}
    assert command_line(options, "net.py") == [
        *("paddle-estimate", "net.py", "--set", "a=b", "--option", "depth=50"),
        *("--option", "lr=0.1", "--amp", "O1", "--recompute"),
    ]
