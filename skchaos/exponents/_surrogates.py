"""Is there more in a series than linear correlations? The method of surrogate data.

Theiler, Eubank, Longtin, Galdrikian & Farmer, Physica D 58 (1992), 77; several columns as in
Prichard & Theiler, Phys. Rev. Lett. 73 (1994), 951; ends matched as in Schreiber & Schmitz, Physica
D 142 (2000), 346.
"""

from dataclasses import replace

import numpy as np

from skchaos.exponents._kernel_map import MEDIUM_LENGTH, KernelRegression
from skchaos.exponents._scaled import MIN_STATES, States, count_pairs
from skchaos.neighbors._rows import segment_bounds

N_SURROGATES = 19  # the data beat all of them by chance once in twenty times
MAX_ROWS, MAX_PAIRS, N_CENTERS, STATES_PER_CENTER = 8000, 2000, 120, 5
PENALTY = 1e-2
ENDS = 0.1  # part of the rows at either end among which ends that match are looked for


def is_nonlinear(scaled, states, random_state):
    """Tell whether a small map predicts the rows better than all their surrogates.

    Surrogates of one kind have the same spectra, those of the other the same values and nearly the
    same spectra: the first are as smooth as the rows, the second as far from normal. Only the
    longest trajectory is looked at, its last 8,000 rows. None where it is too short.
    """
    start, stop = max(segment_bounds(scaled.segments), key=lambda ends: ends[1] - ends[0])
    rows = with_matching_ends(scaled.rows[start:stop][-MAX_ROWS:])
    one = np.zeros(len(rows), dtype=int)
    if count_pairs(one, states.n_delays, states.delay, states.step) < MIN_STATES:
        return None
    rng = np.random.RandomState(random_state)
    error = _map_error(scaled, rows, states, np.random.RandomState(0))
    return all(
        error < _map_error(scaled, make(rows, rng), states, np.random.RandomState(0))
        for make in (with_shifted_phases, surrogate)
        for _ in range(N_SURROGATES)
    )


def with_matching_ends(rows):
    """Return the stretch of rows whose ends have the most similar values and slopes.

    A Fourier transform takes the end to be followed by the start; a jump there would be spread over
    all of a surrogate, as noise that makes it hard to predict.
    """
    n_ends = int(ENDS * len(rows))
    if n_ends < 2:
        return rows
    points = np.hstack([rows[:-1], np.diff(rows, axis=0) / np.diff(rows, axis=0).std(axis=0).max()])
    first, last = points[:n_ends], points[-n_ends:]
    apart = ((first[:, None] - last) ** 2).sum(axis=2)
    start, stop = np.unravel_index(apart.argmin(), apart.shape)
    return rows[start : len(points) - n_ends + stop]


def with_shifted_phases(rows, rng):
    """Return rows whose Fourier transforms have the same amplitudes, phases shifted at random.

    All columns are shifted by the same amounts, which keeps their cross-correlations.
    """
    spectrum = np.fft.rfft(rows, axis=0)
    shifts = rng.uniform(size=(len(spectrum), 1))
    shifts[0] = 0.0  # the mean
    return np.fft.irfft(spectrum * np.exp(2j * np.pi * shifts), len(rows), axis=0)


def surrogate(rows, rng):
    """Return rows of the same values, with spectra nearly kept and all else random.

    Columns are made normal by their ranks, the phases of these are shifted, and the ranks of the
    result reorder the original values.
    """
    order = rows.argsort(axis=0)
    normal = np.take_along_axis(
        np.sort(rng.standard_normal(rows.shape), axis=0), order.argsort(axis=0), axis=0
    )
    ranks = with_shifted_phases(normal, rng).argsort(axis=0).argsort(axis=0)
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
