"""Lyapunov exponents straight from data."""

from dataclasses import dataclass
from numbers import Real

import numpy as np

from skchaos.exponents._measure import choose_states, fit_states, measure, warm_up_links
from skchaos.exponents._scaled import Scaled
from skchaos.exponents._tangent import growth_along, make_chains
from skchaos.exponents._verdict import judge, judge_rows, resolved
from skchaos.neighbors._rows import check_columns, check_count, check_rows, project_windows

MAX_WINDOW_EXPONENTS = 4  # of windows; what follows are directions that the window adds


@dataclass(frozen=True)
class MeasuredExponents:
    """What :func:`lyapunov_exponents` measured.

    Parameters
    ----------
    exponents : ndarray of shape (n_exponents,)
        Descending, 1 / unit of `dt`; nan where the rows do not resolve one.
    standard_errors : ndarray of shape (n_exponents,)
        Of `exponents`: sampling over blocks of rows, and how far they move with the settings of
        the map and with noise.
    resolved : ndarray of bool, of shape (n_exponents,)
        Which exponents the rows resolve.
    regime : {"fixed point", "cycle", "torus", "chaos", "noise", "undecided"}
        What kind of motion the rows show.
    reason : str
        Why, in words and numbers.
    dt : float
        Sampling interval.
    mean_period : float
        Rows.
    n_delays, delay : int
        Window of rows that was taken as the state; 1 delay is a row alone.
    n_dims : int
        Dimensions of these states.
    step : int
        Rows that the map looks ahead.
    n_centers : int
        Centres of the map.
    penalty : float
        Strength of the penalty on its derivative: the size below which displacements are not
        resolved, in standard deviations of the states.
    prediction_error : float
        Typical error of predicting a row `step` ahead, in standard deviations.
    noise_level : float
        The part of it that a finer map would not remove: observation noise, in standard deviations.
    gain : float
        Factor by which the map predicts states better than the best linear map.
    """

    exponents: np.ndarray
    standard_errors: np.ndarray
    resolved: np.ndarray
    regime: str
    reason: str
    dt: float
    mean_period: float
    n_delays: int
    delay: int
    n_dims: int
    step: int
    n_centers: int
    penalty: float
    prediction_error: float
    noise_level: float
    gain: float

    @property
    def lambda_max(self):
        """Largest exponent, 1 / unit of `dt`."""
        return float(self.exponents[0])


def lyapunov_exponents(X, *, dt=1.0, n_exponents=None, groups=None, random_state=0):
    r"""Measure Lyapunov exponents of a series, straight from its rows.

    Rows, or windows of recent rows where these predict better, are taken as states. A smooth map
    from each state to the one some rows later is fitted by kernel regression, with a penalty on
    its derivative that keeps directions off the attractor from showing growth [1]_; a frame of
    tangent vectors is carried along the rows by the Jacobians of that map and orthonormalised on
    the way [2]_ [3]_. The mean logarithms of its stretching are the exponents.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Consecutive rows in time.
    dt : float, default=1.0
        Sampling interval in your unit of time.
    n_exponents : int, default=None
        Leading exponents to follow, at most the dimensions of the states. None is all of them for
        rows that are states, and 4 for windows.
    groups : array-like of shape (n_samples,), default=None
        Trajectory label of each row. A new trajectory starts wherever the label changes; nothing
        is compared with its own past or future across such a change.
    random_state : int, default=0
        Seed of the choice of centres and of the first tangent vectors.

    Returns
    -------
    MeasuredExponents
        Exponents, standard errors, regime, and what they were read from.

    Raises
    ------
    ValueError
        If `dt` is not positive, more exponents are asked for than the states have dimensions,
        or `groups` does not hold one label a row.

    Notes
    -----
    Multiplying the data by a power of two does not change a bit of the result. Accuracy, time and
    memory over 22 systems are in `benchmarks/results/lyapunov.csv`.

    References
    ----------
    .. [1] C. M. Bishop, Neural Computation 7 (1995), 108-116.
    .. [2] J.-P. Eckmann, S. O. Kamphorst, D. Ruelle and S. Ciliberto, Phys. Rev. A 34 (1986),
       4971-4979.
    .. [3] M. Sano and Y. Sawada, Phys. Rev. Lett. 55 (1985), 1082-1085.

    Examples
    --------
    >>> from skchaos.datasets import make_henon
    >>> from skchaos.exponents import lyapunov_exponents
    >>> found = lyapunov_exponents(make_henon(2000, random_state=0))
    >>> found.regime
    'chaos'
    >>> print(found.exponents.round(2))
    [ 0.42 -1.62]
    """
    if isinstance(dt, bool) or not isinstance(dt, Real) or not 0 < dt < np.inf:
        raise ValueError(f"dt must be a positive number, got {dt!r}: pass the sampling interval.")
    if n_exponents is not None:
        n_exponents = check_count("n_exponents", n_exponents, 1)
    X, segments = check_rows(X, groups)
    scaled = Scaled.of(X, segments)
    if scaled is None:
        return _unknown(dt, 2.0, "undecided", "the rows do not vary")
    told = judge_rows(scaled)
    if told is not None:
        return _unknown(dt, scaled.period, *told)
    measured = measure(scaled, n_exponents, random_state)
    if measured is None:
        reason = f"{len(X)} rows are too few to fit a map"
        return _unknown(dt, scaled.period, "undecided", reason)
    return _answer(scaled, measured, n_exponents, dt, random_state)


def _answer(scaled, measured, n_exponents, dt, random_state):
    fit = measured.fit
    regime, reason = judge(scaled, measured, random_state)
    known = resolved(measured, scaled.period)
    if regime in ("noise", "undecided") and "may be" not in reason:
        known[:] = False
    states = fit.states
    kept = slice(0, n_exponents)
    if n_exponents is None and states.n_delays > 1:
        kept = slice(0, MAX_WINDOW_EXPONENTS)
    return MeasuredExponents(
        exponents=np.where(known, measured.rates, np.nan)[kept] / dt,
        standard_errors=np.where(known, measured.errors, np.nan)[kept] / dt,
        resolved=known[kept],
        regime=regime,
        reason=reason,
        dt=float(dt),
        mean_period=scaled.period,
        n_delays=states.n_delays,
        delay=states.delay,
        n_dims=states.values.shape[1],
        step=states.step,
        n_centers=len(fit.map.centers),
        penalty=fit.map.penalty,
        prediction_error=fit.row_error,
        noise_level=fit.row_noise,
        gain=fit.gain,
    )


def _unknown(dt, period, regime, reason):
    return MeasuredExponents(
        exponents=np.full(1, np.nan),
        standard_errors=np.full(1, np.nan),
        resolved=np.zeros(1, dtype=bool),
        regime=regime,
        reason=reason,
        dt=float(dt),
        mean_period=period,
        n_delays=1,
        delay=1,
        n_dims=1,
        step=1,
        n_centers=0,
        penalty=np.nan,
        prediction_error=np.nan,
        noise_level=np.nan,
        gain=np.nan,
    )
