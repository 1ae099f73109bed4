"""Standardised rows of a series, its time scales, and what a linear model makes of them."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils import check_random_state

from skchaos.neighbors._local_maps import log_errors
from skchaos.neighbors._rows import (
    Units,
    check_rows,
    jitter,
    principal_axes,
    project_windows,
    window_rows,
    windows_at,
)
from skchaos.neighbors._scales import embedding_delay, mean_period

# Longer series are judged on their last rows: the cost stays bounded, and the sampling error of an
# exponent over so many rows is a few percent at most.
MAX_ROWS = 100_000
# Noise added to standardised rows before anything else. Clean data lie on a thin surface, off which
# a local map extrapolates: without noise the exponents of windows came out up to 30 times too
# large, with .001 to .008 of a standard deviation the same values within 20 % of the truth.
JITTER = 3e-3
MAX_COLUMNS = 20  # quadratic maps of more have over 231 coefficients
MAX_WINDOW_COLUMNS = 128  # of windows filled with consecutive rows
MAX_LINEAR_ROWS = 4000
MIN_LINEAR_ROWS = 10


@dataclass(frozen=True)
class Scaled:
    """Standardised, slightly noisy rows and their time scales.

    Attributes
    ----------
    rows, clean : ndarray of shape (n_samples, n_columns)
        With the noise, and without.
    segments : ndarray of shape (n_samples,)
        Trajectory numbers.
    period : float
        Mean period, rows.
    memory : int
        Delay at which rows tell something new (`embedding_delay`), rows.
    units : Units
    axes : ndarray of shape (n_varying_columns, n_columns)
        Directions kept where there are many columns, else the identity.
    amplitude : float
        Standard deviation of the noise.
    """

    rows: np.ndarray
    clean: np.ndarray
    segments: np.ndarray
    period: float
    memory: int
    units: Units
    axes: np.ndarray
    amplitude: float

    @classmethod
    def of(cls, X, groups, random_state):
        """Validate and scale the last rows of a series; None where nothing varies."""
        X, segments = check_rows(X, groups)
        X, segments = X[-MAX_ROWS:], segments[-MAX_ROWS:]
        units = Units(X)
        rows = units(X)
        if rows.shape[1] == 0:
            return None
        axes = np.eye(rows.shape[1])
        if rows.shape[1] > MAX_COLUMNS:
            axes = principal_axes(rows, MAX_COLUMNS)
            rows = rows @ axes
        period = mean_period(rows, segments)
        memory = embedding_delay(rows, segments, period)
        noisy = jitter(rows, JITTER, random_state)
        return cls(noisy, rows, segments, period, memory, units, axes, JITTER)

    def with_jitter(self, amplitude, random_state):
        """Return the same rows with another amount of noise."""
        rows = jitter(self.clean, amplitude, random_state)
        return replace(self, rows=rows, amplitude=amplitude)

    def apply(self, X):
        """Bring further rows of the same columns to the same units."""
        return self.units(X) @ self.axes

    @property
    def step(self):
        """Rows that a local map looks ahead: half of the memory."""
        return max(1, round(self.memory / 2))

    @property
    def theiler_window(self):
        """One mean period, but never more than a tenth of the rows."""
        return int(min(max(1, round(self.period)), len(self.rows) // 10))

    @property
    def n_periods(self):
        """Mean periods that the rows hold."""
        return len(self.rows) / self.period

    def repeats(self, n_delays, delay):
        """Tell whether more than half of the windows are exact copies of others."""
        rows = window_rows(self.segments, n_delays, delay)
        mix = check_random_state(0).standard_normal((n_delays * self.clean.shape[1], 1))
        fingerprints = project_windows(self.clean, rows, delay, mix).round(9)
        return len(np.unique(fingerprints)) < len(rows) / 2

    def linear_log_errors(self, n_delays, delay):
        """Return log errors of the best linear prediction of a row `step` ahead from a window.

        0, the error of the mean, where there are hardly any windows.
        """
        rows = window_rows(self.segments, n_delays, delay)
        rows = rows[rows + self.step < len(self.rows)]
        rows = rows[self.segments[rows] == self.segments[rows + self.step]]
        if len(rows) < MIN_LINEAR_ROWS:
            return np.zeros(1)
        rows = rows[:: -(-len(rows) // MAX_LINEAR_ROWS)]
        windows = windows_at(self.rows, rows, n_delays, delay)
        windows = windows @ principal_axes(windows, max(1, len(rows) // 10))
        design = np.column_stack([np.ones(len(rows)), windows])
        targets = self.rows[rows + self.step]
        coefficients = np.linalg.lstsq(design, targets, rcond=None)[0]
        freedom = 1 - design.shape[1] / len(design)
        return log_errors((design @ coefficients - targets) / np.sqrt(freedom))

    def windows(self):
        """Return the windows (n_delays, delay) that may determine a state, shortest first.

        One row; six rows half a memory apart; and the same span filled with rows, which averages
        noise. For maps, whose memory is a row or two: 1, 2, 4 and 8 consecutive rows.
        """
        if self.memory <= 2:
            return [(n_delays, 1) for n_delays in (1, 2, 4, 8)]
        most = max(6, MAX_WINDOW_COLUMNS // self.rows.shape[1])
        span = 5 * self.step
        delay = -(-span // most)
        return [(1, 1), (6, self.step), (span // delay + 1, delay)]
