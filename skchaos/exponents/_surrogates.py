"""Is there more in a series than linear correlations? The method of surrogate data.

Theiler, Eubank, Longtin, Galdrikian & Farmer, Physica D 58 (1992), 77; several columns as in
Prichard & Theiler, Phys. Rev. Lett. 73 (1994), 951.
"""

from dataclasses import replace

import numpy as np

from skchaos.exponents._kernel_map import MEDIUM_LENGTH, KernelRegression
from skchaos.exponents._scaled import States

N_SURROGATES = 19  # the data beat all of them by chance once in twenty times
MAX_ROWS, MAX_PAIRS, N_CENTERS, STATES_PER_CENTER = 8000, 2000, 120, 5
PENALTY = 1e-2


def is_nonlinear(scaled, states, random_state):
    """Tell whether a small map predicts the rows better than all their surrogates.

    Surrogates have the same values and nearly the same auto- and cross-correlations. Only the
    longest trajectory is looked at, its last 8,000 rows.
    """
    starts = np.flatnonzero(np.diff(scaled.segments, prepend=-1))
    lengths = np.diff(np.r_[starts, len(scaled.rows)])
    longest = int(lengths.argmax())
    rows = scaled.rows[starts[longest] :][: lengths[longest]][-MAX_ROWS:]
    rng = np.random.RandomState(random_state)
    error = _map_error(scaled, rows, states, np.random.RandomState(0))
    return all(
        error < _map_error(scaled, surrogate(rows, rng), states, np.random.RandomState(0))
        for _ in range(N_SURROGATES)
    )


def surrogate(rows, rng):
    """Return rows of the same values, with spectra kept and all else random.

    Columns are made normal by their ranks, the phases of their Fourier transforms are shifted by
    the same random amounts, and the ranks of the result reorder the original values.
    """
    n_rows = len(rows)
    order = rows.argsort(axis=0)
    normal = np.take_along_axis(
        np.sort(rng.standard_normal(rows.shape), axis=0), order.argsort(axis=0), axis=0
    )
    spectrum = np.fft.rfft(normal, axis=0)
    phases = np.exp(2j * np.pi * rng.uniform(size=(len(spectrum), 1)))
    shuffled = np.fft.irfft(spectrum * phases, n_rows, axis=0)
    ranks = shuffled.argsort(axis=0).argsort(axis=0)
    return np.take_along_axis(np.sort(rows, axis=0), ranks, axis=0)


def _map_error(scaled, rows, states, rng):
    segments = np.zeros(len(rows), dtype=int)
    scaled = replace(scaled, rows=rows, segments=segments)
    n_dims = states.values.shape[1]
    states = States.of(scaled, states.n_delays, states.delay, states.step, n_dims)
    at = states.with_image()
    at = at[:: max(1, len(at) // MAX_PAIRS)]
    values, ahead = states.values[at], at + states.step
    n_centers = min(N_CENTERS, len(at) // STATES_PER_CENTER)
    targets = rows[states.rows[ahead]]
    regression = KernelRegression(
        values, states.values[ahead], targets, n_centers, MEDIUM_LENGTH, rng
    )
    return regression.errors(regression.coefficients(PENALTY))[0][1]
