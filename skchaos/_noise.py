"""Observation noise: how much of it rows have, and rows without it.

What a row has in common with those around it is signal; noise that is independent from row to row
is not in its neighbours. So each row is predicted from the rows before and after it, never from
itself, by least-squares polynomials: its noise cannot be learned, and more rows than there are
coefficients average that of the neighbours away [Batson & Royer, "Noise2Self", ICML 2019, arXiv
1901.11365]. Polynomials of several widths and sizes are stacked, with weights that are not negative
[Breiman, "Stacked regressions", Machine Learning 24, 1996], since which is best differs by column,
and their errors partly cancel. Training on what is predicted needs no other care for noise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np
from scipy.optimize import nnls
from scipy.signal import welch

from skchaos._mapped import is_mapped
from skchaos._polynomial import Polynomial, n_terms
from skchaos._series import Series, spread

HALF_WIDTHS = (2, 5, 10, 20, 40, 80)  # rows on each side that are tried
MOST_VALUES = 1000  # neighbouring values that a row is predicted from; bounds memory and time
N_IN_PRODUCTS = ((4, 3), (9, 7), (12, 10))  # leading components in products of two and of three
LEAST_WEIGHT = 0.05  # of a polynomial in the stack; with less it is not worth its time
MAX_FITTED = 30_000  # rows that coefficients are fitted to, spread over all
N_BLOCKS = 8  # of the rows; every fourth is left out to choose the half-width
TOP_BAND = 0.1  # of the frequencies: what a well-sampled flow hardly has, and noise has like others
MOST_IN_SEGMENT = 256  # rows of one spectrum
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
    polynomial: Polynomial

    @classmethod
    def fit(cls, rows: np.ndarray, at: np.ndarray, size: "_Size") -> "_Around":
        half_width, n_in_products = size
        return cls(
            half_width, Polynomial.fit(_neighbours(rows, at, half_width), rows[at], n_in_products)
        )

    def predict(self, rows: np.ndarray, at: np.ndarray) -> np.ndarray:
        return self.polynomial.predict(_neighbours(rows, at, self.half_width))


# Half-width, and how many components are in products of two and of three.
_Size = tuple[int, tuple[int, int]]


@dataclass(frozen=True)
class _Stack:
    """What polynomials of several sizes say together.

    `weights` (1 + n_half_widths, size, feature) and what is missed (1 + n_half_widths, feature), a
    mean square on rows left out, are those of no half-width, of the first alone, of the first two,
    and so on: rows near the end of a stretch have no others around them.
    """

    sizes: list[_Size]
    weights: np.ndarray
    missed: np.ndarray

    @classmethod
    def choose(cls, rows: np.ndarray, stretches: Sequence[slice]) -> "_Stack | None":
        """Weigh by rows left out; None where there are too few rows for any size."""
        numbers = np.concatenate([np.arange(s.start, s.stop) for s in stretches])
        is_left_out = np.zeros(len(rows), dtype=bool)
        blocks = np.arange(len(numbers)) * N_BLOCKS // max(1, len(numbers))
        is_left_out[numbers[blocks % 4 == 3]] = True
        # Rows of a block that is left out are not among the neighbours of one fitted to, or nearly.
        fitted = {}
        for size in product(HALF_WIDTHS, N_IN_PRODUCTS):
            at = _inner(stretches, size[0])
            train = spread(at[~is_left_out[at]], MAX_FITTED)
            n_values = 2 * size[0] * rows.shape[1]
            least = 2 * n_terms(n_values, size[1])
            if n_values <= MOST_VALUES and min(len(train), is_left_out[at].sum()) >= least:
                fitted[size] = _Around.fit(rows, train, size)
        if not fitted:
            return None
        half_widths = np.array([half_width for half_width, _ in fitted])
        at = _inner(stretches, half_widths.max())
        test = spread(at[is_left_out[at]], MAX_FITTED)
        found = np.stack([around.predict(rows, test) for around in fitted.values()])
        weights = np.zeros((1 + len(HALF_WIDTHS), len(fitted), rows.shape[1]))
        missed = np.full(weights[:, 0].shape, np.inf)
        for i, most in enumerate(HALF_WIDTHS, start=1):
            fit = half_widths <= most
            if fit.any():
                weights[i, fit] = _weigh(found[fit], rows[test])
                said = np.einsum("ktf,kf->tf", found, weights[i])
                missed[i] = np.mean((said - rows[test]) ** 2, axis=0)
        return cls(list(fitted), weights, missed)

    def predict(
        self, rows: np.ndarray, train: Sequence[slice], among: Sequence[slice]
    ) -> np.ndarray:
        """Fit to all rows of `train` and predict those of `among`; 0 where there are no weights."""
        n_around = _n_around(rows, among)
        found = np.zeros_like(rows)
        for i, size in enumerate(self.sizes):
            if self.weights[:, i].any():
                around = _Around.fit(rows, spread(_inner(train, size[0]), MAX_FITTED), size)
                for at in _batches(_inner(among, size[0])):
                    found[at] += self.weights[n_around[at], i] * around.predict(rows, at)
        return found


def _weigh(found: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the weights (predictor, feature) with which predictions miss least of the rows."""
    weights = np.stack([nnls(found[:, :, i].T, rows[:, i])[0] for i in range(rows.shape[1])], 1)
    weights[weights < LEAST_WEIGHT * weights.sum(axis=0)] = 0
    total = weights.sum(axis=0)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)


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
    stack = _Stack.choose(rows, train)
    if stack is None:
        return None
    if noise_level == "auto":
        known = _top_of_spectrum(rows, train)
        known = np.where(known > (MOST_OVER_MAP * seen) ** 2, seen**2, known)
    else:
        known = noise_level**2
    noise = np.minimum(known, stack.missed[-1])
    noise[(noise <= LEAST_NOISE**2) | (noise >= MOST_NOISE**2)] = 0
    is_noisy = noise > LEAST_SHARE**2 * stack.missed
    if not is_noisy.any():
        return None
    stack = replace(stack, weights=stack.weights * is_noisy[:, None])
    among = [*train, *held_out]
    found = stack.predict(rows, train, among)
    changes = np.abs(found - rows) < MOST_CHANGE * np.sqrt(stack.missed[-1])
    changes &= is_noisy[_n_around(rows, among)]
    noise_level = np.where(is_noisy[-1], np.sqrt(noise), 0.0)
    return Denoised(np.where(changes, found, rows), noise_level)


def _top_of_spectrum(rows: np.ndarray, stretches: Sequence[slice]) -> np.ndarray:
    """Return the variance of white noise with the power that the highest frequencies have."""
    lengths = [part.stop - part.start for part in stretches]
    n_segment = min(MOST_IN_SEGMENT, max(lengths))
    found = [
        welch(rows[part], nperseg=n_segment, axis=0)[1]
        for part, length in zip(stretches, lengths, strict=True)
        if length >= n_segment
    ]
    density = np.mean(found, axis=0)
    n_top = max(1, round(TOP_BAND * len(density)))
    return density[-n_top - 1 : -1].mean(axis=0) / 2  # one-sided; frequencies go up to a half


def _n_around(rows: np.ndarray, stretches: Sequence[slice]) -> np.ndarray:
    """Return how many of the half-widths each row has around it."""
    n_around = np.zeros(len(rows), dtype=int)
    for part in stretches:
        steps = np.arange(part.stop - part.start)
        n_around[part] = np.searchsorted(HALF_WIDTHS, np.minimum(steps, steps[::-1]), side="right")
    return n_around


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
