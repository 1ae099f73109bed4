"""From what a user has to rows the core can use, and back.

Rows are consecutive time steps of one or more trajectories. This module cuts them, scales them, and
remembers how their index goes on.
"""

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Scaling:
    """Column means and standard deviations.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_columns,)
        In the units of the data.
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> "Scaling":
        """Measure `rows` of shape (n_rows, n_columns); a constant column keeps its unit."""
        return cls(rows.mean(axis=0), np.where(is_constant(rows), 1.0, rows.std(axis=0)))

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """Return standardised rows."""
        return (rows - self.mean) / self.scale

    def undo(self, rows: np.ndarray) -> np.ndarray:
        """Return rows in the units of the data."""
        return rows * self.scale + self.mean


def is_constant(rows: np.ndarray) -> np.ndarray:
    """Tell which columns do not vary beyond the rounding of their values."""
    rounding = 8 * np.finfo(rows.dtype).eps * np.abs(rows).max(axis=0)
    return np.ptp(rows, axis=0) <= rounding


@dataclass(frozen=True)
class Series:
    """Checked rows of one or more trajectories, and what is needed to give forecasts back.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_features)
        Trajectories one after the other, in the units of the data.
    targets : ndarray of shape (n_rows, n_targets) or None
        Further values of each row.
    target_ndim : int
        Axes of the targets as they were given; 0 for none.
    lengths : list of int
        Rows of each trajectory.
    index : TimeIndex
        How the index goes on.
    columns : ndarray of shape (n_features,)
        Column labels.
    scaling, target_scaling : Scaling
        Standardisation of rows and targets.
    """

    rows: np.ndarray
    targets: np.ndarray | None
    target_ndim: int
    lengths: list[int]
    index: "TimeIndex"
    columns: np.ndarray
    scaling: Scaling
    target_scaling: Scaling

    @classmethod
    def of(
        cls,
        rows: np.ndarray,
        targets: np.ndarray | None,
        lengths: list[int],
        index: "TimeIndex",
        columns: np.ndarray,
    ) -> "Series":
        """Measure the scales.

        Raises
        ------
        ValueError
            If a column is constant.
        """
        if (constant := is_constant(rows)).any():
            which = np.flatnonzero(constant)
            raise ValueError(
                f"Column(s) {columns[which].tolist()} are constant (value {rows[0, which[0]]:.6g}) "
                "in the training rows. A constant has no dynamics to learn: drop the column(s)."
            )
        ndim = 0 if targets is None else targets.ndim
        if targets is not None:
            targets = np.asarray(targets, dtype=np.float64).reshape(len(rows), -1)
        target_scaling = Scaling.of(np.empty((1, 0)) if targets is None else targets)
        return cls(rows, targets, ndim, lengths, index, columns, Scaling.of(rows), target_scaling)

    @property
    def scaled_rows(self) -> np.ndarray:
        """Standardised rows."""
        return self.scaling.apply(self.rows)

    @property
    def scaled_targets(self) -> np.ndarray | None:
        """Standardised targets."""
        return None if self.targets is None else self.target_scaling.apply(self.targets)


def trajectory_lengths(groups: Any, n_rows: int) -> list[int]:
    """Return the number of rows in each trajectory.

    Parameters
    ----------
    groups : array-like of shape (n_rows,) or None
        One label a row; rows of one trajectory are contiguous. None is one trajectory.
    n_rows : int
        Rows of the data.

    Raises
    ------
    ValueError
        If there is not one label a row, or a label comes back after another.
    """
    if groups is None:
        return [n_rows]
    labels = np.asarray(groups)
    if labels.shape != (n_rows,):
        raise ValueError(
            f"groups has shape {labels.shape}; it must hold one label a row, ({n_rows},)."
        )
    new = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    starts = np.concatenate([[0], new])
    firsts = labels[starts].tolist()
    if len(set(firsts)) < len(firsts):
        again = next(label for i, label in enumerate(firsts) if label in firsts[:i])
        raise ValueError(
            f"groups comes back to the label {again!r} after another one; rows of one trajectory "
            "must be contiguous. Sort the rows by trajectory, then by time."
        )
    return np.diff(np.append(starts, n_rows)).tolist()


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


def read_index(
    X: Any, lengths: list[int] | None = None, like: TimeIndex | None = None
) -> TimeIndex:
    """Read how the index of `X` goes on after its last row.

    Parameters
    ----------
    X : DataFrame or array-like
        Data as the user gave them.
    lengths : list of int, optional
        Rows of each trajectory; each has an index of its own, and the last one is continued.
    like : TimeIndex, optional
        Index of the training data, which knows the step where `X` is too short to show it.

    Returns
    -------
    TimeIndex
        Of kind "none" for anything but a pandas frame.

    Raises
    ------
    ValueError
        If the index has holes, is not in ascending order, or is of a kind that has no next label.
    """
    if not (hasattr(X, "index") and hasattr(X, "columns")):
        return TimeIndex()
    start, read = 0, TimeIndex()
    for length in lengths or [len(X)]:
        read = _read_one(X.index[start : start + length], like)
        start += length
    return read


def _read_one(index: "pd.Index", like: TimeIndex | None) -> TimeIndex:
    import pandas as pd

    name = "" if index.name is None else str(index.name)
    if isinstance(index, pd.PeriodIndex):
        _check_even(index, np.diff(index.asi8) != index.freq.n, f"one period ({index.freqstr})")
        return TimeIndex("period", str(index[-1]), index.freqstr, name=name)
    if isinstance(index, pd.DatetimeIndex):
        timezone = "" if index.tz is None else str(index.tz)
        step = _frequency(index, like)
        return TimeIndex("datetime", index[-1].isoformat(), step, timezone, index.unit, name)
    if isinstance(index, pd.TimedeltaIndex):
        kind, values = "timedelta", index.asi8
    elif pd.api.types.is_numeric_dtype(index.dtype) and not pd.api.types.is_bool_dtype(index.dtype):
        kind, values = "number", index.to_numpy()
        values = values.astype(np.int64 if values.dtype.kind in "iu" else np.float64)
    else:
        raise ValueError(
            f"The index holds labels like {index[-1]!r} ({index.dtype}), which have no next one. "
            "Use a DatetimeIndex, a PeriodIndex or evenly spaced numbers: "
            "X.index = pd.to_datetime(X.index), or X.reset_index(drop=True)."
        )
    if len(index) < 2:
        step = like.step if like is not None and like.kind == kind else "1"
        return TimeIndex(kind, _text(index[-1]), step, name=name)
    steps = np.diff(values)
    step = np.median(steps) if kind == "number" and values.dtype.kind == "f" else steps[0]
    rounding = 1e-6 * abs(step) + 8 * np.finfo(float).eps * np.abs(values).max()
    # Written so that a nan label counts as uneven.
    uneven = ~(np.abs(steps - step) <= (rounding if values.dtype.kind == "f" else 0))
    shown = pd.Timedelta(index[1] - index[0]) if kind == "timedelta" else step
    _check_even(index, uneven | (steps <= 0), str(shown))
    return TimeIndex(kind, _text(index[-1]), _text(shown), name=name)


def _frequency(index: "pd.DatetimeIndex", like: TimeIndex | None) -> str:
    import pandas as pd

    steps = np.diff(index.asi8)
    usual = pd.Timedelta(int(np.median(steps)), unit=index.unit) if len(steps) else None
    _check_even(index, steps <= 0, str(usual))
    if len(index) >= 3 or index.freqstr is not None:
        known = index.freqstr or pd.DatetimeIndex(index, freq="infer").freqstr
        if known is not None:
            return known
    _check_even(index, np.diff(index) != usual, str(usual))
    if like is not None and like.kind == "datetime":
        return like.step
    if len(steps) == 0:
        raise ValueError(
            f"One row, {index[-1]}, does not show the step of its DatetimeIndex. Give at least two "
            "rows, or set the frequency: X = X.asfreq('h')."
        )
    return pd.tseries.frequencies.to_offset(index[1] - index[0]).freqstr


def _check_even(index: "pd.Index", uneven: np.ndarray, step: str) -> None:
    if not uneven.any():
        return
    at = int(np.flatnonzero(uneven)[0])
    raise ValueError(
        f"The index goes from {index[at]} to {index[at + 1]} at row {at + 1}, where a step of "
        f"{step} is expected: rows must be consecutive in time, in ascending order, without holes "
        "or repeats. Sort them (X.sort_index()), fill holes (X.asfreq(...).interpolate()), or mark "
        "separate stretches with groups=. In cross-validation use TimeSeriesSplit, which keeps "
        "training rows together."
    )


def _text(label: Any) -> str:
    return repr(label.item()) if hasattr(label, "item") else str(label)


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
