"""The GPU types this site knows, and those it offers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from estimator.errors import BadInput
from estimator.gpus.names import find_type, matching_types
from estimator.gpus.types import GpuType
from estimator.messages import sentence
from estimator.paths import user_config_folder

if TYPE_CHECKING:
    from estimator.gpus.records import Figure

SITE_FILE = "gpus.yaml"
_SHIPPED = Path(__file__).with_name("catalogue.yaml")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """types: all that can be asked for by name. offered: the default list, in its order.
    hidden: what the site does not want used.
    """

    types: tuple[GpuType, ...]
    offered: tuple[GpuType, ...]
    hidden: tuple[GpuType, ...] = ()

    def find(self, name: str) -> GpuType:
        """The one type that ``name`` means (see :func:`estimator.gpus.names.find_type`).

        Raises BadInput where none or several do, or where the site hides it.
        """
        if not matching_types(self.types, name) and matching_types(self.hidden, name):
            what = sentence("the site hides '{name}' (hide in {file})", name=name, file=SITE_FILE)
            raise BadInput(what, hint="paddle-estimate gpus")
        return find_type(self.types, name)


def load_catalogue(site_file: Path | None = None) -> Catalogue:
    """The shipped types as the site changes them.

    site_file: the site's settings; by default ``gpus.yaml`` in the configuration folder, if it
    is there. Raises BadInput naming ``file:line`` where the site file is not usable.
    """
    types, per_node = _shipped_types()
    path = site_file or _default_site_file()
    if path is None:
        return Catalogue(types, offered=types)
    from estimator.gpus.site import apply_site_file

    changed, offered, hidden = apply_site_file(types, path, per_node)
    return Catalogue(changed, offered, hidden)


@cache
def _shipped_types() -> tuple[tuple[GpuType, ...], Figure]:
    """The types that come with the tool, and the GPUs of a node where none is said."""
    from estimator.gpus.records import CatalogueFile, to_type  # pydantic loads here only
    from estimator.gpus.yamlfile import read_model

    shipped, _ = read_model(_SHIPPED, CatalogueFile)
    types = (to_type(each, shipped.gpus_per_node, shipped.sources) for each in shipped.types)
    return tuple(types), shipped.gpus_per_node


def _default_site_file() -> Path | None:
    path = user_config_folder() / SITE_FILE
    return path if path.is_file() else None
