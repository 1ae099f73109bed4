"""Exponents along rows: how strongly to penalise, and how sure."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import nnls

from skchaos.exponents._choice import (
    FITTED_PER_CENTER,
    choose_map,
    choose_states,
    count_centers,
    draw,
)
from skchaos.exponents._kernel_map import KernelMap, KernelRegression
from skchaos.exponents._scaled import States
from skchaos.exponents._tangent import MIN_WARM_UP, WARM_UP_PERIODS, growth_along, make_chains

MAX_WINDOW_EXPONENTS = 4  # of windows; what follows are directions that the window adds
# A second opinion, on whole states and on weak growth of windows: its step is longer by that
# factor, its rows are the last ones.
STEP_RATIO, MAX_SECOND_ROWS = 1.5, 100_000
# eta is the error that more centres would remove, read off a map with half of them; noise, which
# they do not remove, acts as a penalty by itself.
HALF_TO_WHOLE, LEAST_PENALTY, ROUGHER = 2.3, 0.1, 3.0
# At least that much; windows hold more directions that lead off the attractor.
MIN_PENALTY, MIN_WINDOW_PENALTY = 3e-5, 3e-4
# Where the error of the method is above that part of growth, larger penalties are tried while
# errors fall. Of what these take away a part counts as error. (Chosen on single columns of the
# tuning and the held-out systems, benchmarks/lyapunov/systems.py; the fresh ones came after.)
UNSURE, MAX_RAISES, SPURIOUS_LEFT = 0.1, 4, 0.25
# Growth in a mean period that may be none; and that is weak enough to ask for a second opinion.
LITTLE_GROWTH, WEAK_GROWTH = 0.1, 0.5
NOISE_BIAS = 2.0  # part by which an exponent may be too small, for each part of noise in the states
BLOCK_COUNTS = (64, 32, 16, 8)  # of rows, for the error of sampling
MAX_SEED = 2**32  # of numpy, exclusive
BLOCK_ROWS = 200_000  # rows whose Jacobians are held at once
# One in so many of the chains is followed by other maps as well: with the larger penalty, and with
# one in so many of the centres left out; what that changes is taken at most so many times.
COMPARED_CHAINS, OMITTED, MAX_COARSENESS = 3, 4, 3.0


@dataclass(frozen=True)
class Fit:
    """A map of states, and how well it predicts.

    Attributes
    ----------
    states : States
    map, rougher, coarser : KernelMap
        With the penalty chosen, with a larger one, and without a part of the centres.
    coarseness : float
        How many times as far as from the coarser map exponents may still be from those of a map
        with ever more centres.
    error, linear_error : float
        Typical error of a map with the least penalty, and of the best linear map, over the standard
        deviation of states.
    noise : float
        The part of the error that more centres would not remove.
    row_error, row_noise : float
        The same two for rows that are predicted from the states.
    regression : KernelRegression
        Of which the maps are.
    """

    states: States
    map: KernelMap
    rougher: KernelMap
    coarser: KernelMap
    coarseness: float
    error: float
    noise: float
    linear_error: float
    row_error: float
    row_noise: float
    regression: KernelRegression

    def raised(self):
        """Return the map with the larger penalty."""
        return replace(self, **_maps(self.regression, self.rougher.penalty))

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
        penalty, also with smaller ones that were tried before, and the number of centres, with
        noise, and for whole states with the step and the choice of centres.
    local : ndarray of shape (n_states, n_exponents)
        Growth at each state, per row; nan where a state has no image.
    fit : Fit
    """

    rates: np.ndarray
    sampling: np.ndarray
    method: np.ndarray
    local: np.ndarray
    fit: Fit

    @property
    def errors(self):
        """Standard errors."""
        return np.hypot(self.sampling, self.method)


def measure(scaled, n_exponents, random_state):
    """Return at least `n_exponents` along scaled rows; None where there are too few rows."""
    first = measure_once(scaled, n_exponents, random_state)
    if first is None:
        return None
    states, length, n_vectors = first.fit.states, first.fit.map.length, len(first.rates)
    weak = LITTLE_GROWTH < first.rates[0] * scaled.period < WEAK_GROWTH
    if states.n_delays > 1 and not weak:
        return first
    # Another step, and other centres, whose choice is a matter of chance.
    step = 1 if scaled.is_map else max(states.step + 1, round(STEP_RATIO * states.step))
    last = slice(-MAX_SECOND_ROWS, None)
    recent = replace(scaled, rows=scaled.rows[last], segments=scaled.segments[last])
    n_dims = states.values.shape[1]
    other = States.of(recent, states.n_delays, states.delay, step, n_dims)
    if other is None or not other.is_enough:
        return first
    second = _measure_states(recent, other, length, n_vectors, (random_state + 1) % MAX_SEED)
    apart = _mean(first.local[last]) - second.rates
    return replace(first, method=np.hypot(first.method, apart))


def measure_once(scaled, n_exponents, random_state):
    """Return the same without a second opinion in the errors."""
    states = choose_states(scaled, random_state)
    if states is None or not states.is_enough:
        return None
    check_dims(n_exponents or 1, states)
    # The second tells a torus from a cycle, so it is followed in any case.
    n_vectors = min(states.values.shape[1], max(2, n_exponents or _default_count(states)))
    states, length = choose_map(states, random_state)
    return _measure_states(scaled, states, length, n_vectors, random_state)


def _default_count(states):
    return states.values.shape[1] if states.n_delays == 1 else MAX_WINDOW_EXPONENTS


def _mean(local):
    """Return the mean growth at the states where there is one, of which there must be one."""
    return local[~np.isnan(local[:, 0])].mean(axis=0)


def _measure_states(scaled, states, length, n_vectors, random_state):
    """Return exponents of states, with the penalty raised while that makes them surer.

    Growth that a larger penalty took away was hardly in the data, and a part may still be there.
    """
    fit = fit_states(scaled, states, length, random_state)
    first = _along(scaled, fit, n_vectors, random_state)
    measured = first
    for _ in range(MAX_RAISES):
        if measured.method[0] < UNSURE * max(measured.rates[0], LITTLE_GROWTH / scaled.period):
            break
        raised = _along(scaled, measured.fit.raised(), n_vectors, random_state)
        if raised.errors[0] > measured.errors[0]:
            break
        measured = raised
    left = SPURIOUS_LEFT * (first.rates - measured.rates)
    return replace(measured, method=np.hypot(measured.method, left))


def check_dims(n_exponents, states):
    """Raise where states have fewer dimensions than exponents are asked for."""
    n_dims = states.values.shape[1]
    if n_exponents > n_dims:
        what = "rows" if states.n_delays == 1 else f"windows of {states.n_delays} rows"
        raise ValueError(
            f"n_exponents={n_exponents}, but the states ({what}) have {n_dims} dimension(s): ask "
            f"for 1 to {n_dims} exponents."
        )


def fit_states(scaled, states, length, random_state):
    """Return the map that takes states a step ahead."""
    rng = np.random.RandomState(random_state)
    n_centers = count_centers(states)
    at = draw(states.with_image(), FITTED_PER_CENTER * n_centers, rng)
    images, rows = states.values[at + states.step], scaled.rows[states.rows[at + states.step]]
    regression = KernelRegression(states.values[at], images, rows, n_centers, length, rng)
    errors, halves, linear = regression.errors(
        regression.coefficients(MIN_PENALTY),
        regression.coefficients(MIN_PENALTY, omit=2),
        regression.linear_coefficients(),
    )
    removable = np.sqrt(np.maximum(halves**2 - errors**2, 0.0)) / HALF_TO_WHOLE
    removable = np.minimum(removable, errors)
    noise = np.sqrt(errors**2 - removable**2)
    least = MIN_PENALTY if states.n_delays == 1 else MIN_WINDOW_PENALTY
    penalty = max(removable[0], LEAST_PENALTY * errors[0], least)
    return Fit(
        states=states,
        **_maps(regression, penalty),
        error=errors[0],
        noise=noise[0],
        linear_error=linear[0],
        row_error=errors[1],
        row_noise=noise[1],
        regression=regression,
    )


def _maps(regression, penalty):
    """Return the map for a penalty and those that it is compared with.

    What is still missing from exponents is what the last centres changed times the error that is
    left over the error that they removed, both of them root mean squares: near a kink few states
    hold most of the error.
    """
    whole, part = (regression.coefficients(penalty, omit=omit) for omit in (None, OMITTED))
    errors = regression.errors(whole, part)
    left, removed = errors[0][2], errors[1][2] - errors[0][2]
    return {
        "map": regression.map_of(whole, penalty),
        "rougher": regression.solve(ROUGHER * penalty),
        "coarser": regression.map_of(part, penalty),
        "coarseness": MAX_COARSENESS if left > MAX_COARSENESS * removed else left / removed,
    }


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
    """Carry frames along all states by the Jacobians of a map, and along some by other maps."""
    rng, states = np.random.RandomState(random_state), fit.states
    local = np.full((len(states.values), n_vectors), np.nan)
    lengths, shifts = [], []
    n_blocks = -(-len(states.values) // BLOCK_ROWS)
    edges = np.linspace(0, len(states.values), n_blocks + 1).astype(int)
    for part in map(slice, edges[:-1], edges[1:]):
        values = states.values[part]
        links, counts = chains_along(scaled, replace(states, segments=states.segments[part]))
        some = slice(None, None, COMPARED_CHAINS)
        used, place = np.unique(links[some], return_inverse=True)
        others = [m.jacobians(values[used]) for m in (fit.rougher, fit.coarser)]
        jacobians = np.concatenate([fit.map.jacobians(values), *others])
        place = len(values) + place.reshape(links[some].shape)
        every = np.concatenate([links, place, place + len(used)])
        growth = growth_along(jacobians, every, n_vectors, rng)
        growth, others = growth[: len(links)], np.split(growth[len(links) :], 2)
        local[part][links[counts]] = growth[counts]
        counted = counts[some][..., None]
        lengths.append(counted.sum(axis=1))
        shifts.append([((growth[some] - other) * counted).sum(axis=1) for other in others])
    local /= states.step
    known = local[~np.isnan(local[:, 0])]
    rates = known.mean(axis=0)
    drop, missing = _shifts(np.concatenate(lengths), np.concatenate(shifts, axis=1) / states.step)
    missing *= fit.coarseness
    return Measurement(
        rates=rates,
        sampling=np.array([sampling_error(column) for column in known.T]),
        method=np.linalg.norm([drop, missing, NOISE_BIAS * fit.noise * rates], axis=0),
        local=local,
        fit=fit,
    )


def _shifts(lengths, shifts):
    """Return how far exponents move with the larger penalty, and with fewer centres.

    The latter is a median over chains: where a coarser map gives way to growth off the attractor
    on a few of them, the map with all centres has that behind it.
    """
    roughened, coarsened = shifts
    chains = lengths[:, 0] > 0
    return (
        roughened.sum(axis=0) / lengths.sum(),
        np.median(coarsened[chains] / lengths[chains], axis=0),
    )
