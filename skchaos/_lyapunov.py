"""LyapunovSpectrum: exponents of a series or of a fitted model, and what follows from them."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skchaos._degenerate import warn_of_degenerate
from skchaos._index import TimeIndex, check_consecutive, read_index
from skchaos._plan import predictability_time
from skchaos._rows import column_labels, read_rows, without_inputs
from skchaos._sklearn import HasMethods, Interval, check_is_fitted, fit_method
from skchaos._warn import warn
from skchaos.exceptions import NotChaoticWarning
from skchaos.exponents import local_exponents, lyapunov_exponents
from skchaos.exponents._verdict import REGULAR, regime_of_model
from skchaos.neighbors._rows import trajectory_lengths

MIN_ROWS = 2
# That only a model has, or only data, to be forgotten by a fit without them.
EITHER_ATTRIBUTES = (
    "agreement_",
    "data_lambda_max_",
    "data_standard_error_",
    "delay_",
    "estimator_",
    "finite_time_exponents_",
    "mean_period_",
    "n_delays_",
    "noise_level_",
    "prediction_error_",
    "rows_",
    "step_",
    "trajectories_",
)
MIN_ORBITS = 2  # whose spread is an error
DEFAULT_N_EXPONENTS = 10  # for a model: enough for the sum to turn negative in most systems


class LyapunovSpectrum(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Lyapunov exponents, the mean rates at which nearby orbits part.

    Without an estimator exponents are measured on the rows: a smooth map from states to later ones
    is fitted by kernel regression with a penalty on its derivative, and frames of tangent vectors
    are carried along the rows by its Jacobians [1]_ [2]_; see
    :func:`skchaos.exponents.lyapunov_exponents`. With an estimator the whole spectrum comes from
    the tangent dynamics of the fitted network, or of an equation: frames of tangent vectors are
    moved by its Jacobian along many free orbits, and re-orthogonalised by QR decompositions, whose
    diagonals hold the growth [3]_ [4]_.

    Parameters
    ----------
    estimator : ChaoticRNNRegressor, callable or None, default=None
        Model to take the exponents from. It is cloned and fitted on `X`, or used as it is when
        wrapped in a :class:`sklearn.frozen.FrozenEstimator`. A callable is a map written in torch:
        it takes a float64 tensor of states, of shape (..., n_features), to the next ones, by
        operations that torch can differentiate; the rows of `X` are then its states. None
        measures the rows.
    n_exponents : int or None, default=None
        Number of leading exponents. None is, from data, one for each dimension where rows are
        states (their columns, at most 20) and 4 where windows of them are; from a model the larger
        of 10 and the number of columns (at most the size of its state). Where only the fit shows
        that the state is smaller, `exponents_` holds as many as there are, with a warning.
    dt : float or None, default=None
        Sampling interval in your unit of time. None is that of the estimator, or 1.
    n_orbits : int, default=32
        Free orbits of the model, which begin at different rows spread over `X`; fewer where `X`
        has not as many.
    n_steps : int, default=2000
        Steps of each orbit that count, after a quarter as many that do not.

    Attributes
    ----------
    exponents_ : ndarray of shape (n_exponents,)
        Per unit of `dt`, descending. nan where the rows do not resolve one, and all nan where they
        do not allow to measure any, or are found regular without it (see `reason_`).
    exponents_per_step_ : ndarray of shape (n_exponents,)
        Per step.
    standard_errors_ : ndarray of shape (n_exponents,)
        Of `exponents_`; two of them are meant to cover 95 %. From data they hold the sampling over
        blocks of rows and how far exponents move with a larger penalty, with fewer centres, with
        noise and, where rows are the states or windows grow weakly, with another step and other
        centres; they do not know of dynamics that the rows never show. From a model the larger of
        the spread between orbits, with Student's correction for their number, and of half the
        change from their first to their second half.
    resolved_ : ndarray of bool, of shape (n_exponents,)
        Which exponents the rows resolve: the first, where there is any; later ones with small
        errors, and contraction only along directions in which the attractor is thick, never from
        windows. All of a model's.
    finite_time_exponents_ : ndarray of shape (n_orbits, n_exponents)
        From a model: the exponents of each orbit over its length, per unit of `dt`, in the order
        of `exponents_`, which are their mean.
    lambda_max_ : float
        The largest, per unit of `dt`.
    predictability_time_ : float
        ln 2 / lambda_max, the time in which a small error doubles, in the unit of `dt`; inf where
        the motion is regular, nan where nothing is known, or the regime is undecided and the
        exponent not positive.
    lyapunov_time_ : float
        1 / lambda_max, in the unit of `dt`; inf or nan likewise.
    kaplan_yorke_dimension_ : float
        j + (lambda_1 + ... + lambda_j) / abs(lambda_(j+1)) with the largest j whose sum is not
        negative; nan where too few exponents are known. 0, 1 and 2 for a fixed point, a cycle and
        a torus.
    entropy_rate_ : float
        Sum of the positive exponents (Pesin), nats per unit of `dt`, one that is zero within its
        error included where it is above zero; a lower bound where not all positive ones are known,
        nan where no exponent is.
    regime_ : {"fixed point", "cycle", "torus", "chaos", "noise", "undecided", \
            "follows its inputs"}
        What kind of motion the exponents, their errors and the predictability of the rows show; the
        last is that of a model with inputs whose small errors die out.
    reason_ : str
        Why, in words and numbers.
    curve_lags_, curve_ : ndarray of shape (n_lags,)
        The estimate of the largest exponent (per unit of `dt`) over the length of rows, or of the
        model's orbits, that it is taken from (unit of `dt`).
    noise_level_ : float
        From data: the part of `prediction_error_` that a finer map would not remove, taken for
        observation noise. For normal noise .53 of its standard deviation in one column, and nearly
        all of it in many.
    prediction_error_ : float
        From data: typical error (geometric mean) of predicting a row `step_` ahead, in standard
        deviations.
    step_ : int
        From data: rows that the map looks ahead.
    mean_period_ : float
        From data: mean period of the columns (unit of `dt`), in which `reason_` counts growth; nan
        where they do not vary.
    data_lambda_max_, data_standard_error_ : float
        From a fitted estimator: the largest exponent of the rows themselves, to compare with.
    agreement_ : float
        From a fitted estimator: difference of the two, model minus data, in standard errors of
        both together; nan where the rows show no exponent.
    rows_ : ndarray of shape (n_samples, `n_features_in_`)
        The fitted rows, where there is no model: the map of `transform` is fitted to them.
    trajectories_ : ndarray of shape (n_samples,)
        Number of the trajectory of each of them.
    n_delays_, delay_ : int
        Window of rows that was taken as the state, where there is no model; 1 delay is a row alone.
    dt_ : float
        Sampling interval used.
    column_names_ : ndarray of shape (`n_features_in_`,)
        Column labels of the fitted frame; numbers from 0 where it was an array.
    time_index_ : ndarray of str
        How the index of the fitted frame goes on.
    estimator_ : estimator or callable
        The fitted model, where there is one, or the map.
    n_features_in_ : int
        Columns of `X`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, where `X` has names that are all strings.

    Notes
    -----
    Decompositions are as far apart as float64 allows, on each orbit: tangent vectors are kept from
    differing by more than 20 nats in length. Where they do so within a single step an exponent
    that lies more than some 36 nats per step below the largest cannot be told from minus infinity.

    References
    ----------
    .. [1] M. Sano and Y. Sawada, Phys. Rev. Lett. 55 (1985), 1082-1085.
    .. [2] J.-P. Eckmann, S. O. Kamphorst, D. Ruelle and S. Ciliberto, Phys. Rev. A 34 (1986),
       4971-4979.
    .. [3] G. Benettin, L. Galgani, A. Giorgilli and J.-M. Strelcyn, Meccanica 15 (1980), 9-20.
    .. [4] K. Geist, U. Parlitz and W. Lauterborn, Prog. Theor. Phys. 83 (1990), 875-893.

    Examples
    --------
    >>> from skchaos import LyapunovSpectrum
    >>> from skchaos.datasets import make_logistic
    >>> spectrum = LyapunovSpectrum().fit(make_logistic(2000, random_state=0))
    >>> spectrum.regime_
    'chaos'

    The Henon map, as an equation. Its exponents add up to log(0.3) at each step:

    >>> import torch
    >>> from skchaos.datasets import make_henon
    >>> def henon(state):
    ...     x, y = state.unbind(-1)
    ...     return torch.stack([1 - 1.4 * x**2 + y, 0.3 * x], dim=-1)
    >>> spectrum = LyapunovSpectrum(henon).fit(make_henon(100, random_state=0))
    >>> spectrum.exponents_.round(2)
    array([ 0.42, -1.62])
    """

    _parameter_constraints: dict = {
        "estimator": [None, HasMethods(["fit"]), callable],
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

    @fit_method
    def fit(self, X, y=None, *, groups=None):
        """Measure the exponents.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        y : None
            Ignored.
        groups : array-like of shape (n_samples,), default=None
            Label of the trajectory that each row belongs to; rows of one trajectory are
            contiguous.

        Returns
        -------
        self : LyapunovSpectrum
            Fitted estimator.

        Raises
        ------
        TypeError
            If `estimator` is not a model whose spectrum is known, or a map that cannot be
            differentiated by torch or does not return float64.
        ValueError
            If a map does not keep the shape of states or is not finite, an orbit diverges, more
            exponents are asked for than there can be, the rows are not numeric and finite, or the
            index of a frame has holes or is not in order.
        """
        rows = read_rows(self, X, reset=True, min_rows=MIN_ROWS)
        lengths = trajectory_lengths(groups, len(rows))
        self.time_index_ = read_index(X, lengths).pack()  # rows with holes have no exponents
        self.column_names_ = column_labels(X, rows.shape[1])
        for name in EITHER_ATTRIBUTES:
            vars(self).pop(name, None)  # of an earlier fit
        if self.estimator is None:
            self._fit_rows(rows, lengths)
        else:
            self._fit_model(X, rows, groups, lengths)
        self._n_features_out = len(self.exponents_)
        self._derive()
        return self

    def _fit_rows(self, rows, lengths):
        warn_of_degenerate(rows, self.column_names_)
        self.dt_ = 1.0 if self.dt is None else self.dt
        self.rows_, self.trajectories_ = rows.copy(), np.repeat(np.arange(len(lengths)), lengths)
        found = self._measure_rows(rows, lengths)
        self.exponents_, self.standard_errors_ = found.exponents, found.standard_errors
        self.exponents_per_step_ = found.exponents * self.dt_
        self.resolved_ = found.resolved
        self.regime_, self.reason_ = found.regime, found.reason
        self.curve_lags_, self.curve_ = found.running_rows * self.dt_, found.running
        self.noise_level_, self.prediction_error_ = found.noise_level, found.prediction_error
        self.n_delays_, self.delay_, self.step_ = found.n_delays, found.delay, found.step
        self.mean_period_ = found.mean_period * self.dt_

    def _measure_rows(self, rows, lengths):
        return lyapunov_exponents(
            rows,
            dt=self.dt_,
            n_exponents=self.n_exponents if self.estimator is None else 1,
            groups=np.repeat(np.arange(len(lengths)), lengths),
        )

    def _fit_model(self, X, rows, groups, lengths):
        is_map = not hasattr(self.estimator, "fit")
        if not is_map:
            _check_has_tangent(self.estimator)
            self._check_enough_inputs(lengths)
        # Known before hours of training, so asked before.
        wanted = self._n_wanted(rows.shape[1], rows.shape[1] if is_map else self._state_size(rows))
        if is_map:
            self.estimator_, own_dt = self.estimator, 1.0
        else:
            self.estimator_ = clone(self.estimator).fit(X, None, groups=groups)
            model = _unwrapped(self.estimator_)
            read_rows(model, X, reset=False)  # a frozen model may have been fitted on other columns
            read_index(X, lengths, like=TimeIndex.unpack(model.time_index_))  # or at another step
            own_dt = model.dt_
        self.dt_ = own_dt if self.dt is None else self.dt
        engine = _engine_of(self.estimator_)
        if not is_map:  # rows may have turned out to be the state, which are fewer than units
            wanted = self._n_there(rows.shape[1], engine.state_size)
        if getattr(engine, "pool", None) is not None:
            warn(
                "Free runs of the model carry noise, and the exponents are those of its runs "
                "without it: they say little of what the model does.",
                NotChaoticWarning,
            )
        n_transient = max(1, self.n_steps // 4)
        n_led = self.n_steps + n_transient if engine.n_inputs else 1
        at = _starts(lengths, engine.span, self.n_orbits, n_led)
        led = {}
        if engine.n_inputs:  # which the orbits follow
            led["inputs"] = engine.inputs_of(rows[at[:, None] + np.arange(n_led)])
        dynamics = engine.tangent(
            engine.final_states(rows[at[:, None] + np.arange(-engine.span, 1)]),
            self.n_steps,
            n_exponents=wanted,
            n_transient=n_transient,
            **led,
        )
        self._store_dynamics(dynamics.log_growth.cpu().numpy(), dynamics.block_lengths.numpy())
        if engine.n_inputs and self.regime_ == "fixed point":
            self.regime_ = "follows its inputs"  # its orbits move where they do
        if not is_map:
            self._compare_with_rows(without_inputs(rows, engine.input_columns), lengths)

    def _check_enough_inputs(self, lengths):
        """Raise where the rows are too few for orbits that inputs lead."""
        model = _unwrapped(self.estimator)
        n_led = self.n_steps + max(1, self.n_steps // 4)
        if getattr(model, "input_columns", None) is not None and max(lengths) <= n_led:
            raise ValueError(
                f"X has {max(lengths)} row(s) in its longest trajectory, and orbits follow the "
                f"inputs of {n_led} rows (n_steps={self.n_steps} and a quarter), beside those that "
                "they begin from: use a smaller n_steps, or give more rows."
            )

    def _compare_with_rows(self, rows, lengths):
        found = self._measure_rows(rows, lengths)
        self.data_lambda_max_ = found.lambda_max
        self.data_standard_error_ = float(found.standard_errors[0])
        error = np.hypot(self.data_standard_error_, self.standard_errors_[0])
        self.agreement_ = (
            float((self.exponents_[0] - found.lambda_max) / error) if error else np.nan
        )

    def _state_size(self, rows):
        from skchaos._engine import state_size  # torch loads here, not with the package
        from skchaos._network import resolve_hidden

        model = _unwrapped(self.estimator)
        if isinstance(self.estimator, FrozenEstimator):
            return _engine_of(self.estimator).state_size
        model._validate_params()
        return state_size(model.cell, resolve_hidden(model.n_hidden, rows.shape[1], len(rows)))

    def _n_wanted(self, n_features, size):
        if self.n_exponents is None:
            return min(size, max(DEFAULT_N_EXPONENTS, n_features))
        if self.n_exponents > size:
            raise ValueError(
                f"n_exponents={self.n_exponents}, but the model's state has {size} dimension(s): "
                f"ask for 1 to {size} exponents."
            )
        return self.n_exponents

    def _n_there(self, n_features, size):
        """Return how many exponents to take from a fitted model, of those wanted."""
        if self.n_exponents is None or self.n_exponents <= size:
            return self._n_wanted(n_features, size)
        warn(
            f"n_exponents={self.n_exponents}, but the fitted model closes its loop, and the rows "
            f"that are its state have {size} numbers: exponents_ holds as many.",
            UserWarning,
        )
        return size

    def _store_dynamics(self, log_growth, block_lengths):
        from skchaos._model_spectrum import standard_errors  # torch loads here too

        descending = np.argsort(-log_growth.mean(axis=(0, 1)), kind="stable")
        log_growth = log_growth[:, :, descending]  # (block, orbit, exponent)
        n_steps = block_lengths.cumsum()
        by_orbit = log_growth.sum(axis=0) / n_steps[-1]
        self.exponents_per_step_ = by_orbit.mean(axis=0)
        self.exponents_ = self.exponents_per_step_ / self.dt_
        self.finite_time_exponents_ = by_orbit / self.dt_
        self.standard_errors_ = standard_errors(log_growth, block_lengths) / self.dt_
        self.curve_lags_ = n_steps * self.dt_
        self.curve_ = log_growth[:, :, 0].mean(axis=1).cumsum() / self.curve_lags_
        self.resolved_ = np.ones(len(self.exponents_), dtype=bool)
        self.regime_, reason = regime_of_model(self.exponents_, self.standard_errors_)
        self.reason_ = f"of the {'map' if callable(self.estimator_) else 'model'}: {reason}"

    def _derive(self):
        self.lambda_max_ = float(self.exponents_[0])
        regular = self.regime_ in REGULAR
        self.predictability_time_ = predictability_time(0.0 if regular else self.lambda_max_)
        self.lyapunov_time_ = self.predictability_time_ / np.log(2)
        self.kaplan_yorke_dimension_ = _kaplan_yorke(self.exponents_)
        known = self.exponents_[~np.isnan(self.exponents_)]
        self.entropy_rate_ = float(known[known > 0].sum()) if len(known) else np.nan
        if self.regime_ == "undecided" and not self.lambda_max_ > 0:
            # Neither chaos nor regular, so nothing is known of what either would have.
            self.predictability_time_ = self.lyapunov_time_ = np.nan
            self.kaplan_yorke_dimension_ = self.entropy_rate_ = np.nan
        if regular:  # what is left of their exponents are errors, and their names are dimensions
            self.kaplan_yorke_dimension_ = float(REGULAR.index(self.regime_))
            self.entropy_rate_ = 0.0

    def fit_transform(self, X, y=None, *, groups=None):
        """Measure the exponents, and return local ones of the same rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        y : None
            Ignored.
        groups : array-like of shape (n_samples,), default=None
            Trajectory of each row; rows of one trajectory are contiguous.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_exponents)
            As from :meth:`transform`.
        """
        return self.fit(X, groups=groups).transform(X, groups=groups)

    def transform(self, X, *, groups=None):
        """Return local exponents, row by row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        groups : array-like of shape (n_samples,), default=None
            Trajectory of each row; no tangent vector reaches across.

        Returns
        -------
        ndarray of shape (n_samples, n_exponents)
            Growth rates of tangent vectors carried along the rows, per unit of `dt`: by the
            map of the fitted rows (:func:`skchaos.exponents.local_exponents`), or by the Jacobians
            of the model at the states inferred from the rows. Their mean over a long series is near
            `exponents_`. nan for exponents that the fitted rows do not resolve (ask for fewer of
            them by `n_exponents` where steps that follow take none), and from data at rows far
            outside the range of the fitted ones.

        Raises
        ------
        ValueError
            If the rows are not numeric and finite, have other columns or another time step than
            the fitted ones, holes in their index, or are too few for a state and its image.

        Notes
        -----
        The rate of a row is that of the rows just ahead of it, of which the last ones have none of
        their own, and the first mean periods turn tangent vectors into the growing directions. So
        it depends on where `X` begins and ends, and looks into the future: it describes rows, and
        is no feature to forecast them by.
        """
        check_is_fitted(self)
        rows = read_rows(self, X, reset=False)
        lengths = trajectory_lengths(groups, len(rows))
        like = TimeIndex.unpack(self.time_index_)
        if groups is None:
            check_consecutive(X, like=like)
        else:
            read_index(X, lengths, like=like)
        if hasattr(self, "estimator_"):
            parts = np.split(rows, np.cumsum(lengths)[:-1])
            return np.concatenate([self._model_rates(part) for part in parts])
        n_exponents = len(self.exponents_)
        if not self.resolved_[0]:
            return np.full((len(rows), n_exponents), np.nan)
        rates = local_exponents(
            self.rows_,
            rows,
            n_exponents=n_exponents,
            groups=self.trajectories_,
            X_groups=np.repeat(np.arange(len(lengths)), lengths),
        )
        return np.where(self.resolved_, rates, np.nan) / self.dt_

    def _model_rates(self, rows):
        engine = _engine_of(self.estimator_)
        return engine.local_growth(engine.kicked_states(rows), len(self.exponents_)) / self.dt_


def _unwrapped(estimator):
    return estimator.estimator if isinstance(estimator, FrozenEstimator) else estimator


def _engine_of(source):
    if hasattr(source, "fit"):
        return _unwrapped(source)._engine()
    from skchaos._model_spectrum import MapEngine  # torch loads here, not with the package

    return MapEngine(source)


def _check_has_tangent(estimator):
    """Raise where the tangent dynamics of `estimator`, fitted if it is frozen, are not known."""
    model = _unwrapped(estimator)
    if hasattr(model, "_engine"):
        if isinstance(estimator, FrozenEstimator):
            check_is_fitted(model)
        return
    remedy = ""
    if isinstance(model, Pipeline):
        remedy = (
            " Of a fitted Pipeline take the last step and give it rows that passed the steps "
            "before: LyapunovSpectrum(FrozenEstimator(pipe[-1])).fit(pipe[:-1].transform(X))."
        )
    elif hasattr(model, "forecaster"):
        remedy = (
            " Take its forecaster_ and give it transformed rows: LyapunovSpectrum("
            "FrozenEstimator(model.forecaster_)).fit(model.transformer_.transform(X))."
        )
    raise TypeError(
        f"The spectrum of a {type(model).__name__} is not known: estimator must be a "
        "ChaoticRNNRegressor, one fitted and wrapped in a FrozenEstimator, or a map written in "
        f"torch.{remedy}"
    )


def _starts(lengths, span, n_orbits, n_led):
    """Return rows spread over all that have a whole window of `span` steps before them.

    With them `n_led` rows are left, whose inputs lead the model.
    """
    ends = np.cumsum(lengths)
    usable = [
        np.arange(end - n + span, end + 1 - n_led) for end, n in zip(ends, lengths, strict=True)
    ]
    usable = np.concatenate(usable)
    if len(usable) < MIN_ORBITS:
        led = f", {n_led} rows from there on whose inputs it follows (n_steps and a quarter)"
        raise ValueError(
            f"X has {max(lengths)} row(s) in its longest trajectory; to infer a state the model "
            f"needs {span + 1}{led if n_led > 1 else ''}, and one row more for the error, which is "
            f"the spread of {MIN_ORBITS} orbits at least."
        )
    return usable[np.linspace(0, len(usable) - 1, min(n_orbits, len(usable))).astype(int)]


def _kaplan_yorke(exponents):
    """Return the Kaplan-Yorke dimension of descending exponents (Kaplan & Yorke 1979)."""
    sums = np.cumsum(exponents[~np.isnan(exponents)])  # those that are not known come last
    negative = np.flatnonzero(sums < 0)
    if len(negative) == 0:
        return np.nan  # more exponents are needed
    j = int(negative[0])
    return float(j + (sums[j - 1] / abs(exponents[j]) if j else 0.0))
