"""What kind of motion the rows show, and which exponents they resolve."""

import itertools
from typing import NamedTuple

import numpy as np

from skchaos.exponents._choice import transfer_error
from skchaos.exponents._surrogates import is_nonlinear
from skchaos.neighbors._rows import segment_bounds

SIGNIFICANT = 3.0  # standard errors
SIGNIFICANT_OF_MODEL = 2.0  # standard errors, of exponents that an equation gives
MIN_PERIODS = 10  # that the rows must hold
# Growth in one mean period below which an orbit is regular. By lyapunov_verdict.csv of
# benchmarks/results, as what follows, with 5,000 rows: tori and cycles come out below .03 (three
# frequencies up to .21, with errors as large), the weakest chaos that is found, Mackey-Glass 17, at
# .19.
MIN_GROWTH_PER_PERIOD = 0.1
# An orbit is called regular where three standard errors stay below this much.
MAX_REGULAR_GROWTH = 0.2
# Above this error (standard deviations) a map does not follow the dynamics.
POOR_ERROR = 0.2
# Factor by which the map must beat a linear one for chaos: up to the first, nothing nonlinear is
# seen; beyond the second it is plain; between them surrogates decide. Smooth noise reaches 62, with
# 1,000 rows.
LITTLE_GAIN, PLAIN_GAIN = 1.5, 200.0
# Factor by which the error of a map may be larger at rows that it was not fitted to. With 5,000
# rows chaos comes out below 2.5, but for a field (4.5); smooth curves through random numbers at 19
# to 1,300 with 1,000.
MAX_TRANSFER = 4.0
TINY_ERROR = 1e-3  # a linear prediction this good is of something regular
SECOND_DIRECTION = 0.3  # part of the second exponent's decay in a period, at most, on a torus
SETTLED = 1e-4  # part of the spread that is left where rows have come to rest
SAME = 1e-9  # standard deviations: rounding
# Factor by which the spread of the last quarter of rows differs from that of the first where motion
# dies out or grows.
CHANGED = 2.0
MIN_QUARTER = 10  # rows of a quarter from which its spread means anything
STILL_PARTS = 16  # of a trajectory, each of which must move
TOO_SHORT = "the longest trajectory is too short to compare it with surrogates"
MIN_TRAJECTORY_PERIODS = 5  # that at least half of the rows' trajectories must hold
# Thickness of the attractor along an exponent, in the fraction that it adds to the Kaplan-Yorke
# dimension, from which rows show its contraction.
MIN_FRACTION = 0.15
RESOLVED = 0.25  # largest error of a resolved exponent, as a part of it or of the first one
REGULAR = ("fixed point", "cycle", "torus")


class Verdict(NamedTuple):
    """The kind of motion, why, and whether the exponents that were measured mean anything."""

    regime: str
    reason: str
    has_exponents: bool


def judge_rows(scaled):
    """Return the verdict where the rows alone tell it, else None."""
    if _spread(scaled, -1) < SETTLED:
        return Verdict("fixed point", "the rows come to rest", False)
    repeat = _exact_period(scaled)
    if repeat:
        return Verdict("cycle", f"rows repeat exactly every {repeat}", False)
    if scaled.n_periods < MIN_PERIODS:
        reason = f"the rows hold {scaled.n_periods:.2g} mean periods, {MIN_PERIODS} are needed"
        return Verdict("undecided", reason, False)
    lengths = [stop - start for start, stop in segment_bounds(scaled.segments)]
    still = _still_rows(scaled)
    if still:
        reason = "rows {} to {} do not move: leave such stretches out".format(*still)
        return Verdict("undecided", reason, False)
    typical = np.median(np.repeat(lengths, lengths)) / scaled.period
    if typical < MIN_TRAJECTORY_PERIODS:
        reason = (
            f"trajectories hold {typical:.2g} mean periods, {MIN_TRAJECTORY_PERIODS} are needed "
            "for tangent vectors to turn"
        )
        return Verdict("undecided", reason, False)
    return None


def _still_rows(scaled):
    """Return the first and last row of a part of a trajectory that does not move; None for none."""
    for start, stop in segment_bounds(scaled.segments):
        n_parts = int(np.clip((stop - start) // MIN_QUARTER, 1, STILL_PARTS))
        edges = np.linspace(start, stop, n_parts + 1).astype(int)
        for first, end in itertools.pairwise(edges):
            if end - first >= MIN_QUARTER and (scaled.rows[first:end].std(axis=0) < SETTLED).all():
                return int(first), int(end) - 1
    return None


def _change(scaled):
    """Return by how much the spread changes from the first quarter of rows to the last."""
    first, last = _spread(scaled, 0), _spread(scaled, -1)
    if not np.isfinite(first):
        return 1.0  # not known
    return last / first if first > SETTLED else np.inf


def _spread(scaled, quarter):
    """Return the largest spread within one quarter (0 or -1) of any trajectory, and any column.

    In units of the spread of all rows of that column; infinite where trajectories are too short.
    """
    parts = [scaled.rows[start:stop] for start, stop in segment_bounds(scaled.segments)]
    long = [part for part in parts if len(part) >= 4 * MIN_QUARTER]
    within = [np.array_split(part, 4)[quarter] for part in long]
    spreads = [part.std(axis=0) / scaled.rows.std(axis=0) for part in within]
    return float(np.max(spreads)) if spreads else np.inf


def _exact_period(scaled):
    """Return after how many rows all rows repeat; 0 where they do not, within a tenth of them."""
    if scaled.segments[-1] > 0:
        return 0
    rows = scaled.rows
    longest = len(rows) // MIN_PERIODS
    back = rows[-1 - longest : -1][::-1]  # the row at each lag
    same = _same(back, rows[-1]).all(axis=1)
    n_held = int(np.append(same, False).argmin())  # rows at rest at the end
    lags = 1 + n_held + np.flatnonzero(same[n_held:])
    for n_rows in (MIN_PERIODS, len(rows)):  # a few rows rule most lags out
        lags = [lag for lag in lags if _same(rows[lag:][-n_rows:], rows[:-lag][-n_rows:]).all()]
    return int(lags[0]) if len(lags) else 0


def _same(a, b):
    return np.abs(a - b) <= SAME


def judge(scaled, measured, random_state):
    """Return the verdict of exponents, their errors and the predictability of the rows."""
    fit, period = measured.fit, scaled.period
    growth, error = measured.rates * period, measured.errors * period
    regular = growth[0] + SIGNIFICANT * error[0] < MAX_REGULAR_GROWTH
    shown = f"growth in a mean period {growth[0]:.2g} +- {error[0]:.1g}"
    if fit.linear_error < TINY_ERROR or (fit.gain > LITTLE_GAIN and fit.error < POOR_ERROR):
        if growth[0] > max(SIGNIFICANT * error[0], MIN_GROWTH_PER_PERIOD):
            return _judge_growing(scaled, fit, shown, random_state)
        if regular:
            return _judge_regular(scaled, growth, error, shown)
        signs = "positive or zero" if growth[0] > 0 else "positive, zero or negative"
        return Verdict("undecided", f"{shown} may be {signs}", True)
    errors = f"(errors of states {fit.error:.2g} and {fit.linear_error:.2g})"
    nonlinear = is_nonlinear(scaled, fit.states, random_state)
    if nonlinear is None:
        reason = f"a map predicts hardly better than a linear one {errors}, and {TOO_SHORT}"
        return Verdict("undecided", reason, False)
    if nonlinear:
        reason = (
            "there is more than linear correlation, but a map predicts hardly better than a linear "
            f"one {errors}: noise, or more dimensions than the rows can show"
        )
        return Verdict("undecided", reason, False)
    reason = (
        f"a map predicts no better than a linear one {errors}, nor than on surrogates of the same "
        "correlations"
    )
    if fit.linear_error < POOR_ERROR:
        reason += ": linear correlations, such as those of a season with noise, tell all there is"
    return Verdict("noise", reason, False)


def _judge_growing(scaled, fit, shown, random_state):
    change = _change(scaled)
    if not 1 / CHANGED <= change <= CHANGED:
        return _changing(shown, change)
    transfer = transfer_error(fit.states, fit.map.length, random_state, enough=MAX_TRANSFER)
    if transfer > MAX_TRANSFER:
        reason = (
            f"{shown} is positive, but a map errs {transfer:.2g} times as much at rows that it was "
            "not fitted to"
        )
        return Verdict("undecided", reason, True)
    if fit.gain < LITTLE_GAIN:
        reason = f"{shown} is positive, but a linear prediction is as good"
        return Verdict("undecided", reason, False)
    if fit.gain < PLAIN_GAIN:
        nonlinear = is_nonlinear(scaled, fit.states, random_state)
        if not nonlinear:
            why = TOO_SHORT if nonlinear is None else "surrogates are predicted as well"
            return Verdict("undecided", f"{shown} is positive, but {why}", False)
    return Verdict("chaos", f"{shown} is positive beyond three standard errors", True)


def _changing(shown, change):
    how = f"changes by {change:.2g} from first to last" if change < np.inf else "is none at first"
    return Verdict("undecided", f"{shown}, but the spread of rows {how}", True)


def _judge_regular(scaled, growth, error, shown):
    change = _change(scaled)
    if growth[0] < -max(SIGNIFICANT * error[0], MIN_GROWTH_PER_PERIOD) and change * CHANGED < 1:
        return Verdict("fixed point", f"{shown} is negative: every perturbation dies out", True)
    if not 1 / CHANGED <= change <= CHANGED:
        return _changing(shown, change)
    if len(growth) > 1 and growth[1] > -SECOND_DIRECTION:
        reason = f"{shown} and {growth[1]:.2g} in a second direction are next to zero"
        return Verdict("torus", reason, True)
    return Verdict("cycle", f"{shown} is not positive, and every other direction contracts", True)


def resolved(measured, period):
    """Tell which exponents the rows resolve.

    Contraction is seen only along directions in which the attractor is thick: up to the one
    that completes its Kaplan-Yorke dimension, if it adds a fair fraction. Windows of rows hold
    directions of their own, which contract as well: from them no contraction is resolved.
    """
    rates, errors = measured.rates, measured.errors
    sums = np.cumsum(rates)
    thick = np.zeros(len(rates), dtype=bool)
    for i in range(len(rates)):
        if rates[i] > -max(2 * errors[i], MIN_GROWTH_PER_PERIOD / period):
            thick[i] = True
        elif measured.fit.states.n_delays == 1 and (i == 0 or sums[i - 1] > 0):
            fraction = sums[i - 1] / -rates[i] if i else 0.0
            thick[i] = sums[i] > 0 or fraction > MIN_FRACTION
    allowed = RESOLVED * np.maximum(np.abs(rates), max(rates[0], 1 / period))
    certain = errors < allowed
    thick[0] = certain[0] = True  # what there is of it, its error says
    return np.logical_and.accumulate(thick & certain)


def regime_of_model(exponents, standard_errors):
    """Name the regime of an equation from its leading exponents and their errors; say why."""
    error = SIGNIFICANT_OF_MODEL * standard_errors
    zero = np.abs(exponents) <= error
    shown = f"lambda_max = {exponents[0]:.3g} +- {standard_errors[0]:.1g} per unit of time"
    if exponents[0] > error[0]:
        return "chaos", f"{shown} is positive beyond {SIGNIFICANT_OF_MODEL:g} standard errors"
    if exponents[0] < -error[0]:
        return "fixed point", f"{shown} is negative: every perturbation dies out"
    if len(exponents) == 1:
        return "undecided", f"{shown} is zero within its error; more exponents would tell"
    if zero[1]:
        return "torus", f"{shown} and the second exponent are zero within their errors"
    return "cycle", f"{shown} is zero within its error and the second exponent is negative"
