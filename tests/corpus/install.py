"""Where the suites are: packages from PyPI in a folder of their own, or checkouts beside them.

    CORPUS_DIR/packages          what ``install`` puts there
    CORPUS_DIR/PaddleDetection   a checkout of a suite, which then stands in for the package

Nothing is installed beside our own packages: a suite's folder is only on its child's path.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from estimator.paths import user_cache_folder
from estimator.values import Missing

FOLDER = Path(os.environ.get("CORPUS_DIR") or user_cache_folder() / "corpus").absolute()
PACKAGES = FOLDER / "packages"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite.

    models: the module that defines the architectures. package: its requirement on PyPI, empty
    where its package there is not enough. inside: the folder to import from, in the folder of
    packages. imported: the package that a checkout must have at its top. needs: what the models
    import, from PyPI without dependencies.
    """

    name: str
    models: str
    package: str
    inside: str
    imported: str
    needs: tuple[str, ...]

    @property
    def checkout(self) -> Path:
        return FOLDER / self.name


_PICTURES = ("opencv-python-headless==4.11.0.86", "six", "tqdm", "prettytable", "wcwidth")
_SKIMAGE = ("scikit-image", "lazy_loader", "imageio", "tifffile", "networkx")
_MATPLOTLIB = ("matplotlib", "cycler", "kiwisolver", "pyparsing", "contourpy", "fonttools")
_LANGUAGE = (
    "aistudio-sdk==0.2.6",
    "huggingface_hub==0.26.5",
    "fastapi==0.115.6",
    "starlette==0.41.3",
    "datasets==2.21.0",
    "aiohappyeyeballs",
    "aiohttp",
    "aiosignal",
    "anyio",
    "attrs",
    "bce-python-sdk",
    "certifi",
    "charset_normalizer",
    "click",
    "colorama",
    "colorlog",
    "dill",
    "frozenlist",
    "fsspec",
    "future",
    "h11",
    "httpcore",
    "httpx",
    "idna",
    "jieba",
    "jinja2",
    "markupsafe",
    "multidict",
    "multiprocess",
    "onnx",
    "ml_dtypes",
    "paddle2onnx==1.3.1",
    "paddlefsl",
    "propcache",
    "protobuf==6.33.2",  # visualdl does not run with 7
    "psutil",
    "pyarrow",
    "pycryptodome",
    "rarfile",
    "requests",
    "sentencepiece",
    "seqeval",
    "six",
    "sniffio",
    "tool_helpers",
    "tqdm",
    "urllib3",
    "uvicorn",
    "xxhash",
    "yarl",
    "filelock",
)

SUITES = {
    suite.name: suite
    for suite in (
        Suite(
            "PaddleClas",
            models="ppcls.arch",
            package="paddleclas==2.6.0",
            inside="paddleclas",
            imported="ppcls",
            needs=(*_PICTURES, "easydict", "ujson"),
        ),
        Suite(
            "PaddleSeg",
            models="paddleseg.models",
            package="paddleseg==2.8.0",
            inside="",
            imported="paddleseg",
            needs=(*_PICTURES, *_SKIMAGE, "filelock"),
        ),
        Suite(
            "PaddleDetection",
            models="ppdet.modeling",
            package="",  # paddledet has the models and not their configurations
            inside="",
            imported="ppdet",
            needs=(
                *_PICTURES,
                *_MATPLOTLIB,
                *_SKIMAGE,
                "imgaug==0.4.0",
                "pycocotools",
                "shapely",
                "pyclipper",
                "terminaltables",
                "typeguard",
            ),
        ),
        Suite(
            "PaddleOCR",
            models="ppocr.modeling.architectures",
            package="",  # paddleocr has no models to train
            inside="",
            imported="ppocr",
            needs=(*_PICTURES, *_SKIMAGE, "shapely", "pyclipper", "rapidfuzz", "lmdb"),
        ),
        Suite(
            "PaddleNLP",
            models="paddlenlp.transformers",
            package="paddlenlp==2.8.1",
            inside="",
            imported="paddlenlp",
            needs=_LANGUAGE,
        ),
    )
}


def install(suites: list[str]) -> str:
    """Bring the packages of ``suites`` that are not there yet; returns why not, or nothing."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    return bring({requirement for name in suites for requirement in _requirements(SUITES[name])})


def bring(wanted: Collection[str], into: Path = PACKAGES) -> str:
    """Install requirements without their dependencies; returns why that failed, or nothing."""
    missing = sorted(r for r in wanted if not _marker(r, into).exists())
    if not missing:
        return ""
    into.mkdir(parents=True, exist_ok=True)
    print(f"installing {len(missing)} packages into {into}", file=sys.stderr)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
    done = subprocess.run(
        [*command, "--target", str(into), *missing], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
        return f"pip install failed: {(errors or [done.stderr])[-1]}"
    for requirement in missing:
        _marker(requirement, into).touch()
    return ""


def _requirements(suite: Suite) -> tuple[str, ...]:
    return (*filter(None, (suite.package,)), *suite.needs)


def _marker(requirement: str, folder: Path = PACKAGES) -> Path:
    return folder / f".{requirement}"


@cache
def version(suite: Suite) -> str | Missing:
    """What the suite is here: its package with version, or a digest of a checkout's sources."""
    if suite.checkout.is_dir():
        digest = hashlib.sha256()
        for path in sorted((suite.checkout / suite.imported).rglob("*.py")):
            digest.update(path.read_bytes())
        return f"checkout {digest.hexdigest()[:12]}"
    if not suite.package:
        return Missing(f"put a checkout of it at CORPUS_DIR/{suite.name}")
    if not _marker(suite.package).exists():
        return Missing(f"{suite.package} is not installed in {PACKAGES}")
    return suite.package.replace("==", " ")


def environment(suite: Suite) -> dict[str, str]:
    """The variables with which a child imports the suite."""
    own = suite.checkout if suite.checkout.is_dir() else PACKAGES / suite.inside
    path = (str(ROOT), str(own), str(PACKAGES), os.environ.get("PYTHONPATH", ""))
    return {"PYTHONPATH": os.pathsep.join(filter(None, path)), "PYTHONWARNINGS": "ignore"}
