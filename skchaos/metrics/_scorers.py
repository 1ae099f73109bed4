"""Scorers for model selection: a fitted forecaster and held-out rows in, one number out."""

import inspect
from dataclasses import dataclass, replace
from numbers import Integral, Real

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, check_scalar
from sklearn.utils.validation import check_is_fitted

from skchaos._index import TimeIndex, check_consecutive
from skchaos._rows import check_labels, without_inputs
from skchaos.metrics._forecast import prediction_error, valid_prediction_time
from skchaos.metrics._spectrum import MIN_ROWS, power_spectrum_distance
from skchaos.metrics._state_space import state_space_divergence
from skchaos.metrics._validation import check_option

_FARTHEST_SD = 1e3  # where the rows of a diverged forecast are held, in standard deviations
N_RUNS = 20  # what their mean is off adds a twentieth to the mean square error
_LONGEST_AUTO = 1000  # steps; some nine Lyapunov times of Lorenz-63 at dt = .01


@dataclass(frozen=True)
class _Rules:
    """How a metric is turned into a score.

    Attributes
    ----------
    greater_is_better : bool
    worst : float
        Value of a diverged forecast, and limit of all others.
    n_starts : int or None
        Forecasts from that many starts; None is one forecast over all rows.
    n_steps : int or None
        Length of a forecast; None follows the rows.
    min_steps : int
        Least length of a forecast that follows the rows: one row has no standard deviation.
    fixed : tuple of (name, value)
        Arguments for the metric, unless the caller gives others.
    """

    greater_is_better: bool = True
    worst: float = 0.0
    n_starts: int | None = None
    n_steps: int | None = None
    min_steps: int = 1
    fixed: tuple = ()


# A divergence of 1000 nats is beyond what any bounded run scores in up to a hundred columns (one
# that is stuck scores 5 to 20 in a few columns and 60 in a hundred), and still adds up in a mean
# over folds. 20 steps is the horizon of Brenner et al., ICML 2022 (arXiv:2207.02542); 50 starts
# make the standard error of a median about a fifth of the spread.
_RULES = {
    state_space_divergence: _Rules(False, worst=1e3, min_steps=2, fixed=(("random_state", 0),)),
    power_spectrum_distance: _Rules(False, worst=1.0, min_steps=MIN_ROWS),
    valid_prediction_time: _Rules(True, worst=0.0, min_steps=2, n_starts=50),
    prediction_error: _Rules(False, worst=_FARTHEST_SD, n_starts=50, n_steps=20),
}


def make_dynamics_scorer(
    metric, *, greater_is_better=None, worst=None, n_steps=None, n_starts=None, **kwargs
):
    """Make a scorer from a metric that compares free-running forecasts with the truth.

    The scorer has the signature `scorer(estimator, X, y=None)`, higher is better, and serves as
    `scoring` in `GridSearchCV`, `cross_validate` and the like, alone or in a dict.

    Parameters
    ----------
    metric : callable
        `metric(X_true, X_pred, **kwargs)` returning a float. The arrays are (n_rows, n_features)
        for one forecast, or (n_starts, n_steps, n_features).
    greater_is_better : bool, default=None
        Whether the metric is better when larger; else the score is its negative. None is right for
        the metrics of this package, and True for others, as in :func:`sklearn.metrics.make_scorer`.
    worst : float, default=None
        Value of the metric, before any change of sign, that a diverged forecast gets. Other
        forecasts are cut off there, so that none can do worse than to diverge. None is 1000 nats
        for `state_space_divergence`, 1 for `power_spectrum_distance`, 0 for `valid_prediction_time`
        and 1000 standard deviations for `prediction_error`. Required for other metrics.
    n_steps : int, default=None
        Length of each forecast. For `prediction_error` it is the horizon, and None is 20. For
        `valid_prediction_time` None is half of the rows after the context, at most 1000. For one
        forecast None is all rows after the context; a longer one shows a slow collapse, if the
        metric accepts unequal lengths.
    n_starts : int, default=None
        Number of forecasts, from starts spread evenly over the rows; fewer where the rows do not
        hold so many. None is 50 for `valid_prediction_time` and `prediction_error`, and for all
        others one forecast over all rows.
    **kwargs
        Further arguments for the metric. `state_space_divergence` gets `random_state=0` if none is
        given, so that all candidates are compared on the same draw.

    Returns
    -------
    callable
        The scorer. It can be copied, cloned and pickled if `metric` can.

    Raises
    ------
    TypeError
        If `metric` is not callable or does not take `kwargs`.
    ValueError
        If a number is out of its range, `worst` is missing for a metric from elsewhere, or
        `n_starts` is given for a metric of one run.

    Notes
    -----
    The first `n_context_` rows of the held-out `X` are the context, and
    `estimator.forecast(n_steps, X=context)` is compared with the rows that follow; with `n_starts`
    one call gets contexts of shape (n_starts, `n_context_`, n_features). So the scored rows hang a
    little on `n_context_`. A `y` is ignored: a free run imitates `X`.

    Where noise drives the series, so that a forecast is one random run of many, the forecasts from
    many starts are means of 20 runs.

    Columns that are inputs of the forecaster are given to it and not compared.

    In a :class:`sklearn.pipeline.Pipeline` the last step is the forecaster, `X` goes through the
    steps before it, and the comparison is in the units of the last step. A search object is scored
    by its `best_estimator_`.

    A forecast that is not finite gets `worst`; with `n_starts`, each of its rows that is not within
    1000 standard deviations counts as that far off.

    If `X` is too short the scorer raises a ValueError that says how many rows are needed.

    Examples
    --------
    >>> from skchaos.metrics import make_dynamics_scorer, valid_prediction_time
    >>> make_dynamics_scorer(valid_prediction_time, dt=0.01, lyapunov_exponent=0.9)
    make_dynamics_scorer(valid_prediction_time, n_starts=50, dt=0.01, lyapunov_exponent=0.9)
    """
    if not callable(metric):
        raise TypeError(f"metric={metric!r} is not callable; see get_dynamics_scorer for names.")
    for value, name in ((n_steps, "n_steps"), (n_starts, "n_starts")):
        if value is not None:
            check_scalar(value, name, Integral, min_val=1)
    if worst is not None:
        check_scalar(worst, "worst", Real)
        if not np.isfinite(worst):
            raise ValueError(f"worst={worst} must be finite, else it spoils the mean over folds.")
    rules = _RULES.get(metric)
    if rules is None and worst is None:
        raise ValueError(
            f"worst=None, but {metric!r} is not a metric of this package: give the value that a "
            "diverged forecast gets."
        )
    if rules is not None and rules.n_starts is None and n_starts is not None:
        raise ValueError(
            f"n_starts={n_starts}, but {metric.__name__} compares one long run: leave it None."
        )
    rules = rules or _Rules()
    kwargs = {**dict(rules.fixed), **kwargs}
    inspect.signature(metric).bind(None, None, **kwargs)  # a misspelt name fails before any fit
    chosen = {
        "greater_is_better": greater_is_better,
        "worst": worst,
        "n_steps": n_steps,
        "n_starts": n_starts,
    }
    chosen = {name: value for name, value in chosen.items() if value is not None}
    return _DynamicsScorer(metric, replace(rules, **chosen), kwargs)


class _DynamicsScorer:
    """Score of a forecaster; see `make_dynamics_scorer`.

    Parameters
    ----------
    metric : callable
    rules : _Rules
    kwargs : dict
        Arguments for the metric.
    """

    def __init__(self, metric, rules, kwargs):
        self._metric = metric
        self._rules = rules
        self._kwargs = kwargs

    def __call__(self, estimator, X, y=None):
        """Score a fitted `estimator` on held-out rows.

        Parameters
        ----------
        estimator : forecaster, Pipeline that ends in one, or search object over either
            Fitted.
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        y : None
            Ignored.

        Returns
        -------
        float
            Finite; higher is better.

        Raises
        ------
        ValueError
            If `X` is too short, not finite, has a constant column or other columns than the
            training rows, or if its index shows holes or another time step.
        TypeError
            If the estimator does not forecast.
        """
        given = X  # the steps of a Pipeline may drop its index
        forecaster, X = forecaster_and_rows(estimator, X)
        check_consecutive(given, like=_index_of(forecaster))
        if self._rules.n_starts is None:
            value = self._one_forecast(forecaster, X)
        else:
            value = self._many_forecasts(forecaster, X)
        rules = self._rules
        if not np.isfinite(value):
            value = rules.worst
        if rules.greater_is_better:
            return max(float(value), rules.worst)
        return -min(float(value), rules.worst)

    def _one_forecast(self, forecaster, X):
        n_context, rules = forecaster.n_context_, self._rules
        self._check_rows(len(X), n_context, rules.min_steps)
        rows = _as_array(X)
        n_steps = len(rows) - n_context if rules.n_steps is None else rules.n_steps
        # The context keeps its type: a forecaster fitted on a frame looks at names and index.
        context = X.iloc[:n_context] if hasattr(X, "iloc") else X[:n_context]
        known = known_inputs(forecaster, rows[n_context:], n_steps)
        forecast = _as_array(forecaster.forecast(n_steps, X=context, **known), finite=False)
        if not np.isfinite(forecast).all():
            return rules.worst
        truth, forecast = (foreseen(forecaster, part) for part in (rows[n_context:], forecast))
        return self._metric(truth, forecast, **self._kwargs)

    def _many_forecasts(self, forecaster, X):
        n_context, rules = forecaster.n_context_, self._rules
        _check_same_columns(forecaster, X)
        rows, n_steps = _as_array(X), rules.n_steps
        if n_steps is None:
            n_steps = max(rules.min_steps, min(_LONGEST_AUTO, (len(rows) - n_context) // 2))
        self._check_rows(len(rows), n_context, n_steps)
        starts = _spread_starts(len(rows) - n_context - n_steps, rules.n_starts)
        windows = rows[starts[:, None] + np.arange(n_context + n_steps)]
        truth = windows[:, n_context:]
        known = known_inputs(forecaster, truth, n_steps)
        forecasts = point_forecasts(forecaster, n_steps, windows[:, :n_context], **known)
        rows, truth, forecasts = (foreseen(forecaster, part) for part in (rows, truth, forecasts))
        return self._metric(truth, _held(forecasts, rows), **self._kwargs)

    def _check_rows(self, n_rows, n_context, n_steps):
        if n_rows < n_context + n_steps:
            raise ValueError(
                f"X has {n_rows} row(s), but {self._name} needs at least "
                f"{n_context + n_steps}: {n_context} of context for the forecaster and {n_steps} "
                "to compare. Score on a longer stretch (fewer splits, a larger test_size), or make "
                "a scorer with a smaller n_steps."
            )

    def __repr__(self):
        shown = {"n_steps": self._rules.n_steps, "n_starts": self._rules.n_starts}
        shown = {name: value for name, value in shown.items() if value is not None}
        arguments = [f"{name}={value!r}" for name, value in {**shown, **self._kwargs}.items()]
        return f"make_dynamics_scorer({', '.join([self._name, *arguments])})"

    @property
    def _name(self):
        return getattr(self._metric, "__name__", repr(self._metric))


def forecaster_and_rows(estimator, X):
    """Unwrap search objects and pipelines; `X` passes the steps before the forecaster."""
    X = X if hasattr(X, "columns") else np.asarray(X)
    while not hasattr(estimator, "forecast") or hasattr(estimator, "best_estimator_"):
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, Pipeline):
            before, estimator = estimator[:-1], estimator[-1]
            X = before.transform(X) if len(before) else X
        else:
            raise TypeError(
                f"{type(estimator).__name__} has no forecast method, and is neither a Pipeline "
                "that ends in a forecaster nor a fitted search over one."
            )
    check_is_fitted(estimator, "n_context_")
    return estimator, X


def point_forecasts(forecaster, n_steps, contexts, **known):
    """Return one forecast of each context: the mean, where runs carry noise and are one of many."""
    n_runs = N_RUNS if getattr(forecaster, "_is_random", False) else 1
    known = {name: np.repeat(values, n_runs, axis=0) for name, values in known.items()}
    runs = forecaster.forecast(n_steps, X=np.repeat(contexts, n_runs, axis=0), **known)
    runs = np.asarray(runs, dtype=float)
    return runs.reshape(len(contexts), n_runs, *runs.shape[1:]).mean(axis=1)


def known_inputs(forecaster, following, n_steps):
    """Return what columns that are inputs are in the rows that follow, if there are any."""
    at = getattr(forecaster, "input_columns_", ())
    if len(at) == 0:
        return {}
    n_rows, n_columns = following.shape[-2:]
    if n_columns != getattr(forecaster, "n_features_in_", n_columns):
        raise ValueError(
            f"X has {n_columns} column(s), and the forecaster was fitted on "
            f"{forecaster.n_features_in_}, of which those at {list(at)} are inputs: give them all."
        )
    if n_steps > n_rows:
        raise ValueError(
            f"n_steps={n_steps} is more than the {n_rows} row(s) after the context, beyond which "
            "no inputs are known: make a scorer with a smaller n_steps, or score more rows."
        )
    return {"future_inputs": following[..., :n_steps, at]}


def foreseen(forecaster, rows):
    """Leave out the columns that are inputs: a forecast of what is given is no merit."""
    return without_inputs(rows, getattr(forecaster, "input_columns_", ()))


def _as_array(X, finite=True):
    name = "X" if finite else "forecast"
    return check_array(X, dtype=np.float64, ensure_all_finite=finite, input_name=name)


def _index_of(forecaster):
    return TimeIndex.unpack(forecaster.time_index_) if hasattr(forecaster, "time_index_") else None


def _check_same_columns(forecaster, X):
    """Contexts from many starts go as an array, so names are compared here."""
    check_labels(forecaster, X)
    names = getattr(forecaster, "feature_names_in_", None)
    if names is None or not hasattr(X, "columns") or list(X.columns) == list(names):
        return
    raise ValueError(
        f"The columns of X are {list(X.columns)}; the forecaster was fitted on {list(names)}, and "
        "needs them in that order."
    )


def _spread_starts(last, n_starts):
    return np.unique(np.linspace(0, last, min(n_starts, last + 1)).round().astype(int))


def _held(
    forecasts,  # (start, step, feature)
    rows,  # (row, feature)
):  # forecasts, finite and not farther from the mean than _FARTHEST_SD standard deviations
    center, reach = rows.mean(axis=0), _FARTHEST_SD * rows.std(axis=0)
    forecasts = np.where(np.isfinite(forecasts), forecasts, center + reach)
    return np.clip(forecasts, center - reach, center + reach)


state_space_divergence_scorer = make_dynamics_scorer(state_space_divergence)
power_spectrum_distance_scorer = make_dynamics_scorer(power_spectrum_distance)
valid_prediction_time_scorer = make_dynamics_scorer(valid_prediction_time)
prediction_error_scorer = make_dynamics_scorer(prediction_error)

#: Scorers by name. A name begins with "neg" where the metric is better when smaller. The dict
#: itself serves as `scoring`, with a name for `refit`.
DYNAMICS_SCORERS = {
    "neg_state_space_divergence": state_space_divergence_scorer,
    "neg_power_spectrum_distance": power_spectrum_distance_scorer,
    "valid_prediction_time": valid_prediction_time_scorer,
    "neg_prediction_error": prediction_error_scorer,
}


def get_dynamics_scorer(name):
    """Return a scorer by its name.

    Parameters
    ----------
    name : str
        A key of `DYNAMICS_SCORERS`: "neg_state_space_divergence", "neg_power_spectrum_distance",
        "valid_prediction_time" (in steps) or "neg_prediction_error" (20 steps ahead).

    Returns
    -------
    callable
        Scorer with the signature `scorer(estimator, X, y=None)`; higher is better.

    Raises
    ------
    ValueError
        If there is no scorer of that name.

    Examples
    --------
    >>> from skchaos.metrics import get_dynamics_scorer
    >>> get_dynamics_scorer("neg_prediction_error")
    make_dynamics_scorer(prediction_error, n_steps=20, n_starts=50)
    """
    check_option(name, "name", tuple(DYNAMICS_SCORERS))
    return DYNAMICS_SCORERS[name]
