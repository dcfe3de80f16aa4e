"""All texts, joined from one module per purpose."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from estimator.messages.errors import WORDINGS as ERRORS
from estimator.messages.helptext import WORDINGS as HELP
from estimator.messages.learning import WORDINGS as LEARNING
from estimator.messages.manifest import WORDINGS as MANIFEST
from estimator.messages.pages import WORDINGS as PAGES
from estimator.messages.records import WORDINGS as RECORDS
from estimator.messages.report import WORDINGS as REPORT
from estimator.messages.service import WORDINGS as SERVICE
from estimator.messages.summary import WORDINGS as SUMMARY
from estimator.messages.templates import WORDINGS as TEMPLATES
from estimator.messages.wording import Wording

PARTS: tuple[Mapping[str, Wording], ...] = (
    ERRORS,
    HELP,
    LEARNING,
    MANIFEST,
    PAGES,
    RECORDS,
    REPORT,
    SERVICE,
    SUMMARY,
    TEMPLATES,
)
"""The texts of each module."""

CATALOGUE: Mapping[str, Wording] = MappingProxyType(
    {key: wording for part in PARTS for key, wording in part.items()}
)
