"""Rows in common units, their time scales, and the state spaces that windows of them make."""

from dataclasses import dataclass, replace

import numpy as np

from skchaos.neighbors._rows import (
    Units,
    principal_axes,
    project_windows,
    window_axes,
    window_rows,
)
from skchaos.neighbors._scales import embedding_delay, mean_period

MAX_COLUMNS = 20  # leading principal directions, where there are more columns
MAX_SCALE_ROWS = 20_000  # for the time scales
# A column whose standard deviation is beyond so many times that of its bulk has rare spikes; it is
# replaced by its inverse hyperbolic sine, which leaves exponents as they are (a change of
# coordinates) and spreads the states evenly enough for centres to cover them.
HEAVY_TAIL = 2.0
QUARTILES = 1.349  # distance of the quartiles of a normal distribution
MEMORY_FRACTION = 2  # a map looks half a memory ahead,
PERIOD_FRACTION = 8  # and at most an eighth of a period,
# but a single row where that is less than this: little lies between two rows, or nothing, where
# those of a map linger around one place and then around another, and are remembered for long. (So
# it is with Holmes' map; flows sampled that coarsely gain, too.)
MIN_LONG_STEP = 3
MAX_WINDOW_COLUMNS = 128
MIN_STATES = 50
# A polynomial of the second order takes this many states for each of its terms at least; fewer are
# predicted by any map that goes through them.
STATES_PER_TERM = 4
FLAT = 1e-12  # part of the variance below which a direction says nothing
MAP_MEMORY = 2  # rows: series that forget faster are maps


@dataclass(frozen=True)
class Scaled:
    """Standardised rows and their time scales.

    Attributes
    ----------
    rows : ndarray of shape (n_samples, n_columns)
    segments : ndarray of shape (n_samples,)
        Trajectory numbers.
    period : float
        Mean period, rows.
    memory : int
        Delay at which rows tell something new (`embedding_delay`), rows.
    transform : RowTransform
        How rows came to these units.
    """

    rows: np.ndarray
    segments: np.ndarray
    period: float
    memory: int
    transform: "RowTransform"

    @classmethod
    def of(cls, X, segments):
        """Scale checked rows; None where nothing varies."""
        transform = RowTransform(X)
        if not transform.units.varies.any():
            return None
        rows = transform(X)
        last, kept = rows[-MAX_SCALE_ROWS:], segments[-MAX_SCALE_ROWS:]
        period = mean_period(last, kept)
        memory = embedding_delay(last, kept, period)
        return cls(rows, segments, period, memory, transform)

    @property
    def is_map(self):
        """Tell whether rows forget so fast that nothing lies between two of them."""
        return self.memory <= MAP_MEMORY

    @property
    def step(self):
        """Rows that a map looks ahead."""
        longest = min(self.memory / MEMORY_FRACTION, self.period / PERIOD_FRACTION)
        return round(longest) if round(longest) >= MIN_LONG_STEP else 1

    @property
    def n_periods(self):
        """Mean periods that the rows hold."""
        return len(self.rows) / self.period


class RowTransform:
    """Bring rows to common units: spikes bent, columns standardised, many columns reduced."""

    def __init__(self, X):
        self.exponents = np.frexp(np.abs(X).max(axis=0))[1]
        X = np.ldexp(X, -self.exponents)  # no result depends on the unit through over- or underflow
        low, self.middle, high = np.quantile(X, [0.25, 0.5, 0.75], axis=0)
        self.bulk = np.maximum((high - low) / QUARTILES, np.finfo(float).tiny)
        self.is_heavy = (X.std(axis=0) > HEAVY_TAIL * self.bulk) & (high > low)
        self.units = Units(self._bend(X))
        rows = self.units(self._bend(X))
        self.axes = np.eye(rows.shape[1])
        if rows.shape[1] > MAX_COLUMNS or _is_flat(rows):
            self.axes = principal_axes(rows, MAX_COLUMNS)

    def _bend(self, X):
        if not self.is_heavy.any():
            return X
        return np.where(self.is_heavy, np.arcsinh((X - self.middle) / self.bulk), X)

    def __call__(self, X):
        X = np.ldexp(X, -self.exponents)
        return self.units(self._bend(X)) @ self.axes


def _is_flat(rows):
    """Tell whether a column is a combination of others, such as a copy."""
    if rows.shape[1] < 2:
        return False
    variances = np.linalg.eigvalsh(rows.T @ rows / len(rows))
    return variances[0] < FLAT * variances[-1]


def affordable_dims(n_states):
    """Return the most dimensions that a map of so many states may have."""
    # (d + 1) (d + 2) / 2 terms
    return max(0, int(np.sqrt(2 * n_states / STATES_PER_TERM + 0.25) - 1.5))


def count_pairs(segments, n_delays, delay, step):
    """Return how many windows there are that have an image."""
    return len(window_rows(segments, 2, (n_delays - 1) * delay + step))


@dataclass(frozen=True)
class States:
    """Windows of rows as points of a state space whose leading direction has unit variance.

    Attributes
    ----------
    values : ndarray of shape (n_states, n_dims)
    segments, rows : ndarray of shape (n_states,)
        Trajectory, and the newest row, of each.
    n_delays, delay, step : int
        Window, and rows that a map looks ahead.
    axes : ndarray of shape (n_delays * n_columns, n_dims)
        What a window is multiplied with.
    """

    values: np.ndarray
    segments: np.ndarray
    rows: np.ndarray
    n_delays: int
    delay: int
    step: int
    axes: np.ndarray

    @classmethod
    def of(cls, scaled, n_delays, delay, step, max_dims):
        """Embed scaled rows; None where no trajectory holds a window and its image."""
        rows = window_rows(scaled.segments, n_delays, delay)
        if len(rows) == 0:
            return None
        axes = np.eye(scaled.rows.shape[1])
        if n_delays > 1:
            axes = window_axes(scaled.rows, rows, n_delays, delay, max_dims)
        values = project_windows(scaled.rows, rows, delay, axes)
        size = values.std(axis=0).max()
        if not size > 0:
            return None
        states = cls(values / size, scaled.segments[rows], rows, n_delays, delay, step, axes / size)
        return states if len(states.with_image()) else None

    def at(self, rows, segments):
        """Return the states of further rows in the same units."""
        newest = window_rows(segments, self.n_delays, self.delay)
        values = project_windows(rows, newest, self.delay, self.axes)
        return replace(self, values=values, segments=segments[newest], rows=newest)

    @property
    def is_enough(self):
        """Tell whether there are states enough to fit a map."""
        n_states = len(self.with_image())
        n_dims = self.values.shape[1]
        return n_states >= MIN_STATES and n_dims <= affordable_dims(n_states)

    def with_image(self):
        """Return the indices i for which state i + step is on the same trajectory."""
        ahead = self.segments[self.step :]
        return np.flatnonzero(ahead == self.segments[: len(ahead)])
