"""LyapunovSpectrum: exponents of a series or of a fitted model, and what follows from them."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.frozen import FrozenEstimator

from skchaos._plan import predictability_time
from skchaos._series import read_index
from skchaos._sklearn import HasMethods, Interval, check_is_fitted, fit_context, validate_data
from skchaos.neighbors import largest_exponent, local_divergence_rates

MIN_ROWS = 2
# An exponent counts as different from zero beyond this many standard errors.
SIGNIFICANT = 2.0
DEFAULT_N_EXPONENTS = 10  # for a model: enough for the sum to turn negative in most systems


class LyapunovSpectrum(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Lyapunov exponents, the mean rates at which nearby orbits part.

    Without an estimator the largest exponent is measured on the rows: a local quadratic map is
    fitted to the neighbours of many states, and a tangent vector is carried along the rows by the
    Jacobians of these maps [1]_ [2]_. With an estimator the whole spectrum comes from the tangent
    dynamics of the fitted network: frames of tangent vectors are moved by its Jacobian along many
    free orbits, and re-orthogonalised by QR decompositions, whose diagonals hold the growth [3]_
    [4]_.

    Parameters
    ----------
    estimator : ChaoticRNNRegressor or None, default=None
        Model to take the exponents from. It is cloned and fitted on `X`, or used as it is when
        wrapped in a :class:`sklearn.frozen.FrozenEstimator`. None measures the rows.
    n_exponents : int or None, default=None
        Number of leading exponents. None is one from data, and from a model the larger of 10 and
        the number of columns (at most the size of its state).
    dt : float or None, default=None
        Sampling interval in your unit of time. None is that of the estimator, or 1.
    n_orbits : int, default=32
        Free orbits of the model, which begin at rows spread over `X`.
    n_steps : int, default=2000
        Steps of each orbit that count, after a quarter as many that do not.

    Attributes
    ----------
    exponents_ : ndarray of shape (n_exponents,)
        Per unit of `dt`, descending. nan where the rows do not show one.
    exponents_per_step_ : ndarray of shape (n_exponents,)
        Per step.
    standard_errors_ : ndarray of shape (n_exponents,)
        Of `exponents_`.
    lambda_max_ : float
        The largest, per unit of `dt`.
    predictability_time_ : float
        ln 2 / lambda_max, the time in which a small error doubles, in the unit of `dt`; inf where
        the exponent is not positive.
    lyapunov_time_ : float
        1 / lambda_max, in the unit of `dt`; inf where the exponent is not positive.
    kaplan_yorke_dimension_ : float
        j + (lambda_1 + ... + lambda_j) / abs(lambda_(j+1)) with the largest j whose sum is not
        negative; nan where too few exponents are known.
    entropy_rate_ : float
        Sum of the positive exponents (Pesin), nats per unit of `dt`; a lower bound where not all
        positive ones are known.
    regime_ : {"fixed point", "cycle", "torus", "chaos", "undecided"}
        What the exponents and their errors say.
    reason_ : str
        Why, in words.
    curve_lags_, curve_ : ndarray of shape (n_lags,)
        From data, a second opinion on lambda_max: the mean logarithm of the distance of neighbours
        over the lag (unit of `dt`), whose slope it is [5]_; from a model, the estimate over the
        length of the orbits.
    curve_window_ : ndarray of shape (2,)
        First and last lag between which the curve can be read.
    rows_ : ndarray of shape (n_samples, `n_features_in_`)
        The fitted rows, where there is no model: neighbours come from them.
    n_delays_, delay_ : int
        Window of rows that was taken as the state, where there is no model.
    dt_ : float
        Sampling interval used.
    estimator_ : estimator
        The fitted model, where there is one.
    n_features_in_ : int
        Columns of `X`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, where `X` has names that are all strings.

    References
    ----------
    .. [1] M. Sano and Y. Sawada, Phys. Rev. Lett. 55 (1985), 1082-1085.
    .. [2] J.-P. Eckmann, S. O. Kamphorst, D. Ruelle and S. Ciliberto, Phys. Rev. A 34 (1986),
       4971-4979.
    .. [3] G. Benettin, L. Galgani, A. Giorgilli and J.-M. Strelcyn, Meccanica 15 (1980), 9-20.
    .. [4] K. Geist, U. Parlitz and W. Lauterborn, Prog. Theor. Phys. 83 (1990), 875-893.
    .. [5] M. T. Rosenstein, J. J. Collins and C. J. De Luca, Physica D 65 (1993), 117-134.

    Examples
    --------
    >>> from skchaos import LyapunovSpectrum
    >>> from skchaos.datasets import make_logistic
    >>> spectrum = LyapunovSpectrum().fit(make_logistic(2000, random_state=0))
    >>> spectrum.regime_
    'chaos'
    """

    _parameter_constraints: dict = {
        "estimator": [None, HasMethods(["fit", "forecast"])],
        "n_exponents": [None, Interval(Integral, 1, None, closed="left")],
        "dt": [None, Interval(Real, 0, None, closed="neither")],
        "n_orbits": [Interval(Integral, 2, None, closed="left")],
        "n_steps": [Interval(Integral, 10, None, closed="left")],
    }

    def __init__(self, estimator=None, *, n_exponents=None, dt=None, n_orbits=32, n_steps=2000):
        self.estimator = estimator
        self.n_exponents = n_exponents
        self.dt = dt
        self.n_orbits = n_orbits
        self.n_steps = n_steps

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Measure the exponents.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows of one trajectory.
        y : None
            Ignored.

        Returns
        -------
        self : LyapunovSpectrum
            Fitted estimator.

        Raises
        ------
        ValueError
            If more exponents are asked for than there can be, or the index of a frame has holes or
            is not in order.
        """
        rows = validate_data(self, X, dtype=np.float64, ensure_min_samples=MIN_ROWS)
        read_index(X)  # rows that are not consecutive have no exponents
        if self.estimator is None:
            self._fit_rows(rows)
        else:
            self._fit_model(X, rows)
        self._n_features_out = len(self.exponents_)
        self._derive()
        return self

    def _fit_rows(self, rows):
        if self.n_exponents not in (None, 1):
            raise ValueError(
                f"n_exponents={self.n_exponents}, but from data alone only the largest exponent is "
                "measured: use n_exponents=1 or None, or give an estimator whose spectrum to take."
            )
        dt = 1.0 if self.dt is None else self.dt
        self.rows_ = rows.copy()
        found = largest_exponent(rows)
        self.exponents_per_step_ = np.array([found.exponent])
        self.exponents_ = self.exponents_per_step_ / dt
        self.standard_errors_ = np.array([found.standard_error]) / dt
        self.regime_ = "chaos" if found.verdict == "chaos" else "undecided"
        self.reason_ = found.reason
        self.curve_lags_, self.curve_ = found.lags * dt, found.curve
        self.curve_window_ = np.array([found.start, found.stop]) * dt
        self.n_delays_, self.delay_ = found.n_delays, found.delay
        self.dt_ = dt

    def _fit_model(self, X, rows):
        _check_has_tangent(self.estimator)
        self.estimator_ = clone(self.estimator).fit(X, None)
        engine = _engine_of(self.estimator_)
        rows = validate_data(_unwrapped(self.estimator_), X, dtype=np.float64, reset=False)
        self.dt_ = self.estimator_.dt if self.dt is None else self.dt
        state_size = engine.model.cell.state_size
        wanted = self.n_exponents or min(state_size, max(DEFAULT_N_EXPONENTS, rows.shape[1]))
        if wanted > state_size:
            raise ValueError(
                f"n_exponents={wanted}, but the model's state has {state_size} dimension(s): ask "
                f"for 1 to {state_size} exponents."
            )
        at = np.linspace(engine.span, len(rows) - 1, self.n_orbits).astype(int)
        if engine.span >= len(rows):
            raise ValueError(
                f"X has {len(rows)} row(s); to infer a state the model needs {engine.span + 1}."
            )
        dynamics = engine.tangent(
            engine.states(rows)[at],
            self.n_steps,
            n_exponents=wanted,
            n_transient=max(1, self.n_steps // 4),
        )
        self._store_dynamics(dynamics.log_growth.cpu().numpy(), dynamics.block_length)

    def _store_dynamics(self, log_growth, block_length):
        n_blocks, n_orbits, _ = log_growth.shape
        descending = np.argsort(-log_growth.mean(axis=(0, 1)), kind="stable")
        log_growth = log_growth[:, :, descending]
        by_orbit = log_growth.mean(axis=0) / block_length
        self.exponents_per_step_ = by_orbit.mean(axis=0)
        self.exponents_ = self.exponents_per_step_ / self.dt_
        self.standard_errors_ = by_orbit.std(axis=0, ddof=1) / np.sqrt(n_orbits) / self.dt_
        n_steps = np.arange(1, n_blocks + 1) * block_length
        self.curve_lags_ = n_steps * self.dt_
        self.curve_ = log_growth[:, :, 0].mean(axis=1).cumsum() / self.curve_lags_
        self.curve_window_ = self.curve_lags_[[0, -1]]
        self.regime_, self.reason_ = _regime(self.exponents_, self.standard_errors_)

    def _derive(self):
        self.lambda_max_ = float(self.exponents_[0])
        self.predictability_time_ = predictability_time(self.lambda_max_)
        self.lyapunov_time_ = self.predictability_time_ / np.log(2)
        self.kaplan_yorke_dimension_ = _kaplan_yorke(self.exponents_)
        known = self.exponents_[~np.isnan(self.exponents_)]
        self.entropy_rate_ = float(known[known > 0].sum()) if len(known) else np.nan

    def transform(self, X):
        """Return local exponents, row by row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.

        Returns
        -------
        ndarray of shape (n_samples, n_exponents)
            Growth rates of a tangent vector carried along the rows, per unit of `dt`: by the local
            maps of the fitted rows, or by the Jacobians of the model at the states inferred from
            the rows. Their mean over a long series is near `exponents_`. nan where the fitted rows
            are too few.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        if hasattr(self, "estimator_"):
            engine = _engine_of(self.estimator_)
            growth = engine.local_growth(engine.states(rows), len(self.exponents_))
            return growth / self.dt_
        rates = local_divergence_rates(self.rows_, rows, n_delays=self.n_delays_, delay=self.delay_)
        return rates[:, None] / self.dt_


def _unwrapped(estimator):
    return estimator.estimator if isinstance(estimator, FrozenEstimator) else estimator


def _engine_of(estimator):
    _check_has_tangent(estimator)
    check_is_fitted(_unwrapped(estimator))
    return _unwrapped(estimator)._engine()


def _check_has_tangent(estimator):
    estimator = _unwrapped(estimator)
    if not hasattr(estimator, "_engine"):
        raise TypeError(
            f"The spectrum of a {type(estimator).__name__} is not known: estimator must be a "
            "ChaoticRNNRegressor, or one fitted and wrapped in a FrozenEstimator."
        )


def _kaplan_yorke(exponents):
    """Return the Kaplan-Yorke dimension of descending exponents (Kaplan & Yorke 1979)."""
    if np.isnan(exponents).any():
        return np.nan
    sums = np.cumsum(exponents)
    if sums[0] < 0:
        return 0.0
    negative = np.flatnonzero(sums < 0)
    if len(negative) == 0:
        return np.nan  # more exponents are needed
    j = int(negative[0])
    return float(j + sums[j - 1] / abs(exponents[j]))


def _regime(exponents, standard_errors):
    """Name the regime of a flow or map from its leading exponents and their errors."""
    error = SIGNIFICANT * standard_errors
    zero = np.abs(exponents) <= error
    shown = f"lambda_max = {exponents[0]:.3g} +- {standard_errors[0]:.1g}"
    if exponents[0] > error[0]:
        return "chaos", f"{shown} is positive beyond {SIGNIFICANT:g} standard errors"
    if exponents[0] < -error[0]:
        return "fixed point", f"{shown} is negative: every perturbation dies out"
    if len(exponents) == 1:
        return "undecided", f"{shown} is zero within its error; more exponents would tell"
    if zero[1]:
        return "torus", f"{shown} and the second exponent are zero within their errors"
    return "cycle", f"{shown} is zero within its error and the second exponent is negative"
