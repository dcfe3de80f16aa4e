"""The name of a question: the same for two questions whose answers are the same."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from estimator import __version__
from estimator.drystep.device.installation import find_paddle
from estimator.experience import model_path
from estimator.manifest.catalogue import site_folder
from estimator.paths import shipped_folder
from estimator.service.settings import Site
from estimator.values import Missing

_FRESH_SECONDS = 30.0


def content_digest(content: bytes) -> str:
    """The name of a file's content."""
    return hashlib.sha256(content).hexdigest()


class Naming:
    """Names questions; looks at the site's own files now and then.

    measured: where steps run, if their answers are others there.
    """

    def __init__(self, site: Site, measured: str = "") -> None:
        self._site = site
        self._measured = measured
        self._fingerprint = ""
        self._looked = -_FRESH_SECONDS

    def digest(
        self, files: Mapping[str, str], entry: str, options: Mapping[str, Any], nonce: str = ""
    ) -> str:
        """The name of a question about files (name -> content's digest) with options.

        nonce: makes a question that is like no other.
        """
        plain = {"files": files, "entry": entry, "options": options, "site": self._of_site()}
        plain |= {"nonce": nonce} if nonce else {}
        text = json.dumps(plain, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def _of_site(self) -> str:
        """Of the tool, Paddle, the templates, the GPU catalogue and what history has taught."""
        now = time.monotonic()
        if now - self._looked >= _FRESH_SECONDS:
            digest = hashlib.sha256(f"{__version__}{self._measured}".encode())
            paddle = find_paddle()
            digest.update(
                paddle.reason.encode() if isinstance(paddle, Missing) else paddle.version.encode()
            )
            for path in self._files():
                digest.update(f"{path}\0".encode() + path.read_bytes())
            self._fingerprint, self._looked = digest.hexdigest(), now
        return self._fingerprint

    def _files(self) -> Iterator[Path]:
        site = self._site
        for folder in (shipped_folder("templates"), site_folder(), *site.templates):
            yield from sorted(folder.rglob("*.yaml")) if folder.is_dir() else ()
        for file in (site.gpus_file, model_path()):
            if file is not None and file.is_file():
                yield file
