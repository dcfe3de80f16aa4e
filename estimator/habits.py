"""Which templates the past jobs of a model used. Never costs the user the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from estimator.errors import BadInput
from estimator.records.store import default_address, is_there, open_store


def past_templates(model: str) -> Mapping[str, int]:
    """Jobs of the model that really ran, by their template; empty where no store can be read.

    An estimate alone does not count: its template was this tool's own choice.
    """
    if not is_there(default_address()):
        return {}
    try:
        with open_store() as store:
            facts = [one.submitted.facts for one in store.records() if one.happened is not None]
    except BadInput:
        return {}
    return Counter(one.template for one in facts if one.model == model and one.template)
