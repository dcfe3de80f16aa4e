"""Records for the tests of this folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from estimator.records.store import new_identifier
from estimator.records.types import Happened, JobFacts, JobRecord, Predicted, Submitted
from estimator.units import GIB
from estimator.values import Bounded, Source

FACTS = JobFacts("ResNet-50", "V100-SXM2-32GB", "fp32", 256, 1, "vision", "mei")

FULL = JobRecord(
    identifier="018f00000000aaaaaaaaaaaaaaaaaaaa",
    created_at=datetime(2026, 11, 24, 3, 0, tzinfo=UTC),
    submitted=Submitted(FACTS, "vision-team", 64 * GIB, 8.0, "paddle:3.3.1-gpu"),
    predicted=Predicted(
        "0.1.0",
        Bounded(20 * GIB, 19 * GIB, 22 * GIB, Source.REGRESSED, "peak, context and past jobs"),
        Bounded(0.6, 0.5, 0.8, Source.REGRESSED, "roofline and past jobs"),
        Bounded(18 * GIB, 17 * GIB, 22 * GIB, Source.VIRTUAL, "peak and context"),
        Bounded(0.7, 0.5, 0.9, Source.VIRTUAL, "roofline"),
    ),
    happened=Happened(21 * GIB, 20 * GIB, 18 * GIB, 0.65, 393.8, 3600.0, "succeeded", "exit 0"),
)

BARE = JobRecord("018f00000001bbbbbbbbbbbbbbbbbbbb", FULL.created_at, Submitted(FACTS))


def fresh() -> JobRecord:
    """A record with an identifier of its own."""
    return replace(FULL, identifier=new_identifier())
