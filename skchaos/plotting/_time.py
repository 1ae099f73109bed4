"""The time axis of a forecast: dates or numbers, and places on it between two rows."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

# Good models follow Lorenz-63 for some 5 Lyapunov times (Gauthier et al., Nature Communications 12,
# 2021, 5564), which are 7 predictability times; one more shows how they part.
_AUTO_HORIZON = 8  # predictability times
_UNITS = (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6))


def time_axis(index, frames, n_context, n_steps, dt):
    """Return the times of the rows of the context and the forecast, and the name of their axis.

    Parameters
    ----------
    index : pandas Index, array-like, or None
        What the user gave.
    frames : list
        Context (if there is one) and truth, as the user gave them.
    n_context, n_steps : int
        Their rows.
    dt : float
        Sampling interval.

    Returns
    -------
    times : DatetimeIndex or ndarray of shape (n_context + n_steps,)
        Ascending.
    name : str
        Empty for dates, which need none.

    Raises
    ------
    ValueError
        If the index is of another length, not finite or not in ascending order.
    TypeError
        If it holds neither numbers nor dates.
    """
    counted = (np.arange(n_context + n_steps) - n_context + 1) * dt
    if index is None:
        index = _index_of(frames)
        if index is None:
            return counted, "time" if dt != 1 else "time (steps)"
    times, name = _numbers_or_dates(index)
    if len(times) != n_context + n_steps:
        raise ValueError(
            f"index holds {len(times)} label(s), but context and y_true have {n_context} + "
            f"{n_steps} rows: give one label for each."
        )
    descending = np.flatnonzero(~(times[1:] > times[:-1]))  # true for nan, too
    if len(descending):
        at = descending[0]
        raise ValueError(
            f"index goes from {times[at]} to {times[at + 1]} at row {at + 1}; times must be in "
            "ascending order, without repeats or missing values."
        )
    return times, name


def _index_of(frames):
    """Return the joint index of `frames`, or None where there is none, or it only counts rows."""
    import pandas as pd

    indexes = [getattr(frame, "index", None) for frame in frames]
    if not all(isinstance(index, pd.Index) for index in indexes):  # lists have an index() method
        return None
    if all(isinstance(index, pd.RangeIndex) and index.name is None for index in indexes):
        return None
    return indexes[0].append(indexes[1:])


def _numbers_or_dates(index):
    import pandas as pd

    index = pd.Index(index)
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        return index, ""
    if isinstance(index, pd.TimedeltaIndex):
        return index.total_seconds().to_numpy(), "time (s)"
    if pd.api.types.is_numeric_dtype(index.dtype) and not pd.api.types.is_bool_dtype(index.dtype):
        return index.to_numpy(dtype=np.float64), str(index.name or "time")
    raise TypeError(
        f"index holds labels like {index[0]!r} ({index.dtype}); give numbers, or dates: "
        "pd.to_datetime(index)."
    )


def are_dates(times):
    """Tell whether `times` are a DatetimeIndex."""
    return hasattr(times, "tz")


def to_draw(times):
    """Return `times` as matplotlib takes them."""
    if not are_dates(times):
        return times
    return times.to_numpy() if times.tz is None else times.to_pydatetime()


def as_numbers(times):
    """Return `times` in matplotlib's own unit."""
    from matplotlib.dates import date2num

    return date2num(to_draw(times)) if are_dates(times) else times


def place(times, origin, steps):
    """Return the time that lies `steps` (any positive number) after `origin`.

    Parameters
    ----------
    times : DatetimeIndex or ndarray of shape (n_steps,)
        Times of the first and later steps.
    origin : Timestamp or float
        Time of step 0.
    steps : float
        At most `n_steps`. Between two rows the time is interpolated.
    """
    before = min(int(steps), len(times) - 1)
    earlier = times[before - 1] if before else origin
    return earlier + (steps - before) * (times[before] - earlier)


def duration_text(duration):
    """Return a duration in words: a Timedelta in its natural unit, a number as it is."""
    if not hasattr(duration, "total_seconds"):
        return f"{duration:.3g}"
    seconds = duration.total_seconds()
    unit, size = next((pair for pair in _UNITS if seconds >= pair[1]), _UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def label_dates(axis, timezone):
    """Write short dates along `axis`, a matplotlib Axis."""
    import matplotlib.dates as mdates

    locator = mdates.AutoDateLocator(tz=timezone, maxticks=8)
    axis.set_major_locator(locator)
    axis.set_major_formatter(mdates.ConciseDateFormatter(locator, tz=timezone))


def horizon(n_steps, n_rows, n_context, predictability_time, dt):
    """Return the length of a forecast at the end of `n_rows` rows.

    Parameters
    ----------
    n_steps : int or None
        What the user wants; None is eight predictability times, as far as the rows allow.
    n_rows, n_context : int
        Rows there are, and of them the least context.
    predictability_time : float or None
        In the unit of `dt`.
    dt : float
        Sampling interval.

    Raises
    ------
    TypeError
        If `n_steps` is not an integer.
    ValueError
        If it is below 2, or there are too few rows.
    """
    room = n_rows - n_context
    if room < 2:
        raise ValueError(
            f"X has {n_rows} row(s); a forecast needs {n_context} as its context, and at least 2 "
            f"more are compared. Give {n_context + 2} or more."
        )
    if n_steps is None:
        if predictability_time is None or not np.isfinite(predictability_time):
            return room
        return int(np.clip(_AUTO_HORIZON * predictability_time / dt, 2, room))
    check_scalar(n_steps, "n_steps", Integral, min_val=2)
    if n_steps > room:
        raise ValueError(
            f"n_steps={n_steps}, but after a context of {n_context} row(s) the {n_rows} rows of X "
            f"leave {room} to compare with: use n_steps from 2 to {room}, or give more rows."
        )
    return int(n_steps)
