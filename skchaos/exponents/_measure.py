"""Exponents along rows: which rows make a state, how strongly to penalise, how sure."""

from dataclasses import dataclass

import numpy as np

from skchaos.exponents._kernel_map import KernelRegression
from skchaos.exponents._scaled import MAX_WINDOW_COLUMNS, States
from skchaos.exponents._tangent import MIN_WARM_UP, WARM_UP_PERIODS, growth_along, make_chains

# Centres: that many at 5,000 states, growing with a power of their number, and never above a
# part of them. A fit uses some twenty states a centre.
CENTERS, AT_STATES, GROWTH = 400, 5000, 0.3
MAX_CENTERS, STATES_PER_CENTER, FITTED_PER_CENTER = 1200, 5, 16
WINDOW_STEPS = 5  # span of a window of a flow, in steps of the map
MAP_WINDOW = 5  # rows of a window of a map
WINDOW_DIMS = 8
FULL_STATE_STEP = 0.4  # of the step of windows: whole states show their derivative sooner
STEP_RATIO = 1.5  # of the second opinion on whole states
BETTER = 0.8  # a window must lower the error of predicting rows to this part to be preferred
N_PROBES, PROBE_CENTERS = 3000, 150
# eta is the error that more centres would remove, read off a map with half of them; noise, which
# they do not remove, acts as a penalty by itself.
HALF_TO_WHOLE, LEAST_PENALTY, ROUGHER = 2.3, 0.1, 3.0
MIN_PENALTY = 3e-5
N_BLOCKS = 20
BLOCK_ROWS = 200_000  # rows whose Jacobians are held at once
MIN_STATES = 50
ROUGHER_CHAINS = 3  # every so many of the chains is followed with the larger penalty


@dataclass(frozen=True)
class Measurement:
    """Exponents per row, and what they were read from.

    Attributes
    ----------
    rates, sampling, method : ndarray of shape (n_exponents,)
        Exponents; their standard errors over blocks of rows; and how far they move with the
        penalty and, for whole states, with the step and the centres.
    local : ndarray of shape (n_states, n_exponents)
        Growth at each state, per row; nan where a state has no image.
    states : States
    error, noise, linear_error : float
        Typical error of the map, the part of it that more centres would not remove, and the error
        of the best linear map; in standard deviations of the leading direction.
    penalty : float
    n_centers : int
    map : KernelMap
    """

    rates: np.ndarray
    sampling: np.ndarray
    method: np.ndarray
    local: np.ndarray
    states: States
    error: float
    noise: float
    linear_error: float
    penalty: float
    n_centers: int
    map: object

    @property
    def gain(self):
        """Factor by which the map predicts better than the best linear map."""
        return self.linear_error / self.error


def measure(scaled, n_exponents, random_state):
    """Return the exponents along scaled rows; None where there are too few rows."""
    states = choose_states(scaled, random_state)
    if states is None or len(states.with_image()) < MIN_STATES:
        return None
    n_vectors = min(n_exponents or states.values.shape[1], states.values.shape[1])
    if states.n_delays > 1:
        return _along(scaled, states, n_vectors, random_state)
    second_step = max(states.step + 1, round(STEP_RATIO * states.step)) if not scaled.is_map else 1
    first = _along(scaled, states, n_vectors, random_state)
    other = States.of(scaled, 1, 1, second_step, WINDOW_DIMS)
    if other is None or len(other.with_image()) < MIN_STATES:
        return first
    second = _along(scaled, other, n_vectors, random_state + 1)
    return _merge(first, second)


def _merge(first, second):
    apart = np.abs(first.rates - second.rates)
    fields = vars(first) | {"method": np.hypot(first.method, apart)}
    return Measurement(**fields)


def choose_states(scaled, random_state):
    """Return rows as states, or windows of rows where these predict the next rows better."""
    window = _window(scaled)
    if scaled.rows.shape[1] == 1:
        return window
    step = 1 if scaled.is_map else max(1, round(FULL_STATE_STEP * scaled.step))
    whole = States.of(scaled, 1, 1, step, None)
    if window is None or whole is None:
        return whole or window
    by_row = _row_error(scaled, whole, scaled.step, random_state)
    by_window = _row_error(scaled, window, scaled.step, random_state)
    return window if by_window < BETTER * by_row else whole


def _window(scaled):
    n_columns = scaled.rows.shape[1]
    dims = max(WINDOW_DIMS, min(2 * WINDOW_DIMS, n_columns + 4))
    if scaled.is_map:
        return States.of(scaled, MAP_WINDOW, 1, 1, dims)
    span = WINDOW_STEPS * scaled.step
    delay = -(-span // max(WINDOW_STEPS, MAX_WINDOW_COLUMNS // n_columns))
    return States.of(scaled, span // delay + 1, delay, scaled.step, dims)


def _row_error(scaled, states, step, random_state):
    """Return the error of predicting a row `step` ahead by a small map from states."""
    rng = np.random.RandomState(random_state)
    at = np.flatnonzero(states.rows + step < len(scaled.rows))
    at = at[scaled.segments[states.rows[at] + step] == states.segments[at]]
    at = at[:: max(1, len(at) // N_PROBES)]
    if len(at) < MIN_STATES:
        return np.inf
    regression = KernelRegression(
        states.values[at],
        scaled.rows[states.rows[at] + step],
        min(PROBE_CENTERS, len(at) // STATES_PER_CENTER),
        rng,
        n_slopes=0,
    )
    return regression.error(0.0)


def _along(scaled, states, n_vectors, random_state):
    rng = np.random.RandomState(random_state)
    regression = _regression(states, rng)
    error, noise, penalty = _choose_penalty(regression)
    warm_up = int(max(MIN_WARM_UP, np.ceil(WARM_UP_PERIODS * scaled.period / states.step)))
    fitted, rougher = regression.solve(penalty), regression.solve(ROUGHER * penalty)
    local = np.full((len(states.values), n_vectors), np.nan)
    apart, n_compared = np.zeros(n_vectors), 0
    for start in range(0, len(states.values), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        links, counts = make_chains(states.segments[part], states.step, warm_up)
        values, some = states.values[part], slice(None, None, ROUGHER_CHAINS)
        growth = growth_along(fitted.jacobians(values), links, n_vectors, rng)
        local[part][links[counts]] = growth[counts]
        used, place = np.unique(links[some], return_inverse=True)
        place = place.reshape(links[some].shape)
        other = growth_along(rougher.jacobians(values[used]), place, n_vectors, rng)
        apart += (growth[some] - other)[counts[some]].sum(axis=0)
        n_compared += np.count_nonzero(counts[some])
    local /= states.step
    known = local[~np.isnan(local[:, 0])]
    blocks = np.array([block.mean(axis=0) for block in np.array_split(known, N_BLOCKS)])
    return Measurement(
        rates=known.mean(axis=0),
        sampling=blocks.std(axis=0, ddof=1) / np.sqrt(N_BLOCKS),
        method=np.abs(apart) / n_compared / states.step,
        local=local,
        states=states,
        error=error,
        noise=noise,
        linear_error=regression.linear_error(),
        penalty=penalty,
        n_centers=len(regression.centers),
        map=fitted,
    )


def _regression(states, rng):
    at = states.with_image()
    n_centers = CENTERS * max(1.0, (len(at) / AT_STATES) ** GROWTH)
    n_centers = int(min(n_centers, MAX_CENTERS, len(at) // STATES_PER_CENTER))
    n_fitted = FITTED_PER_CENTER * n_centers
    if len(at) > n_fitted:
        at = np.sort(rng.choice(at, n_fitted, replace=False))
    return KernelRegression(states.values[at], states.values[at + states.step], n_centers, rng)


def _choose_penalty(regression):
    """Return the error of prediction, its part that is noise, and eta."""
    error, half = regression.error(MIN_PENALTY), regression.error(MIN_PENALTY, every=2)
    removable = np.sqrt(max(half**2 - error**2, 0.0)) / HALF_TO_WHOLE
    removable = min(removable, error)
    penalty = max(removable, LEAST_PENALTY * error, MIN_PENALTY)
    return error, float(np.sqrt(error**2 - removable**2)), penalty
