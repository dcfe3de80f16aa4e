"""All texts, joined from one module per purpose."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from estimator.messages.errors import WORDINGS as ERRORS
from estimator.messages.helptext import WORDINGS as HELP
from estimator.messages.learning import WORDINGS as LEARNING
from estimator.messages.summary import WORDINGS as SUMMARY
from estimator.messages.wording import Wording

CATALOGUE: Mapping[str, Wording] = MappingProxyType({**ERRORS, **HELP, **LEARNING, **SUMMARY})
