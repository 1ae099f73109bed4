"""Rows of a series as points: validation, trajectories, common units and windows of recent rows."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array, check_random_state

MIN_INTERVAL = 1e-300  # rates per unit of time must be numbers
MAX_AXES_ROWS = 10_000  # for a covariance of a hundred columns


def check_rows(X, groups=None):
    """Validate a series and number its trajectories.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Consecutive rows in time.
    groups : array-like of shape (n_samples,), default=None
        Trajectory of each row; rows of one trajectory are contiguous. None is one trajectory.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float64
    segments : ndarray of shape (n_samples,), int
        0 for the rows of the first trajectory, 1 for those of the next, and so on.
    """
    X = check_array(X, dtype=np.float64, input_name="X")
    lengths = trajectory_lengths(groups, len(X))
    return X, np.repeat(np.arange(len(lengths)), lengths)


def trajectory_lengths(groups, n_rows):
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
    import pandas as pd

    labels = np.asarray(groups)
    if labels.shape != (n_rows,):
        raise ValueError(
            f"groups has shape {labels.shape}, but X has {n_rows} rows: pass one label a row, an "
            f"array of shape ({n_rows},)."
        )
    missing = pd.isna(labels)
    if missing.any():
        row = int(np.argmax(missing))
        raise ValueError(f"groups has no label at row {row}: give every row one.")
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


def check_count(name, value, minimum, maximum=np.inf):
    """Return `value` as an int, or say which whole numbers are allowed."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number of at least {minimum}, got {value!r}.")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}.")
    if value > maximum:
        raise ValueError(f"{name} must be at most {maximum}, got {value}.")
    return int(value)


def check_interval(dt):
    """Return `dt` as a float; raise unless it is a positive number."""
    if isinstance(dt, bool) or not isinstance(dt, Real) or not MIN_INTERVAL < dt < np.inf:
        raise ValueError(
            f"dt must be a positive number, got {dt!r}: pass the sampling interval in your unit of "
            "time (of pandas, Timedelta(...) / Timedelta('1h') in hours)."
        )
    return float(dt)


def check_columns(name, X, n_features):
    """Raise where an array does not have the columns of the fitted rows."""
    if X.shape[1] != n_features:
        raise ValueError(
            f"{name} has {X.shape[1]} column(s), but the fitted rows have {n_features}: pass the "
            "same columns in the same order."
        )


def segment_bounds(segments):
    """Return pairs (first row, row after the last one), one for each trajectory."""
    cuts = np.flatnonzero(np.diff(segments)) + 1
    return list(zip([0, *cuts], [*cuts, len(segments)], strict=True))


class Units:
    """Centre and standard deviation of each column, learned from one array.

    Columns are first divided by a power of two, so that no result depends on the unit through
    overflow or rounding: data multiplied by a power of two become the same bits. Constant columns
    are left out.
    """

    def __init__(self, X):
        self.exponents = np.frexp(np.abs(X).max(axis=0))[1]
        X = np.ldexp(X, -self.exponents)
        self.varies = np.ptp(X, axis=0) > 1e-13
        self.centers = X[:, self.varies].mean(axis=0)
        self.scales = X[:, self.varies].std(axis=0)

    def __call__(self, X):
        """Return the columns of `X` that vary, in these units."""
        X = np.ldexp(X, -self.exponents)[:, self.varies]
        return (X - self.centers) / self.scales


def jitter(X, amplitude, random_state):
    """Add normal noise of standard deviation `amplitude` to standardised rows."""
    return X + amplitude * check_random_state(random_state).standard_normal(X.shape)


@dataclass(frozen=True)
class Points:
    """Windows of recent rows, seen as points in a state space.

    Attributes
    ----------
    values : ndarray of shape (n_points, n_dims)
    rows : ndarray of shape (n_points,)
        The newest row of each window.
    segments : ndarray of shape (n_points,)
        The trajectory of each window. Points of one trajectory are consecutive in time.
    """

    values: np.ndarray
    rows: np.ndarray
    segments: np.ndarray

    def __len__(self):
        return len(self.values)

    def with_future(self, n_steps):
        """Return the indices i for which point i + n_steps is on the same trajectory."""
        if n_steps >= len(self):
            return np.empty(0, dtype=np.intp)
        return np.flatnonzero(self.segments[n_steps:] == self.segments[: len(self) - n_steps])

    def times(self, gap):
        """Return row numbers in which different trajectories are more than `gap` rows apart."""
        return self.rows + self.segments * (gap + 1)


def window_rows(segments, n_delays, delay):
    """Return the newest rows of the windows that stay on one trajectory."""
    span = (n_delays - 1) * delay
    rows = np.arange(span, len(segments))
    return rows[segments[rows] == segments[rows - span]]


def windows_at(X, rows, n_delays, delay):
    """Return windows (n_rows, n_delays * n_columns), newest row first."""
    return np.hstack([X[rows - lag * delay] for lag in range(n_delays)])


def window_axes(X, rows, n_delays, delay, max_dims):
    """Return the leading principal directions of up to 10,000 windows."""
    some = rows[:: -(-len(rows) // MAX_AXES_ROWS)]
    return principal_axes(windows_at(X, some, n_delays, delay), max_dims)


def project_windows(X, rows, delay, axes):
    """Return windows in the directions `axes`, without ever storing them whole."""
    pieces = axes.reshape(-1, X.shape[1], axes.shape[1])
    values = np.zeros((len(rows), axes.shape[1]))
    for lag, piece in enumerate(pieces):
        values += X[rows - lag * delay] @ piece
    return values


def principal_axes(values, max_dims):
    """Return the leading principal directions (n_columns, n_dims) of points."""
    centered = values - values.mean(axis=0)
    variances, axes = np.linalg.eigh(centered.T @ centered / len(values))
    n_dims = min(max_dims, np.count_nonzero(variances > 1e-12 * variances[-1]))
    return np.ascontiguousarray(axes[:, ::-1][:, : max(n_dims, 1)])
