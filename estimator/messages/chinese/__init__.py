"""What the rooms say, in Chinese, by their English format strings; one module per room."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from estimator.messages.chinese.cluster import CHINESE as CLUSTER
from estimator.messages.chinese.drystep import CHINESE as DRYSTEP
from estimator.messages.chinese.errors import CHINESE as ERRORS
from estimator.messages.chinese.findings import CHINESE as FINDINGS
from estimator.messages.chinese.gpus import CHINESE as GPUS
from estimator.messages.chinese.learning import CHINESE as LEARNING
from estimator.messages.chinese.manifest import CHINESE as MANIFEST
from estimator.messages.chinese.memory import CHINESE as MEMORY
from estimator.messages.chinese.phases import CHINESE as PHASES
from estimator.messages.chinese.plan import CHINESE as PLAN
from estimator.messages.chinese.report import CHINESE as REPORT
from estimator.messages.chinese.report_advice import CHINESE as REPORT_ADVICE
from estimator.messages.chinese.report_outlook import CHINESE as REPORT_OUTLOOK
from estimator.messages.chinese.scripts import CHINESE as SCRIPTS
from estimator.messages.chinese.service import CHINESE as SERVICE
from estimator.messages.chinese.templates import CHINESE as TEMPLATES
from estimator.messages.chinese.throughput import CHINESE as THROUGHPUT
from estimator.messages.chinese.yaml import CHINESE as YAML

PARTS: tuple[Mapping[str, str], ...] = (
    CLUSTER,
    DRYSTEP,
    ERRORS,
    FINDINGS,
    GPUS,
    LEARNING,
    MANIFEST,
    MEMORY,
    PHASES,
    PLAN,
    REPORT,
    REPORT_ADVICE,
    REPORT_OUTLOOK,
    SCRIPTS,
    SERVICE,
    TEMPLATES,
    THROUGHPUT,
    YAML,
)

CHINESE: Mapping[str, str] = MappingProxyType(
    {english: chinese for part in PARTS for english, chinese in part.items()}
)
