"""Observation noise: how much of it rows have, and rows without it.

What a row has in common with those around it is signal; noise that is independent from row to row
is not in its neighbours. So each row is predicted from the rows before and after it, never from
itself, by a least-squares polynomial: its noise cannot be learned, and more rows than there are
coefficients average that of the neighbours away [Batson & Royer, "Noise2Self", ICML 2019, arXiv
1901.11365]. Training on what is predicted needs no other care for noise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.signal import welch
from sklearn.preprocessing import PolynomialFeatures

from skchaos._mapped import is_mapped
from skchaos._series import Series, spread

HALF_WIDTHS = (2, 5, 10, 20)  # rows on each side that are tried
MOST_VALUES = 1000  # neighbouring values that a row is predicted from; bounds memory and time
# Principal components of the rows around: of all, what enters linearly; of the leading ones, also
# products of two and of three.
N_LINEAR, N_SQUARED, N_CUBED = 120, 9, 7
LEAST_POWER = 1e-12  # of the leading one; below it are copies of columns, and rounding
RIDGE = 1e-6  # of the mean square of a term
MAX_FITTED = 30_000  # rows that coefficients are fitted to, spread over all
N_BLOCKS = 8  # of the rows; every fourth is left out to choose the half-width
TOP_BAND = 0.1  # of the frequencies: what a well-sampled flow hardly has, and noise has like others
# The kernel map that measures exponents may see half the noise of a well-sampled flow, of which the
# spectrum tells it. Where that tells of more, it is signal, as of a map or a coarsely sampled flow,
# of which the kernel map sees all noise.
MOST_OVER_MAP = 2.0
# Standard deviations of noise that is taken away. Less is none to care for; of a column that is
# mostly noise, as of rows without any order, nothing would be left to learn from.
LEAST_NOISE, MOST_NOISE = 1e-3, 0.5
# Part of what the neighbours miss, as a standard deviation, that must be noise: else a row knows
# more of itself than they do, as a row of a map that doubles the noise of the row before.
LEAST_SHARE = 0.75
# In standard deviations of what the neighbours miss: what differs by more is no noise but an
# outlier, or out of the range that the polynomial knows, and stays.
MOST_CHANGE = 5.0


@dataclass(frozen=True)
class Denoised:
    """Rows without their noise.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_features)
        The first and last few of each stretch are as they were.
    noise_level : ndarray of shape (n_features,)
        Standard deviation of the noise in that of the column.
    """

    rows: np.ndarray
    noise_level: np.ndarray


@dataclass(frozen=True)
class _Around:
    """Prediction of a row from those around it."""

    half_width: int
    components: np.ndarray  # (neighbour value, component)
    coefficients: np.ndarray  # (term, feature)

    @classmethod
    def fit(cls, rows: np.ndarray, at: np.ndarray, half_width: int) -> "_Around":
        values = _neighbours(rows, at, half_width)
        power, axes = np.linalg.eigh(values.T @ values)
        known = power > LEAST_POWER * power[-1]
        # Unit mean square, so that products weigh alike.
        axes = axes[:, known] / np.sqrt(power[known] / len(at))
        axes = axes[:, ::-1][:, :N_LINEAR]
        terms = _terms(values @ axes)
        gram = terms.T @ terms
        gram[np.diag_indices_from(gram)] *= 1 + RIDGE
        return cls(half_width, axes, np.linalg.solve(gram, terms.T @ rows[at]))

    def predict(self, rows: np.ndarray, at: np.ndarray) -> np.ndarray:
        values = _neighbours(rows, at, self.half_width)
        return _terms(values @ self.components) @ self.coefficients


def without_noise(
    series: Series, train_lengths: Sequence[int], noise_level: float | Literal["auto"], seen: float
) -> Series:
    """Return the series with rows to train on that are free of noise, as far as they allow.

    Rows of a file are left as they are: they are not to be held in memory.

    Parameters
    ----------
    series : Series
        As it was given.
    train_lengths : sequence of int
        Leading rows of each trajectory to learn from.
    noise_level : float or "auto"
        Standard deviation of the noise in that of each column.
    seen : float
        That which a map of states sees in the training rows (`exponents.lyapunov_exponents`).
    """
    level = seen if noise_level == "auto" else noise_level
    if is_mapped(series.rows) or not level > LEAST_NOISE:
        return series
    ends = np.cumsum(series.lengths)
    starts = ends - series.lengths
    cuts = starts + train_lengths
    train = [slice(a, b) for a, b in zip(starts, cuts, strict=True)]
    held_out = [slice(a, b) for a, b in zip(cuts, ends, strict=True) if b > a]
    found = denoise(series.scaled(slice(None)), train, held_out, noise_level, seen)
    if found is None:
        return series
    rows = series.scaling.undo(found.rows)
    return replace(series, rows=rows, noise_level=found.noise_level, measured={})


def denoise(
    rows: np.ndarray,
    train: Sequence[slice],
    held_out: Sequence[slice],
    noise_level: float | Literal["auto"],
    seen: float,
) -> Denoised | None:
    """Take independent noise from standardised rows; None where they have none to speak of.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        Standardised rows.
    train, held_out : sequence of slice
        Rows that follow one another: those to learn from, and others that are denoised as well.
    noise_level, seen
        See :func:`without_noise`.
    """
    chosen = _choose(rows, train)
    if chosen is None:
        return None
    half_widths, missed = chosen
    if noise_level == "auto":
        known = _top_of_spectrum(rows, train)
        known = np.where(known > (MOST_OVER_MAP * seen) ** 2, seen**2, known)
    else:
        known = noise_level**2
    noise = np.minimum(known, missed)
    is_noisy = (noise > LEAST_SHARE**2 * missed) & (noise > LEAST_NOISE**2)
    is_noisy &= noise < MOST_NOISE**2
    if not is_noisy.any():
        return None
    clean = rows.copy()
    for half_width in sorted(set(half_widths[is_noisy])):
        around = _Around.fit(rows, spread(_inner(train, half_width), MAX_FITTED), half_width)
        columns = is_noisy & (half_widths == half_width)
        for at in _batches(_inner([*train, *held_out], half_width)):
            found, given = around.predict(rows, at)[:, columns], rows[np.ix_(at, columns)]
            is_noise = np.abs(found - given) < MOST_CHANGE * np.sqrt(missed[columns])
            clean[np.ix_(at, columns)] = np.where(is_noise, found, given)
    return Denoised(clean, np.where(is_noisy, np.sqrt(noise), 0.0))


def _choose(rows: np.ndarray, stretches: Sequence[slice]) -> tuple[np.ndarray, np.ndarray] | None:
    """Return for each column the best half-width, and the mean square of what it misses."""
    found = {}
    for half_width in HALF_WIDTHS:
        n_values = 2 * half_width * rows.shape[1]
        at = _inner(stretches, half_width)
        block = np.arange(len(at)) * N_BLOCKS // max(1, len(at))
        test = spread(at[block % 4 == 3], MAX_FITTED)
        # Rows of a test block are not among the neighbours of a row that is fitted to, or nearly.
        train = spread(at[block % 4 != 3], MAX_FITTED)
        if n_values > MOST_VALUES or min(len(train), len(test)) < 2 * _n_terms(n_values):
            continue
        error = _Around.fit(rows, train, half_width).predict(rows, test) - rows[test]
        found[half_width] = np.mean(error**2, axis=0)
    if not found:
        return None
    errors = np.stack(list(found.values()))
    return np.array(list(found))[errors.argmin(axis=0)], errors.min(axis=0)


def _top_of_spectrum(rows: np.ndarray, stretches: Sequence[slice]) -> np.ndarray:
    """Return the variance of white noise with the power that the highest frequencies have."""
    longest = max(stretches, key=lambda part: part.stop - part.start)
    part = rows[longest]
    _, density = welch(part, nperseg=min(256, len(part)), axis=0)
    n_top = max(1, round(TOP_BAND * len(density)))
    return density[-n_top - 1 : -1].mean(axis=0) / 2  # one-sided; frequencies go up to a half


def _inner(stretches: Sequence[slice], half_width: int) -> np.ndarray:
    """Return numbers of the rows that have neighbours on both sides."""
    parts = [np.arange(s.start + half_width, s.stop - half_width) for s in stretches]
    return np.concatenate(parts)


def _batches(at: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(at), MAX_FITTED):
        yield at[first : first + MAX_FITTED]


def _neighbours(rows: np.ndarray, at: np.ndarray, half_width: int) -> np.ndarray:
    offsets = np.delete(np.arange(-half_width, half_width + 1), half_width)
    return rows[at[:, None] + offsets].reshape(len(at), -1)


def _terms(components: np.ndarray) -> np.ndarray:
    """Return components, products of two and three leading ones, and ones."""
    products = [
        PolynomialFeatures((degree, degree), include_bias=False).fit_transform(components[:, :most])
        for degree, most in ((2, N_SQUARED), (3, N_CUBED))
    ]
    return np.column_stack([components, *products, np.ones(len(components))])


def _n_terms(n_values: int) -> int:
    return _terms(np.zeros((1, min(n_values, N_LINEAR)))).shape[1]
