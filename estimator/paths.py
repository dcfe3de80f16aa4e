"""Where the tool's own data and the user's data live."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

APPLICATION = "paddle-estimate"
HOME_VARIABLE = "PADDLE_ESTIMATE_HOME"
"""Environment variable that moves the user's data and cache below one folder."""

_PACKAGE = Path(__file__).resolve().parent


def shipped_folder(name: str) -> Path:
    """The folder ``templates`` or ``history`` that ships with the tool.

    In a wheel it is package data below ``estimator/_data``; in a checkout it stands at the top.
    """
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def user_data_folder() -> Path:
    """Where records are kept; not created here."""
    home = os.environ.get(HOME_VARIABLE)
    return Path(home) / "data" if home else platformdirs.user_data_path(APPLICATION)


def user_cache_folder() -> Path:
    """Where the built virtual GPU is kept; safe to delete; not created here."""
    home = os.environ.get(HOME_VARIABLE)
    return Path(home) / "cache" if home else platformdirs.user_cache_path(APPLICATION)


def user_config_folder() -> Path:
    """Where a site's ``gpus.yaml`` and other settings are looked for."""
    home = os.environ.get(HOME_VARIABLE)
    return Path(home) / "config" if home else platformdirs.user_config_path(APPLICATION)
