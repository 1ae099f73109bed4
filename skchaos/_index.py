"""Indices of pandas objects: are the rows consecutive, and which labels come next."""

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TimeIndex:
    """How the index of a frame goes on, kept as strings so that a fitted model holds no Timestamp.

    Attributes
    ----------
    kind : {"none", "number", "datetime", "period", "timedelta"}
        Sort of index; "none" where the rows came in an array.
    last : str
        Last label.
    step : str
        Distance between labels: a number, a pandas frequency, or a duration.
    timezone, unit, name : str
        Empty where there is none; unit is the resolution of a DatetimeIndex.
    """

    kind: str = "none"
    last: str = ""
    step: str = ""
    timezone: str = ""
    unit: str = ""
    name: str = ""

    def pack(self) -> np.ndarray:
        """Return the fields as an array of strings."""
        return np.array(astuple(self))

    @classmethod
    def unpack(cls, packed: np.ndarray) -> "TimeIndex":
        """Undo :meth:`pack`."""
        return cls(*(str(value) for value in packed))

    def continued(self, n_steps: int) -> "pd.Index | None":
        """Return the next `n_steps` labels, or None where there is no index."""
        import pandas as pd

        name = self.name or None
        if self.kind == "none":
            return None
        if self.kind == "period":
            period = pd.Period(self.last, freq=self.step)
            return pd.period_range(period + 1, periods=n_steps, name=name)
        if self.kind == "datetime":
            last = pd.Timestamp(self.last)
            last = last.tz_convert(self.timezone) if self.timezone else last
            labels = pd.date_range(last, periods=n_steps + 1, freq=self.step, name=name)
            return labels[1:].as_unit(self.unit)
        if self.kind == "timedelta":
            labels = pd.Timedelta(self.last) + pd.Timedelta(self.step) * np.arange(1, n_steps + 1)
            return pd.TimedeltaIndex(labels, name=name)
        last, step = _number(self.last), _number(self.step)
        if isinstance(last, int) and isinstance(step, int):
            return pd.RangeIndex(last + step, last + step * (n_steps + 1), step, name=name)
        return pd.Index(last + step * np.arange(1, n_steps + 1), name=name)

    def places(self, found: "pd.Index", expected: "pd.Index") -> np.ndarray:
        """Return where labels stand in others, -1 where they do not; numbers may be rounded."""
        if self.kind != "number":
            return found.get_indexer(expected)
        if found.dtype.kind not in "iuf":
            return np.full(len(expected), -1)
        within = 1e-3 * abs(float(_number(self.step)))
        return found.get_indexer(expected, method="nearest", tolerance=within)


def read_index(
    X: Any, lengths: list[int] | None = None, like: TimeIndex | None = None
) -> TimeIndex:
    """Read how the index of `X` goes on after its last row.

    Parameters
    ----------
    X : DataFrame or array-like
        Data as the user gave them.
    lengths : list of int, optional
        Rows of each trajectory; each has an index of its own at one common step, and the last one
        is continued.
    like : TimeIndex, optional
        Index of the training data, whose step that of `X` must be, where both are of one kind.

    Returns
    -------
    TimeIndex
        Of kind "none" for anything but a pandas frame.

    Raises
    ------
    ValueError
        If the index has holes, is not in ascending order, is of a kind that has no next label, or
        goes on by another step than `like`, or in one trajectory than in another.
    """
    if not _is_frame(X):
        return TimeIndex()
    ends = np.cumsum(lengths or [len(X)])
    pieces = [X.index[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    # The longest shows the step best; the others must have the same.
    longest = _read_one(max(pieces, key=len), like)
    return [_read_one(piece, like or longest) for piece in pieces][-1]


def check_consecutive(X: Any, like: TimeIndex | None) -> None:
    """Raise a ValueError where the index of `X` shows that its rows are not such steps."""
    if _is_frame(X) and len(X) > 1:  # one row shows nothing
        read_index(X, like=like)


def _is_frame(X: Any) -> bool:
    return hasattr(X, "index") and hasattr(X, "columns")


def _read_one(index: "pd.Index", like: TimeIndex | None) -> TimeIndex:
    kind = _kind(index)
    like = like if like is not None and like.kind == kind else None
    step = _STEPS[kind](index, like)
    if like is not None and not _same_step(kind, step, like.step):
        raise ValueError(
            f"The rows of X are {_spelled(step)} apart and those of the training data, or of "
            f"another trajectory, {_spelled(like.step)}: there must be one time step. Resample X "
            "to it, or fit on such rows."
        )
    unit = index.unit if kind == "datetime" else ""
    name = "" if index.name is None else str(index.name)
    return TimeIndex(kind, _text(index[-1]), step, _timezone(index), unit, name)


def _spelled(step: str) -> str:
    return f"1{step}" if step[:1].isalpha() else step  # "h" is one hour


def _timezone(index: "pd.Index") -> str:
    import pandas as pd

    timezone = str(getattr(index, "tz", None) or "")
    try:
        pd.Timestamp(0).tz_localize(timezone or None)
    except (ValueError, KeyError) as error:  # a zone without a name that can be read back
        raise ValueError(
            f"The time zone {timezone} of the index has no name that can be stored: use a named "
            "one, X.tz_convert('Europe/Oslo'), or X.tz_convert('UTC')."
        ) from error
    return timezone


def _kind(index: "pd.Index") -> str:
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        return "period"
    if isinstance(index, pd.DatetimeIndex):
        return "datetime"
    if isinstance(index, pd.TimedeltaIndex):
        return "timedelta"
    if pd.api.types.is_numeric_dtype(index.dtype) and not pd.api.types.is_bool_dtype(index.dtype):
        return "number"
    raise ValueError(
        f"The index holds labels like {index[-1]!r} ({index.dtype}), which have no next one. "
        "Use a DatetimeIndex, a PeriodIndex or evenly spaced numbers: "
        "X.index = pd.to_datetime(X.index), with utc=True where times have different offsets, or "
        "X.reset_index(drop=True)."
    )


def _period_step(index: "pd.PeriodIndex", like: TimeIndex | None) -> str:
    _check_even(index, np.diff(index.asi8) != index.freq.n, f"one period ({index.freqstr})")
    return index.freqstr


def _timedelta_step(index: "pd.TimedeltaIndex", like: TimeIndex | None) -> str:
    import pandas as pd

    if len(index) < 2:
        return _step_of_one_row(index, like)
    steps = np.diff(index.asi8)
    step = str(pd.Timedelta(index[1] - index[0]))
    _check_even(index, (steps != steps[0]) | (steps <= 0), step)
    return step


def _step_of_one_row(index: "pd.Index", like: TimeIndex | None) -> str:
    if like is not None:
        return like.step
    raise ValueError(
        f"One row, {index[-1]}, does not show the step of its {type(index).__name__}. Give at "
        "least two rows, or set the frequency: X = X.asfreq('h')."
    )


def _number_step(index: "pd.Index", like: TimeIndex | None) -> str:
    if len(index) < 2:
        return "1" if like is None else like.step
    values = index.to_numpy()
    whole = values.dtype.kind in "iu"
    eps = 0.0 if whole else np.finfo(values.dtype).eps
    values = values.astype(np.int64 if whole else np.float64)
    steps = np.diff(values)
    step = steps[0] if whole else np.median(steps)
    rounding = 0 if whole else 1e-6 * abs(step) + 8 * eps * np.abs(values).max()
    # Written so that a nan label counts as uneven.
    _check_even(index, ~(np.abs(steps - step) <= rounding) | (steps <= 0), str(step))
    return _text(step)


def _datetime_step(index: "pd.DatetimeIndex", like: TimeIndex | None) -> str:
    import pandas as pd

    if like is not None:
        # A few rows do not show a step such as "business day": ask whether it fits them.
        expected = pd.date_range(index[0], periods=len(index), freq=like.step)
        if expected.as_unit(index.unit).equals(index):
            return like.step
    steps = np.diff(index.asi8)
    usual = pd.Timedelta(int(np.median(steps)), unit=index.unit) if len(steps) else None
    _check_even(index, steps <= 0, str(abs(usual)) if len(steps) else "")
    if len(index) >= 3 or index.freqstr is not None:
        known = index.freqstr or pd.DatetimeIndex(index, freq="infer").freqstr
        if known is not None:
            return known
    _check_even(index, np.diff(index) != usual, str(usual))
    if len(steps) == 0 and like is not None:
        raise ValueError(
            f"The row {index[-1]} is not on the steps of the training data ({like.step}). Give at "
            "least three rows, which show their own."
        )
    if len(steps) == 0:
        return _step_of_one_row(index, None)
    return pd.tseries.frequencies.to_offset(index[1] - index[0]).freqstr


_STEPS = {
    "datetime": _datetime_step,
    "number": _number_step,
    "period": _period_step,
    "timedelta": _timedelta_step,
}


def _same_step(kind: str, step: str, other: str) -> bool:
    import pandas as pd

    if kind == "number":
        return bool(np.isclose(float(step), float(other), rtol=1e-4, atol=0))
    if kind == "datetime":
        one, two = (pd.tseries.frequencies.to_offset(text) for text in (step, other))
        fixed = (pd.tseries.offsets.Tick, pd.tseries.offsets.Day)
        if isinstance(one, fixed) and isinstance(two, fixed):
            start = pd.Timestamp("2000-01-01")
            return start + one == start + two
        # Weeks that begin on another day, or quarters in another month, are the same step.
        return (one.n, one.rule_code.split("-")[0]) == (two.n, two.rule_code.split("-")[0])
    return step == other


def _check_even(index: "pd.Index", uneven: np.ndarray, step: str) -> None:
    """Raise where a step is uneven, with the remedy for what is wrong there."""
    if not uneven.any():
        return
    at = int(np.flatnonzero(uneven)[0])
    remedy = _remedy_of_holes(index, step)
    if not index.is_monotonic_increasing:
        remedy = (
            "they are not in order of time: X.sort_index(), shuffle=False in a split, or groups= "
            "in fit where several trajectories are stacked"
        )
    elif not index.is_unique:
        remedy = (
            "labels stand more than once: X[~X.index.duplicated()], or X.groupby(level=0).mean()"
        )
    elif _is_ragged(index):
        remedy = "sampling is uneven: X.resample(...).mean().interpolate() at one step"
    raise ValueError(
        f"The index goes from {index[at]} to {index[at + 1]} at row {at + 1}; rows must be "
        f"consecutive in time, here {step} apart, without holes or repeats: {remedy}. In "
        "cross-validation use TimeSeriesSplit."
    )


def _remedy_of_holes(index: "pd.Index", step: str) -> str:
    kind, refill, usual = _kind(index), "X.asfreq(...)", f"pd.Timedelta({step!r})"
    if kind == "datetime":
        refill = f"X.asfreq({usual})"
    elif kind == "timedelta":
        refill = f"X.resample({usual}).mean()"
    elif kind == "number":
        # To the nearest label, since those of a float index may be rounded.
        labels = f"np.arange({index[0]}, {index[-1]} + {step} / 2, {step})"
        refill, usual = f"X.reindex({labels}, method='nearest', tolerance={step} / 4)", step
    mark = "label the stretches on either side of it by groups="
    if kind != "period":
        mark += f"(X.index.to_series().diff() > 1.5 * {usual}).cumsum()"
    return f"fill a hole of a few rows, {refill}.interpolate(), or {mark} in fit"


def _is_ragged(index: "pd.Index") -> bool:
    """Tell whether some steps are no multiples of the usual one, as those over a hole are."""
    steps = np.diff(index.asi8 if hasattr(index, "asi8") else index.to_numpy())
    usual = np.median(steps)
    return bool((np.abs(steps / usual - np.round(steps / usual)) > 1e-3).any())


def _text(label: Any) -> str:
    if hasattr(label, "isoformat"):
        return label.isoformat()
    return repr(label.item()) if hasattr(label, "item") else str(label)


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
