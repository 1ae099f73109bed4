"""What is chosen by how well it predicts: states, the step of the map, the length of its kernel."""

from dataclasses import replace
from functools import cache

import numpy as np

from skchaos.exponents._kernel_map import (
    LENGTHS,
    LONG_LENGTH,
    MEDIUM_LENGTH,
    KernelRegression,
)
from skchaos.exponents._scaled import (
    MAX_WINDOW_COLUMNS,
    MIN_STATES,
    States,
    affordable_dims,
    count_pairs,
)

# States of more dimensions are many. Centres: that many at 5,000 states, growing with a power of
# their number, and never above a part of them. A fit uses some dozen states a centre.
HIGH_DIMENSIONAL = 8
CENTERS, HIGH_DIMENSIONAL_CENTERS, AT_STATES, GROWTH = 400, 700, 5000, 0.4
MAX_CENTERS, STATES_PER_CENTER, FITTED_PER_CENTER = 1200, 5, 12
WINDOW_STEPS = 5  # span of a window of a flow, in steps of the map
# Rows of a window where a map looks a single row ahead; of those that predict rows about as well as
# the best, the longest.
ROW_WINDOWS, ABOUT_AS_WELL = (5, 8, 12, 16), 1.1
SHORT_WINDOWS = (1, 2, 3, 4)  # that may tell the next row all by themselves
WINDOW_DIMS = 8
# Of the step of windows: whole states show their derivative sooner, and many dimensions mix fast.
FULL_STATE_STEP, HIGH_DIMENSIONAL_STEP = 0.7, 0.35
# Rows count as states where they predict rows this well, or windows of them so much worse: windows
# average noise away, but hold more dimensions.
CLEAN, MUCH_WORSE = 3e-3, 1.5
N_PROBES, PROBE_CENTERS = 3000, 150
# Lengths are tried with one in so many of the centres, while the error to be expected is above
# EXACT; a shorter one must make it that much smaller.
TRIED, MAX_TRIED, EXACT, SHORTER = 2, 350, 1e-5, 0.9
# Steps are halved where a map errs more than that, if the error falls by that factor. By 2 nothing
# would be gained; smooth clean flows gain 3 to 4 without any need of it; where the step is too long
# for a map to follow, errors fell by 10 and more (Thomas, Duffing from one column).
HARD, MUCH_BETTER = 1e-3, 8.0
LEFT_OUT = 0.25  # part of the rows that a map is not fitted to, for the error there


def choose_states(scaled, random_state):
    """Return rows as states, or windows of rows where these predict the next rows better."""
    window = _window(scaled, random_state)
    if scaled.rows.shape[1] == 1:
        return window
    high = scaled.rows.shape[1] > HIGH_DIMENSIONAL
    fraction = HIGH_DIMENSIONAL_STEP if high else FULL_STATE_STEP
    step = max(1, round(fraction * scaled.step))
    whole = States.of(scaled, 1, 1, step, None)
    if window is None or whole is None:
        return whole or window
    if not whole.is_enough:
        return window
    by_row = _row_error(scaled, whole, scaled.step, random_state)
    if by_row < CLEAN:
        return whole
    by_window = _row_error(scaled, window, scaled.step, random_state)
    return window if by_window < MUCH_WORSE * by_row else whole


def _window(scaled, random_state):
    n_columns = scaled.rows.shape[1]
    dims = max(WINDOW_DIMS, min(2 * WINDOW_DIMS, n_columns + 4))
    if scaled.step == 1:
        return _row_window(scaled, dims, random_state)
    span = WINDOW_STEPS * scaled.step
    delay = -(-span // max(WINDOW_STEPS, MAX_WINDOW_COLUMNS // n_columns))
    return _affordable_window(scaled, span // delay + 1, delay, scaled.step, dims)


def _affordable_window(scaled, n_delays, delay, step, dims):
    n_states = count_pairs(scaled.segments, n_delays, delay, step)
    affordable = affordable_dims(n_states)
    return States.of(scaled, n_delays, delay, step, min(dims, affordable)) if affordable else None


def _row_window(scaled, dims, random_state):
    """Return the longest window that predicts the next row about as well as the best.

    Where noise limits prediction longer windows average it away; where the map does, they hold
    more than it can follow, and predict worse.
    """
    most = max(WINDOW_STEPS, MAX_WINDOW_COLUMNS // scaled.rows.shape[1])
    windows = [_affordable_window(scaled, n, 1, 1, dims) for n in ROW_WINDOWS if n <= most]
    windows = [states for states in windows if states is not None]
    errors = [_row_error(scaled, states, 1, random_state) for states in windows]
    good = [s for s, e in zip(windows, errors, strict=True) if e <= ABOUT_AS_WELL * min(errors)]
    return good[-1] if good else None


def shortest_window(scaled, random_state):
    """Return the least number of consecutive rows that tell the next; None where no few do."""
    for n_delays in SHORT_WINDOWS:
        states = _affordable_window(scaled, n_delays, 1, 1, WINDOW_DIMS)
        if states is not None and _row_error(scaled, states, 1, random_state) < CLEAN:
            return n_delays
    return None


def _row_error(scaled, states, step, random_state):
    """Return the error of predicting a row `step` ahead by a small map from states."""
    rows = states.rows
    at = np.flatnonzero(rows + step < len(scaled.rows))
    at = at[scaled.segments[rows[at] + step] == states.segments[at]]
    at = at[:: max(1, len(at) // N_PROBES)]
    if len(at) < MIN_STATES:
        return np.inf
    values, targets = states.values[at], scaled.rows[rows[at] + step]
    n_centers = min(PROBE_CENTERS, len(at) // STATES_PER_CENTER)
    rng = np.random.RandomState(random_state)
    regression = KernelRegression(values, values, targets, n_centers, MEDIUM_LENGTH, rng)
    return regression.errors(regression.coefficients(0.0))[0][1]


def choose_map(states, random_state):
    """Return the states with the step, and the length of the kernel, from which a map serves best.

    The step is halved while that makes the error of prediction many times smaller: over shorter
    ones a map must learn less, but exponents are divided by them.
    """
    error, length = choose_length(states, random_state)
    while error > HARD and states.step > 1:
        shorter = replace(states, step=states.step // 2)
        shorter_error, shorter_length = choose_length(shorter, random_state)
        if shorter_error > error / MUCH_BETTER:
            break
        states, error, length = shorter, shorter_error, shorter_length
    return states, length


def choose_length(states, random_state):
    """Return the smallest error of prediction to be expected, and the length of the kernel for it.

    Maps with fewer centres are tried. What they gain from half of their centres to all is gained
    again with twice as many: short lengths go on to gain where long ones have reached their floor.
    """
    rng = np.random.RandomState(random_state)
    n_tried = min(count_centers(states) // TRIED, MAX_TRIED)
    at = draw(states.with_image(), FITTED_PER_CENTER * n_tried, rng)
    values, images = states.values[at], states.values[at + states.step]

    @cache
    def expected_error(i):
        rng = np.random.RandomState(random_state)
        regression = KernelRegression(values, images, images[:, :1], n_tried, LENGTHS[i], rng)
        halves, errors = regression.errors(
            *(regression.coefficients(0.0, omit=omit) for omit in (2, None))
        )
        return errors[0] ** 2 / halves[0]

    best = LENGTHS.index(LONG_LENGTH if is_high(states) else MEDIUM_LENGTH)
    for way, factor in ((1, 1.0), (-1, SHORTER)):
        while expected_error(best) > EXACT and 0 <= best + way < len(LENGTHS):
            if expected_error(best + way) >= factor * expected_error(best):
                break
            best += way
    return expected_error(best), LENGTHS[best]


def count_centers(states):
    n_states = len(states.with_image())
    n_centers = HIGH_DIMENSIONAL_CENTERS if is_high(states) else CENTERS
    n_centers *= max(1.0, (n_states / AT_STATES) ** GROWTH)
    return int(min(n_centers, MAX_CENTERS, n_states // STATES_PER_CENTER))


def is_high(states):
    return states.values.shape[1] > HIGH_DIMENSIONAL


def draw(at, n_most, rng):
    return at if len(at) <= n_most else np.sort(rng.choice(at, n_most, replace=False))


def transfer_error(states, length, random_state, *, enough=0.0):
    """Return how many times larger the error is at rows that a map was not fitted to.

    The last or the first quarter of rows is left out, whichever is predicted better: few rows may
    well go where no other did. Neighbours in time are alike, so that rows left out at random would
    show nothing. The first quarter is not tried where the last one is `enough`.
    """
    at = states.with_image()
    n_left_out = int(LEFT_OUT * len(at))
    first, last = at[:n_left_out], at[-n_left_out:]
    factor = _transfer(states, at[:-n_left_out][: -states.step], last, length, random_state)
    if factor <= enough:
        return factor
    other = _transfer(states, at[n_left_out:][states.step :], first, length, random_state)
    return min(factor, other)


def _transfer(states, inside, outside, length, random_state):
    rng = np.random.RandomState(random_state)
    n_centers = min(count_centers(states) // TRIED, MAX_TRIED)
    values, images = _pairs(states, draw(inside, FITTED_PER_CENTER * n_centers, rng))
    regression = KernelRegression(values, images, images[:, :1], n_centers, length, rng)
    coefficients = regression.coefficients(0.0)
    error = regression.errors(coefficients)[0][0]
    values, images = _pairs(states, outside)
    regression.set_error_pairs(values, np.hstack([images - values, images[:, :1]]))
    return regression.errors(coefficients)[0][0] / error


def _pairs(states, at):
    return states.values[at], states.values[at + states.step]
