"""How a job ended, in the words of the systems that ran it."""

from __future__ import annotations

import re

from estimator.records.types import Status

_WORDS = {
    Status.PENDING: "pending waiting queued configuring requeued suspended",
    Status.RUNNING: "running completing",
    Status.SUCCEEDED: "succeeded completed complete pass success finished terminated done ok",
    Status.FAILED: "failed failure error boot_fail deadline_failed",
    Status.OUT_OF_MEMORY: "out_of_memory oom oomkilled",
    Status.KILLED: "killed evicted sigkill",
    Status.CANCELLED: "cancelled canceled interrupted aborted revoked",
    Status.TIMEOUT: "timeout deadline deadlineexceeded",
    Status.PREEMPTED: "preempted",
    Status.NODE_FAILURE: "node_fail node_failure nodelost",
}
_STATUS = {word: status for status, words in _WORDS.items() for word in words.split()}
"""Terminated is PAI's word for a task that ended by itself."""


def status_of(word: str) -> Status | None:
    """The status that a system's word means; None for a word that is not known.

    What follows the first word is left out: Slurm writes ``CANCELLED by 1000``.
    """
    first = re.split(r"[\s+]", word.strip().lower(), maxsplit=1)[0]
    return _STATUS.get(first.replace("-", "_"))
