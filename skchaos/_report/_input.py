"""What the main job works on: the laser series, or the columns of a CSV file."""

import csv
import difflib
import math
import re
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from skchaos._index import read_index

_UNITS = ("day", "hour", "minute", "second")  # for dates, the largest that is not above the step
_SHOWN = 8  # names or choices listed in a message


class InputError(ValueError):
    """Something that the person at the command line can put right; the message says how."""


@dataclass(frozen=True)
class Source:
    """A series to work on.

    Attributes
    ----------
    frame : DataFrame of shape (n_rows, n_features)
        Finite float64 values on the index of their times.
    title : str
        What it is called in the report.
    dt : float
        Sampling interval.
    unit : str
        Unit of time of `dt`, in the singular.
    """

    frame: pd.DataFrame
    title: str
    dt: float
    unit: str


def load_laser():
    """Load the Santa Fe far-infrared laser, 10,093 intensities, from the reservoirpy package.

    Returns
    -------
    Source
        One column.

    Raises
    ------
    InputError
        If reservoirpy is not installed.
    """
    if find_spec("reservoirpy") is None:
        raise InputError(
            "the laser series comes with reservoirpy, which is not installed: pip install "
            '"skchaos[examples]", or give a CSV file of your own.'
        )
    import reservoirpy.datasets

    # Not by its loader, which leaves the file open and so warns.
    values = np.load(Path(reservoirpy.datasets.__file__).parent / "santafe_laser.npy")
    frame = pd.DataFrame({"intensity": values.ravel().astype(np.float64)})
    return Source(frame, "Santa Fe laser", 1.0, "step")


def read_csv(path, *, time_column=None, value_columns=None, dt=None, unit=None):
    """Read consecutive rows from a CSV file.

    Parameters
    ----------
    path : str or Path
        File with a row of names, separated by commas, semicolons or tabs. A file of numbers
        alone gets the names x0, x1, ...
    time_column : str, default=None
        Column of dates, or of evenly spaced numbers.
    value_columns : list of str, default=None
        Columns of the series. None is all but `time_column`.
    dt : float, default=None
        Sampling interval. None is read from the time column, and 1 step without one.
    unit : str, default=None
        Name of the unit of time.

    Returns
    -------
    Source
        The series.

    Raises
    ------
    InputError
        If the file cannot be read, a column is unknown, not numeric or has missing values, or the
        times are not evenly spaced and in ascending order.
    """
    table = _read_table(Path(path))
    names = [str(name) for name in table.columns]
    if value_columns is None:
        value_columns = [name for name in names if name != time_column]
    for name in (*value_columns, *([] if time_column is None else [time_column])):
        _check_known(name, names)
    if time_column in value_columns:
        raise InputError(f"column {time_column!r} is the time, and cannot be a value as well.")
    if not value_columns:
        raise InputError(f"{path} has no column besides {time_column!r}; there is no series in it.")
    frame = pd.DataFrame({name: _numbers(table[name], names) for name in value_columns})
    if time_column is not None:
        frame.index = _times(table[time_column])
        _check_even(frame)
    return Source(frame, Path(path).name, *_clock(frame.index, dt, unit))


def _read_table(path):
    if not path.is_file():
        near = difflib.get_close_matches(path.name, _names_beside(path), n=3, cutoff=0.5)
        hint = f" Did you mean {_listed(near)}?" if near else ""
        raise InputError(f"there is no file {str(path)!r}.{hint}")
    try:
        first, second = _first_two_rows(path)
        header = None if all(map(_is_number, first)) else "infer"
        comma = any(re.fullmatch(r"\s*[+-]?\d+,\d+\s*", cell) for cell in second)
        table = pd.read_csv(
            path,
            sep=_separator(path),
            decimal="," if comma else ".",
            header=header,
            skipinitialspace=True,
        )
    except (OSError, ValueError, csv.Error) as error:  # pandas' parser errors are ValueErrors
        raise InputError(f"{path} cannot be read as CSV: {error}") from error
    if header is None:
        table.columns = [f"x{i}" for i in range(table.shape[1])]
    if not second:
        raise InputError(f"{path} has no rows below its first line.")
    return table


def _names_beside(path):
    return [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []


def _separator(path):
    with path.open(encoding="utf-8-sig") as file:
        line = file.readline()
    return max(",;\t", key=line.count)


def _first_two_rows(path):
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file, delimiter=_separator(path))
        return next(rows, []), next(rows, [])


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_known(name, names):
    if name in names:
        return
    if all(part.strip() in names for part in name.split(",")):
        raise InputError(f"there is no column {name!r}: separate the columns by spaces.")
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise InputError(f"there is no column {name!r}; the file has {_listed(names)}.{hint}")


def _numbers(column, names):
    """Return a column as float64, or raise an InputError about its first bad entry."""
    name, given = column.name, column.notna()
    values = pd.to_numeric(column, errors="coerce").astype(np.float64)
    bad = given & values.isna()
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        example = column.iloc[at]
        if bad.sum() > len(column) / 2:
            remedy = "choose the numeric columns with --value-columns"
            if _look_like_dates(column):
                remedy = f"if it is the time, give --time-column {name!r}"
            others = [other for other in names if other != name]
            raise InputError(
                f"column {name!r} is not numeric (row 1 holds {str(example)!r}): {remedy}. The "
                f"other columns are {_listed(others)}."
            )
        raise InputError(
            f"column {name!r} holds {str(example)!r} in row {at + 1}, which is not a number: "
            "correct the file, or leave the column out of --value-columns."
        )
    missing = ~np.isfinite(values)
    if missing.any():
        raise InputError(
            f"column {name!r} has {int(missing.sum())} missing or infinite value(s), the first in "
            f"row {int(np.flatnonzero(missing)[0]) + 1} of {len(column)}: fill them before (for "
            "example with pandas' interpolate), or cut the file to a stretch without."
        )
    return values.to_numpy()


def _look_like_dates(column):
    return _as_dates(column.head(20)) is not None


def _as_dates(column):
    """Return a DatetimeIndex, or None where the column holds no dates."""
    for in_utc in (False, True):  # only UTC can hold an offset that changes with the season
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about formats: they are tried in turn
                return pd.DatetimeIndex(pd.to_datetime(column, utc=in_utc), name=column.name)
        except (ValueError, TypeError):
            continue
    return None


def _times(column):
    """Return a DatetimeIndex where the column looks like dates, else an index of numbers."""
    name = str(column.name)
    if column.isna().any():
        at = int(np.flatnonzero(column.isna())[0])
        raise InputError(f"time column {name!r} has no value in row {at + 1}: fill it in.")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return pd.Index(column.to_numpy(), name=name)
    dates = _as_dates(column)
    if dates is not None:
        return dates
    raise InputError(
        f"time column {name!r} holds neither numbers nor dates (row 1 is "
        f"{str(column.iloc[0])!r}): write dates as 2024-01-31 or 2024-01-31 18:00, or leave out "
        "--time-column if the rows are evenly spaced."
    )


def _check_even(frame):
    try:
        read_index(frame)
    except ValueError as error:
        what = re.sub(r" at row \d+.*", "", str(error)).replace("The index", "the time", 1)
        raise InputError(
            f"time column {frame.index.name!r}: {what}. Rows must be evenly spaced and in "
            "ascending order of time: sort the file, drop repeated times, fill its holes, or cut "
            "out a stretch without."
        ) from error


def _clock(index, dt, unit):
    """Return the sampling interval and the name of its unit."""
    if dt is not None:
        _check_agrees(index, dt, unit)
        return float(dt), unit or "time unit"
    if isinstance(index, pd.DatetimeIndex):
        return _clock_of_dates(index, unit)
    if index.name is not None and len(index) > 1:
        return float(np.median(np.diff(index))), unit or f"unit of {index.name}"
    return 1.0, unit or "step"


def _check_agrees(index, dt, unit):
    """Raise where evenly spaced dates show another sampling interval than the one given."""
    steps = np.diff(index) if isinstance(index, pd.DatetimeIndex) else []
    if unit not in _UNITS or len(steps) == 0 or (steps != steps[0]).any():
        return
    shown = pd.Timedelta(steps[0]) / pd.Timedelta(1, unit=unit)
    if not math.isclose(shown, dt, rel_tol=1e-6):
        raise InputError(
            f"--dt {dt:g} --unit {unit} contradicts the dates, which are {shown:g} {unit}(s) "
            "apart: leave --dt out."
        )


def _clock_of_dates(index, unit):
    steps = np.diff(index)
    if len(steps) == 0 or (steps != steps[0]).any():  # months and years are not of one length
        return 1.0, unit or "step"
    step = pd.Timedelta(steps[0])
    unit = unit or next((u for u in _UNITS if step >= pd.Timedelta(1, unit=u)), "second")
    try:
        return step / pd.Timedelta(1, unit=unit), unit
    except ValueError as error:
        raise InputError(
            f"--unit {unit!r} is not a unit of dates; use {_listed(_UNITS)}, or give --dt, the "
            f"sampling interval in that unit, as well."
        ) from error


def _listed(names):
    shown = ", ".join(repr(str(name)) for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
