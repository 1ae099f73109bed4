"""Exponents along rows: which rows make a state, how strongly to penalise, how sure."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import nnls

from skchaos.exponents._kernel_map import HIGH_DIMENSIONAL, KernelMap, KernelRegression
from skchaos.exponents._scaled import MAX_WINDOW_COLUMNS, MIN_STATES, States
from skchaos.exponents._tangent import MIN_WARM_UP, WARM_UP_PERIODS, growth_along, make_chains

# Centres: that many at 5,000 states, growing with a power of their number, and never above a
# part of them. A fit uses some dozen states a centre.
CENTERS, HIGH_DIMENSIONAL_CENTERS, AT_STATES, GROWTH = 400, 700, 5000, 0.4
MAX_CENTERS, STATES_PER_CENTER, FITTED_PER_CENTER = 1200, 5, 12
WINDOW_STEPS = 5  # span of a window of a flow, in steps of the map
# Rows of a window of a map; of those that predict rows about as well as the best, the longest.
MAP_WINDOWS, ABOUT_AS_WELL = (5, 8, 12, 16), 1.1
WINDOW_DIMS = 8
MAX_WINDOW_EXPONENTS = 4  # of windows; what follows are directions that the window adds
# Of the step of windows: whole states show their derivative sooner, and many dimensions mix fast.
FULL_STATE_STEP, HIGH_DIMENSIONAL_STEP = 0.7, 0.35
# A second opinion on whole states: its step is longer by that factor, its rows are the last ones.
STEP_RATIO, MAX_SECOND_ROWS = 1.5, 100_000
# Rows count as states where they predict rows this well, or windows of them so much worse: windows
# average noise away, but hold more dimensions.
CLEAN, MUCH_WORSE = 3e-3, 1.5
N_PROBES, PROBE_CENTERS = 3000, 150
# eta is the error that more centres would remove, read off a map with half of them; noise, which
# they do not remove, acts as a penalty by itself.
HALF_TO_WHOLE, LEAST_PENALTY, ROUGHER = 2.3, 0.1, 3.0
MIN_PENALTY = 3e-5
# Growth of which the larger penalty takes this part away is none of the data; then that is used.
SPURIOUS, MAX_RAISES = 0.6, 3
NOISE_BIAS = 2.0  # part by which an exponent may be too small, for each part of noise in the states
BLOCK_COUNTS = (64, 32, 16, 8)  # of rows, for the error of sampling
BLOCK_ROWS = 200_000  # rows whose Jacobians are held at once
ROUGHER_CHAINS = 3  # every so many of the chains is followed with the larger penalty


@dataclass(frozen=True)
class Fit:
    """A map of states, and how well it predicts.

    Attributes
    ----------
    states : States
    map, rougher : KernelMap
        With the penalty chosen, and with a larger one.
    error, linear_error : float
        Typical error of the map, and of the best linear map, over the standard deviation of states.
    noise : float
        The part of the error that more centres would not remove.
    row_error, row_noise : float
        The same two for rows that are predicted from the states.
    """

    states: States
    map: KernelMap
    rougher: KernelMap
    error: float
    noise: float
    linear_error: float
    row_error: float
    row_noise: float
    regression: KernelRegression

    def raised(self):
        """Return the map with the larger penalty."""
        rougher = self.regression.solve(ROUGHER * self.rougher.penalty)
        return replace(self, map=self.rougher, rougher=rougher)

    @property
    def gain(self):
        """Factor by which the map predicts better than the best linear map."""
        return self.linear_error / self.error


@dataclass(frozen=True)
class Measurement:
    """Exponents per row, and what they were read from.

    Attributes
    ----------
    rates, sampling, method : ndarray of shape (n_exponents,)
        Exponents; their standard errors over blocks of rows; and how far they move with the
        penalty, with noise, and for whole states with the step and the centres.
    local : ndarray of shape (n_states, n_exponents)
        Growth at each state, per row; nan where a state has no image.
    fit : Fit
    drop : float
        How far the largest exponent drops under the larger penalty.
    """

    rates: np.ndarray
    sampling: np.ndarray
    method: np.ndarray
    local: np.ndarray
    fit: Fit
    drop: float

    @property
    def errors(self):
        """Standard errors."""
        return np.hypot(self.sampling, self.method)


def measure(scaled, n_exponents, random_state):
    """Return at least `n_exponents` along scaled rows; None where there are too few rows."""
    states = choose_states(scaled, random_state)
    if states is None or not states.is_enough:
        return None
    check_dims(n_exponents or 1, states)
    n_dims = states.values.shape[1]
    # The second tells a torus from a cycle, so it is followed in any case.
    n_vectors = min(n_dims, max(2, n_exponents or _default_count(states)))
    first = _measure_states(scaled, states, n_vectors, random_state)
    if states.n_delays > 1:
        return first
    # Another step, and other centres, whose choice is a matter of chance.
    step = 1 if scaled.is_map else max(states.step + 1, round(STEP_RATIO * states.step))
    last = slice(-MAX_SECOND_ROWS, None)
    recent = replace(scaled, rows=scaled.rows[last], segments=scaled.segments[last])
    other = States.of(recent, 1, 1, step, None)
    if other is None or not other.is_enough:
        return first
    second = _measure_states(recent, other, n_vectors, random_state + 1)
    apart = _mean(first.local[last]) - second.rates
    return replace(first, method=np.hypot(first.method, apart))


def _default_count(states):
    return states.values.shape[1] if states.n_delays == 1 else MAX_WINDOW_EXPONENTS


def _mean(local):
    """Return the mean growth at the states where there is one, of which there must be one."""
    return local[~np.isnan(local[:, 0])].mean(axis=0)


def _measure_states(scaled, states, n_vectors, random_state):
    """Return exponents of states, with the penalty raised while growth depends on it."""
    fit = fit_states(scaled, states, random_state)
    measured = _along(scaled, fit, n_vectors, random_state)
    for _ in range(MAX_RAISES):
        if measured.drop < SPURIOUS * measured.rates[0]:
            break
        fit = fit.raised()
        measured = _along(scaled, fit, n_vectors, random_state)
    return measured


def check_dims(n_exponents, states):
    """Raise where states have fewer dimensions than exponents are asked for."""
    n_dims = states.values.shape[1]
    if n_exponents > n_dims:
        what = "rows" if states.n_delays == 1 else f"windows of {states.n_delays} rows"
        raise ValueError(
            f"n_exponents={n_exponents}, but the states ({what}) have {n_dims} dimension(s): ask "
            f"for 1 to {n_dims} exponents."
        )


def choose_states(scaled, random_state):
    """Return rows as states, or windows of rows where these predict the next rows better."""
    window = _window(scaled, random_state)
    if scaled.rows.shape[1] == 1:
        return window
    high = scaled.rows.shape[1] > HIGH_DIMENSIONAL
    fraction = HIGH_DIMENSIONAL_STEP if high else FULL_STATE_STEP
    step = 1 if scaled.is_map else max(1, round(fraction * scaled.step))
    whole = States.of(scaled, 1, 1, step, None)
    if window is None or whole is None:
        return whole or window
    by_row = _row_error(scaled, whole, scaled.step, random_state)
    if by_row < CLEAN:
        return whole
    by_window = _row_error(scaled, window, scaled.step, random_state)
    return window if by_window < MUCH_WORSE * by_row else whole


def _window(scaled, random_state):
    n_columns = scaled.rows.shape[1]
    dims = max(WINDOW_DIMS, min(2 * WINDOW_DIMS, n_columns + 4))
    if scaled.is_map:
        return _map_window(scaled, dims, random_state)
    span = WINDOW_STEPS * scaled.step
    delay = -(-span // max(WINDOW_STEPS, MAX_WINDOW_COLUMNS // n_columns))
    return States.of(scaled, span // delay + 1, delay, scaled.step, dims)


def _map_window(scaled, dims, random_state):
    """Return the longest window that predicts the next row about as well as the best.

    Where noise limits prediction longer windows average it away; where the map does, they hold
    more than it can follow, and predict worse.
    """
    windows = [States.of(scaled, n_delays, 1, 1, dims) for n_delays in MAP_WINDOWS]
    windows = [states for states in windows if states is not None]
    errors = [_row_error(scaled, states, 1, random_state) for states in windows]
    good = [s for s, e in zip(windows, errors, strict=True) if e <= ABOUT_AS_WELL * min(errors)]
    return good[-1] if good else None


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
    regression = KernelRegression(values, values, targets, n_centers, rng)
    return regression.errors(regression.coefficients(MIN_PENALTY))[0][1]


def fit_states(scaled, states, random_state):
    """Return the map that takes states a step ahead."""
    rng = np.random.RandomState(random_state)
    at = states.with_image()
    high = states.values.shape[1] > HIGH_DIMENSIONAL
    n_centers = HIGH_DIMENSIONAL_CENTERS if high else CENTERS
    n_centers *= max(1.0, (len(at) / AT_STATES) ** GROWTH)
    n_centers = int(min(n_centers, MAX_CENTERS, len(at) // STATES_PER_CENTER))
    n_fitted = FITTED_PER_CENTER * n_centers
    if len(at) > n_fitted:
        at = np.sort(rng.choice(at, n_fitted, replace=False))
    images, rows = states.values[at + states.step], scaled.rows[states.rows[at + states.step]]
    regression = KernelRegression(states.values[at], images, rows, n_centers, rng)
    errors, halves, linear = regression.errors(
        regression.coefficients(MIN_PENALTY),
        regression.coefficients(MIN_PENALTY, every=2),
        regression.linear_coefficients(),
    )
    removable = np.sqrt(np.maximum(halves**2 - errors**2, 0.0)) / HALF_TO_WHOLE
    removable = np.minimum(removable, errors)
    noise = np.sqrt(errors**2 - removable**2)
    penalty = max(removable[0], LEAST_PENALTY * errors[0], MIN_PENALTY)
    return Fit(
        states=states,
        map=regression.solve(penalty),
        rougher=regression.solve(ROUGHER * penalty),
        error=errors[0],
        noise=noise[0],
        linear_error=linear[0],
        row_error=errors[1],
        row_noise=noise[1],
        regression=regression,
    )


def sampling_error(rates):
    """Return the standard error of the mean of correlated rates.

    The variance of sums over blocks grows as a line over their length. Its slope is what adds up
    over independent stretches; its offset, the turning of frames at both ends of a block, does not,
    and in many short blocks would be counted many times. The slope is uncertain itself: at least
    half of what the shorter half of the blocks would say is kept.
    """
    lengths, variances = [], []
    counts = np.array([n for n in BLOCK_COUNTS if 2 * n <= len(rates)])
    for n_blocks in counts:
        sums = [block.mean() * len(rates) / n_blocks for block in np.array_split(rates, n_blocks)]
        lengths.append(len(rates) / n_blocks)
        variances.append(np.var(sums, ddof=1))
    lengths = np.array(lengths)
    weights = np.sqrt(counts - 1) / lengths  # relative errors, for variances near a line through 0
    design = np.column_stack([lengths, np.ones(len(lengths))]) * weights[:, None]
    slope, offset = nnls(design, np.array(variances) * weights)[0]
    fitted = np.sqrt(slope * len(rates) + offset) / len(rates)
    plain = np.sqrt(variances[1] * counts[1]) / len(rates)
    return max(fitted, plain / 2)


def chains_along(scaled, states):
    """Return chains of states and the links that count, after warm-ups of ten mean periods.

    Of several trajectories the first period of each does not count: a frame without a past would
    weigh too much in many short ones. In a single one it does no harm.
    """
    period = scaled.period / states.step
    warm_up = int(max(MIN_WARM_UP, np.ceil(WARM_UP_PERIODS * period)))
    n_skipped = int(np.ceil(period)) if states.segments[-1] > states.segments[0] else 0
    return make_chains(states.segments, states.step, warm_up, n_skipped)


def _along(scaled, fit, n_vectors, random_state):
    """Carry frames along all states by the Jacobians of a map, and along some by the rougher."""
    rng, states = np.random.RandomState(random_state), fit.states
    local = np.full((len(states.values), n_vectors), np.nan)
    apart, n_compared = np.zeros(n_vectors), 0
    for start in range(0, len(states.values), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        values = states.values[part]
        links, counts = chains_along(scaled, replace(states, segments=states.segments[part]))
        some = slice(None, None, ROUGHER_CHAINS)
        used, place = np.unique(links[some], return_inverse=True)
        jacobians = np.concatenate([fit.map.jacobians(values), fit.rougher.jacobians(values[used])])
        others = len(values) + place.reshape(links[some].shape)
        growth = growth_along(jacobians, np.concatenate([links, others]), n_vectors, rng)
        growth, rougher = growth[: len(links)], growth[len(links) :]
        local[part][links[counts]] = growth[counts]
        apart += (growth[some] - rougher)[counts[some]].sum(axis=0)
        n_compared += np.count_nonzero(counts[some])
    local /= states.step
    known = local[~np.isnan(local[:, 0])]
    rates = known.mean(axis=0)
    apart /= n_compared * states.step
    return Measurement(
        rates=rates,
        sampling=np.array([sampling_error(column) for column in known.T]),
        method=np.hypot(apart, NOISE_BIAS * fit.noise * rates),
        local=local,
        fit=fit,
        drop=float(apart[0]),
    )
