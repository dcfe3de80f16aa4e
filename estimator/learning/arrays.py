"""Columns of frames of job records as arrays, whatever a frame lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def moments_of_end(frame: pd.DataFrame) -> Any:
    """Seconds since 1970 of the end; where it is not known, of the submission with the duration."""
    import numpy as np

    submitted = moments_of_submission(frame)
    ended = _seconds(frame, "finished_at")
    with np.errstate(invalid="ignore"):
        backwards = ended < submitted
    lasted = np.nan_to_num(numbers(frame, "duration_s"), nan=0.0)
    return np.where(np.isnan(ended) | backwards, submitted + lasted, ended)


def moments_of_submission(frame: pd.DataFrame) -> Any:
    """Seconds since 1970 of the submission, else of the record's making, else of the end."""
    import numpy as np

    submitted = _seconds(frame, "submitted_at")
    known = np.where(np.isnan(submitted), _seconds(frame, "created_at"), submitted)
    return np.where(np.isnan(known), _seconds(frame, "finished_at"), known)


def _seconds(frame: pd.DataFrame, column: str) -> Any:
    import numpy as np

    if column not in frame:
        return np.full(len(frame), np.nan)
    return seconds_since_1970(frame[column])


def seconds_since_1970(moments: pd.Series[Any]) -> Any:
    """A column of moments as float64; NaN for none."""
    import numpy as np

    micros = moments.astype("datetime64[us, UTC]").astype("int64").to_numpy("float64")
    return np.where(moments.isna().to_numpy(), np.nan, micros / 1e6)


def numbers(frame: pd.DataFrame, column: str) -> Any:
    """A column of numbers as float64; NaN where it is not there."""
    import numpy as np

    if column not in frame:
        return np.full(len(frame), np.nan)
    return frame[column].to_numpy("float64")


def text(frame: pd.DataFrame, column: str) -> Any:
    """A column of text as objects; empty where nothing is known."""
    if column not in frame:
        return objects([""] * len(frame))
    values = frame[column].to_numpy(dtype=object)
    return objects(["" if value is None or value != value else value for value in values])


def objects(values: list[Any]) -> Any:
    """An array of these objects."""
    import numpy as np

    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
