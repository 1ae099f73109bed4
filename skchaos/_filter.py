"""The window without its noise, from noisy rows up to the present.

Training sees rows whose noise was taken with what comes after them in view (:mod:`skchaos._noise`).
A forecast begins where nothing comes after. So the rows of its window are estimated from those
before and at its end, by a least-squares polynomial of more of them than the window has: a filter,
where the other is a smoother. It is fitted to what the smoother made of the training rows.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from skchaos._polynomial import Polynomial, n_terms
from skchaos._series import Series, spread

N_ROWS = (5, 10, 20, 40, 80, 160)  # that the window is estimated from, as many as are tried
MOST_VALUES = 1000  # of these rows; bounds memory and time
N_IN_PRODUCTS = ((4, 3), (9, 7), (20, 12))  # leading components in products of two and of three
MAX_FITTED = 30_000  # rows that coefficients are fitted to, spread over all
LEAST_ROWS = 10  # for a coefficient
PART_OF_ROWS = 1 / 4  # of a trajectory, which a context may take at most
N_BLOCKS = 8  # of the rows; every fourth is left out to choose by
LITTLE = 1.02  # times the least error: what misses no more and needs fewer rows is preferred


@dataclass(frozen=True)
class WindowFilter:
    """A fitted filter.

    Attributes
    ----------
    offsets : ndarray of shape (n_rows,)
        Rows that it looks at relative to the last one, ascending, ending in 0.
    components, coefficients : ndarray
        See :class:`skchaos._polynomial.Polynomial`.
    n_in_products : ndarray of shape (2,)
        Likewise.
    most : ndarray of shape (n_components,)
        Largest components of the rows that it was fitted to. Beyond them cubes run away.
    is_taken : ndarray of shape (n_delays, n_features)
        Values of a window that it knows better than the noisy row itself does; None while sizes
        are compared.
    """

    offsets: np.ndarray
    components: np.ndarray
    coefficients: np.ndarray
    n_in_products: np.ndarray
    most: np.ndarray
    is_taken: np.ndarray | None

    @classmethod
    def choose(
        cls, recorded: Series, clean: Series, train_lengths: list[int], window: np.ndarray
    ) -> "WindowFilter | None":
        """Return the filter that misses least on rows left out; None where none is of use.

        Parameters
        ----------
        recorded, clean : Series
            The same rows, with noise and without.
        train_lengths : list of int
            Leading rows of each trajectory to learn from.
        window : ndarray of shape (n_delays,)
            Offsets of the rows of a window.
        """
        tried = list(_candidates(recorded, train_lengths, window))
        if not tried:
            return None
        at = recorded.numbers(
            max(-int(rows[0]) for rows, _ in tried), lengths=train_lengths
        )  # the same for all
        is_left_out = np.arange(len(at)) * N_BLOCKS // len(at) % 4 == 3
        test, fitted = (spread(at[chosen], MAX_FITTED) for chosen in (is_left_out, ~is_left_out))
        truth = _values(clean, test, window)
        known = np.mean((_values(recorded, test, window) - truth) ** 2, axis=0)
        best, best_missed, least = None, known, known.sum()
        for rows, n_in_products in tried:
            one = cls._fit(recorded, clean, fitted, (rows, n_in_products), window)
            found = one._polynomial.predict(_values(recorded, test, rows), one.most)
            missed = np.minimum(np.mean((found - truth) ** 2, axis=0), known)
            if missed.sum() * LITTLE**2 < least:
                best, best_missed, least = (rows, n_in_products), missed, missed.sum()
        if best is None:
            return None
        is_taken = (best_missed < known).reshape(len(window), -1)
        at = recorded.numbers(-int(best[0][0]), lengths=train_lengths)
        return cls._fit(recorded, clean, spread(at, MAX_FITTED), best, window, is_taken)

    @classmethod
    def _fit(cls, recorded, clean, at, size, window, is_taken=None) -> "WindowFilter":
        rows, n_in_products = size
        values = _values(recorded, at, rows)
        found = Polynomial.fit(values, _values(clean, at, window), n_in_products)
        most = np.abs(values @ found.components).max(axis=0)
        products = np.array(n_in_products)
        return cls(rows, found.components, found.coefficients, products, most, is_taken)

    @property
    def span(self) -> int:
        """Steps from the first to the last row that it looks at."""
        return -int(self.offsets[0])

    @property
    def _polynomial(self) -> Polynomial:
        return Polynomial(self.components, tuple(self.n_in_products), self.coefficients)

    def apply(self, rows: np.ndarray, at: np.ndarray, windows: np.ndarray) -> np.ndarray:
        """Return windows (window, delay, feature) that end at some of the rows, without noise.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_features)
            Standardised.
        at : ndarray of shape (n_windows,)
            Last rows of the windows, each with `span` rows before it.
        windows : ndarray of shape (n_windows, n_delays, n_features)
            With their noise.
        """
        values = rows[at[:, None] + self.offsets].reshape(len(at), -1)
        found = self._polynomial.predict(values, self.most).reshape(windows.shape)
        return np.where(self.is_taken, found, windows)

    def pack(self) -> dict[str, np.ndarray]:
        """Return it as arrays."""
        return asdict(self)


def shared_filter(
    recorded: Series, clean: Series, train_lengths: list[int], window: np.ndarray
) -> WindowFilter | None:
    """Choose a filter once for all fits to one series (see :meth:`WindowFilter.choose`)."""
    known = ("filter", *train_lengths, *window.tolist())
    if known not in clean.measured:
        clean.measured[known] = WindowFilter.choose(recorded, clean, train_lengths, window)
    return clean.measured[known]


def _candidates(
    series: Series, train_lengths: list[int], window: np.ndarray
) -> Iterator[tuple[np.ndarray, tuple[int, int]]]:
    """Yield rows to look at, relative to the last one, and sizes of products, short ones first."""
    steps = {1, int(np.diff(window).max(initial=1))}
    spans = sorted({((n_rows - 1) * step, step) for n_rows in N_ROWS for step in steps})
    for span, step in spans:
        offsets = np.arange(-span, 1, step)
        n_values = len(offsets) * series.n_features
        if n_values > MOST_VALUES or span + 1 > PART_OF_ROWS * max(train_lengths):
            continue
        n_known = sum(max(0, length - span) for length in train_lengths)
        for n_in_products in N_IN_PRODUCTS:
            if n_known >= LEAST_ROWS * n_terms(n_values, n_in_products):
                yield offsets, n_in_products


def _values(series: Series, at: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    return series.scaled(at[:, None] + offsets).reshape(len(at), -1)
