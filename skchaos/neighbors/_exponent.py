"""The largest Lyapunov exponent of a series, and whether it shows chaos."""

from dataclasses import dataclass
from numbers import Real

import numpy as np

from skchaos.neighbors._divergence import divergence_curve, linear_region, slope
from skchaos.neighbors._measure import MIN_GAIN_OVER_LINEAR, POOR_ERROR, measure
from skchaos.neighbors._scaled import Scaled

SIGNIFICANT = 3.0  # standard errors
MIN_PERIODS = 10  # that the rows must hold
# Growth in one mean period below which an orbit is regular: tori and cycles come out below .01,
# the weakest chaos of the tests (Mackey-Glass 17) at .2.
MIN_GROWTH_PER_PERIOD = 0.1
# An orbit is called regular where three standard errors stay below this much.
MAX_REGULAR_GROWTH = 0.15
NOTABLE_ERROR = 0.02
# Factor by which neighbours must beat a linear prediction for chaos. With 5 % noise chaos gives 2.8
# to 14, tori of three frequencies up to 2.6.
CHAOS_GAIN_OVER_LINEAR = 2.5
CURVE_PERIODS = 10
MAX_CURVE_POINTS = 100


@dataclass(frozen=True)
class LargestExponent:
    """What :func:`largest_exponent` measured.

    Parameters
    ----------
    exponent : float
        Largest Lyapunov exponent, 1 / unit of `dt`. nan where the rows do not determine one.
    standard_error : float
        Its standard error, from blocks of rows and from the spread over equally good state spaces.
    exponent_per_step, standard_error_per_step : float
        The same per row.
    verdict : {"chaos", "not chaos", "undecided"}
        What the rows show.
    reason : str
        Why, in words.
    mean_period : float
        Rows.
    theiler_window : int
        Rows within which two points are no neighbours.
    n_delays, delay : int
        Window of rows that was taken as the state.
    rank, n_neighbors : int
        Directions and neighbours of the local map that predicts best.
    step : int
        Rows that it looks ahead.
    prediction_error : float
        Its typical error, in standard deviations of a column. Observation noise shows here.
    linear_error : float
        The same of the best linear prediction.
    lags, curve : ndarray of shape (n_lags,)
        Mean logarithm of the distance of neighbours (in standard deviations) over the lag in rows:
        a second opinion, which is less accurate than the exponent.
    start, stop : int
        First and last lag of the stretch in which the curve can be read as a straight line.
    curve_exponent_per_step : float
        Slope of the curve there.
    """

    exponent: float
    standard_error: float
    exponent_per_step: float
    standard_error_per_step: float
    verdict: str
    reason: str
    mean_period: float
    theiler_window: int
    n_delays: int
    delay: int
    rank: int
    n_neighbors: int
    step: int
    prediction_error: float
    linear_error: float
    lags: np.ndarray
    curve: np.ndarray
    start: int
    stop: int
    curve_exponent_per_step: float


def largest_exponent(X, *, dt=1.0, groups=None, random_state=0):
    r"""Measure the largest Lyapunov exponent of a series.

    A state is inferred from each row or from a window of recent rows, whichever predicts best; a
    local quadratic map is fitted to the neighbours of many states; and a tangent vector is carried
    along the rows by the Jacobians of these maps. The mean rate at which it grows is the exponent
    [1]_ [2]_. All settings (window, number of directions, neighbours) are chosen by the error of
    predicting rows that a map was not fitted to, and the exponent is the median over the best few.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Consecutive rows in time.
    dt : float, default=1.0
        Sampling interval in your unit of time.
    groups : array-like of shape (n_samples,), default=None
        Trajectory label of each row. A new trajectory starts wherever the label changes; nothing
        is compared with its own past or future across such a change.
    random_state : int, RandomState instance or None, default=0
        Seed of the slight noise (a thousandth of the standard deviation) that is added to the rows,
        so that directions off the attractor are not mistaken for directions of growth.

    Returns
    -------
    LargestExponent
        Exponent, standard error, verdict and everything they were read from.

    Raises
    ------
    ValueError
        If `dt` is not positive, or `groups` does not hold one label a row.

    Notes
    -----
    Judged on the last 100,000 rows; about two seconds on one core for that many. Multiplying the
    data by a power of two does not change a bit of the result.

    The verdict is "chaos" where the exponent is positive beyond three standard errors and the local
    maps predict clearly better than any linear prediction; it takes rows over ten mean periods.
    Periodic and quasiperiodic series and linear stochastic processes are "not chaos" or
    "undecided". An exponent is nan where the rows are too few, or where a linear prediction is as
    good and nothing nonlinear is seen, as in noise.

    From noise-free rows exponents of the systems in :mod:`skchaos.datasets` come out within some
    10 % of the truth (5,000 to 100,000 rows, one or all columns); with observation noise of 5 % of
    the standard deviation within some 40 %, mostly too small.

    References
    ----------
    .. [1] J.-P. Eckmann, S. O. Kamphorst, D. Ruelle and S. Ciliberto, Phys. Rev. A 34 (1986),
       4971-4979.
    .. [2] M. Sano and Y. Sawada, Phys. Rev. Lett. 55 (1985), 1082-1085.

    Examples
    --------
    >>> from skchaos.datasets import make_henon
    >>> from skchaos.neighbors import largest_exponent
    >>> found = largest_exponent(make_henon(2000, random_state=0))
    >>> found.verdict
    'chaos'
    >>> abs(found.exponent - 0.419) < 0.04
    True
    """
    if isinstance(dt, bool) or not isinstance(dt, Real) or not 0 < dt < np.inf:
        raise ValueError(f"dt must be a positive number, got {dt!r}: pass the sampling interval.")
    scaled = Scaled.of(X, groups, random_state)
    if scaled is None:
        return _unknown(2.0, 1, "the rows do not vary")
    if scaled.n_periods < MIN_PERIODS:
        reason = f"the rows hold {scaled.n_periods:.2g} mean periods, {MIN_PERIODS} are needed"
        return _unknown(scaled.period, scaled.theiler_window, reason)
    measured = measure(scaled, random_state)
    if measured is None:
        reason = f"{len(scaled.rows)} rows are too few to compare neighbours"
        return _unknown(scaled.period, scaled.theiler_window, reason)
    rate, error, verdict, reason = _judge(measured, dt)
    return LargestExponent(
        exponent=rate / dt,
        standard_error=error / dt,
        exponent_per_step=rate,
        standard_error_per_step=error,
        verdict=verdict,
        reason=reason,
        mean_period=scaled.period,
        theiler_window=scaled.theiler_window,
        **measured.settings,
        step=measured.step,
        prediction_error=measured.error,
        linear_error=measured.linear_error,
        **_curve(measured.best.space, scaled),
    )


def _unknown(period, theiler_window, reason):
    return LargestExponent(
        *(np.nan,) * 4,
        verdict="undecided",
        reason=reason,
        mean_period=period,
        theiler_window=theiler_window,
        n_delays=1,
        delay=1,
        rank=1,
        n_neighbors=1,
        step=1,
        prediction_error=np.nan,
        linear_error=np.nan,
        lags=np.arange(2),
        curve=np.full(2, np.nan),
        start=0,
        stop=1,
        curve_exponent_per_step=np.nan,
    )


def _judge(measured, dt):
    """Return rate and standard error per row, verdict and reason."""
    rate, error = measured.growth.rate, measured.growth.standard_error
    period, space = measured.scaled.period, measured.best.space
    regular = (rate + SIGNIFICANT * error) * period < MAX_REGULAR_GROWTH
    if measured.gain < MIN_GAIN_OVER_LINEAR:
        reason = "neighbours predict no better than a linear prediction: periodic, or noise"
        if regular and measured.error < POOR_ERROR:
            return rate, error, "not chaos", reason
        return np.nan, np.nan, "undecided", reason
    if measured.error > POOR_ERROR:
        reason = f"rows are not predictable {measured.step} ahead (error {measured.error:.2g})"
        return np.nan, np.nan, "undecided", reason
    if measured.scaled.repeats(space.n_delays, space.delay):
        return np.nan, np.nan, "undecided", "most of the rows are exact copies of others"
    unit = "row" if dt == 1 else "unit of time"
    reason = f"lambda_max = {rate / dt:.2g} +- {error / dt:.1g} per {unit}"
    if measured.error > NOTABLE_ERROR:
        reason += f" (predictions {measured.step} ahead err by {measured.error:.1g}: noise?)"
    if rate > SIGNIFICANT * error and rate * period > MIN_GROWTH_PER_PERIOD:
        if measured.gain < CHAOS_GAIN_OVER_LINEAR:
            return rate, error, "undecided", f"{reason}, but a linear prediction is hardly worse"
        return rate, error, "chaos", f"{reason} is positive beyond three standard errors"
    if regular:
        return rate, error, "not chaos", f"{reason} is not positive"
    return rate, error, "undecided", f"{reason} may be positive or zero"


def _curve(space, scaled):
    most = len(scaled.rows) // 4
    longest = int(np.clip(CURVE_PERIODS * scaled.period, 3, max(3, most)))
    lags = np.unique(np.linspace(0, longest, MAX_CURVE_POINTS).astype(int))
    curve = divergence_curve(space.points, lags, theiler_window=scaled.theiler_window)
    start, stop = linear_region(lags, curve, scaled.period)
    return {
        "lags": lags,
        "curve": curve,
        "start": start,
        "stop": stop,
        "curve_exponent_per_step": slope(lags, curve, start, stop),
    }
