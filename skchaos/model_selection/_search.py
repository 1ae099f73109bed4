"""A search over a grid whose fits share their operations."""

import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import ParameterGrid, TimeSeriesSplit, check_cv
from sklearn.utils.metaestimators import available_if

from skchaos._regressor import ChaoticRNNRegressor
from skchaos._sklearn import Interval, check_is_fitted, fit_method, take_rows
from skchaos.metrics import DYNAMICS_SCORERS
from skchaos.model_selection._grid import forcing_interval_grid

if TYPE_CHECKING:
    from skchaos._fit import Job


PIECES_PER_JOB = 4


@dataclass
class _Fit:
    """One fit of the search."""

    candidate: int
    column: int  # of the table of scores: split and seed
    estimator: ChaoticRNNRegressor
    job: "Job"
    test: tuple


@dataclass
class _Outcome:
    """What came of it."""

    scores: dict[str, float]
    fit_time: float
    score_time: float


def _is_refitted(search):
    return bool(search.refit)


class ChaoticRNNRegressorCV(MetaEstimatorMixin, BaseEstimator):
    """Search over settings of a ChaoticRNNRegressor, with all fits of a shape in one program.

    The grid, folds and seeds of :class:`~sklearn.model_selection.GridSearchCV`, and its results,
    in less time: models with the same forcing interval and network are trained in lockstep, a
    series is measured once for all fits on it, and programs run in parallel. Each fit is what it
    would be alone.

    Parameters
    ----------
    estimator : ChaoticRNNRegressor, default=None
        Settings that the grid does not name; None is ``ChaoticRNNRegressor()``.
    param_grid : dict or list of dict, default=None
        Parameters of the estimator and the values to try. None tries "auto" and
        :func:`forcing_interval_grid` of the rows as `forcing_interval`.
    scoring : str, callable, list or dict, default="neg_state_space_divergence"
        A key of ``skchaos.metrics.DYNAMICS_SCORERS``, or what GridSearchCV takes; several as a list
        of names or a dict of names and scorers. One-step scores, such as "r2", do not tell a good
        forcing interval from a bad one.
    cv : int, splitter or iterable of splits, default=3
        An integer is the number of splits of a :class:`~sklearn.model_selection.TimeSeriesSplit`,
        and None is 5. The training rows of a split must be consecutive, or labelled by `groups`.
    n_seeds : int, default=1
        Fits of each candidate on each split. The first has the `random_state` of the estimator,
        the others the integers that follow; it must be an integer, or None for 0.
    factor : float, default=None
        With None all candidates are trained in full. A number from 2 on halves successively, in the
        manner of :class:`~sklearn.model_selection.HalvingGridSearchCV`: each round keeps one of
        `factor` candidates and gives them `factor` times the updates. The last round has
        ``max_iter / factor`` of them; what is refitted has them all.
    refit : bool or str, default=True
        Whether to fit the best candidate on all rows; with several scorers the name of the one
        that decides, or False, and then there is no best candidate.
    n_jobs : int, default=None
        Programs at once; None is 1 unless in a :func:`joblib.parallel_config` context.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As that of GridSearchCV; a split for each fold and seed. With `factor` also "iter" and
        "max_iter", a row for each candidate of each round.
    best_index_, best_params_, best_score_ : int, dict, float
        Of the best candidate (of the last round).
    best_estimator_ : ChaoticRNNRegressor
        Fitted on all rows; with `refit`.
    refit_time_ : float
        Seconds; with `refit`.
    scorer_ : callable or dict of callable
        Scorers in use.
    multimetric_ : bool
        Whether there are several.
    n_splits_ : int
        Fits of a candidate: folds times seeds.
    n_features_in_ : int
        Columns of `X`.
    feature_names_in_ : ndarray of str
        Column names, where `X` has names that are all strings; with `refit`.

    See Also
    --------
    ChaoticRNNRegressor : The estimator.
    forcing_interval_grid : Intervals to search over.

    Notes
    -----
    With the compiled loops (numba, on a CPU) scores are those of GridSearchCV with the same seeds
    to the last digits. Otherwise products of many models are rounded in another order than those
    of one, and chaos makes that larger the longer a training goes on: scores are the same to some
    digits after hundreds of updates, in distribution after tens of thousands.

    Examples
    --------
    >>> from skchaos import ChaoticRNNRegressor
    >>> from skchaos.datasets import make_lorenz63
    >>> from skchaos.model_selection import ChaoticRNNRegressorCV
    >>> X = make_lorenz63(2000, as_frame=True, random_state=0)
    >>> model = ChaoticRNNRegressor(max_iter=50, n_init=1, dt=0.01)
    >>> search = ChaoticRNNRegressorCV(model, {"forcing_interval": [20, 40]}, cv=2).fit(X)
    >>> search.forecast(3).shape
    (3, 3)
    """

    _parameter_constraints: dict = {
        "estimator": [ChaoticRNNRegressor, None],
        "param_grid": [dict, list, None],
        "scoring": [str, callable, list, tuple, dict],
        "cv": ["cv_object"],
        "n_seeds": [Interval(Integral, 1, None, closed="left")],
        "factor": [Interval(Real, 2, None, closed="left"), None],
        "refit": ["boolean", str],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        estimator=None,
        param_grid=None,
        *,
        scoring="neg_state_space_divergence",
        cv=3,
        n_seeds=1,
        factor=None,
        refit=True,
        n_jobs=None,
    ):
        self.estimator = estimator
        self.param_grid = param_grid
        self.scoring = scoring
        self.cv = cv
        self.n_seeds = n_seeds
        self.factor = factor
        self.refit = refit
        self.n_jobs = n_jobs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = self._base().__sklearn_tags__()
        tags.estimator_type, tags.regressor_tags = inner.estimator_type, inner.regressor_tags
        tags.target_tags, tags.input_tags = inner.target_tags, inner.input_tags
        return tags

    def _base(self):
        return ChaoticRNNRegressor() if self.estimator is None else self.estimator

    @fit_method
    def fit(self, X, y=None, *, groups=None):
        """Train and score all candidates, and fit the best on all rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Target of each row; with None the target of a row is the next row.
        groups : array-like of shape (n_samples,), default=None
            Trajectory of each row; also handed to `cv`, which is then a splitter that keeps them
            whole, such as :class:`~sklearn.model_selection.LeaveOneGroupOut`.

        Returns
        -------
        self : ChaoticRNNRegressorCV
            Fitted search.

        Raises
        ------
        ValueError
            If the grid names parameters that the estimator does not have or values that it does not
            take, if a split is too short for it, or if every fit of every candidate failed.
        KeyboardInterrupt
            As ever; nothing is kept of a search that does not come to its end.
        """
        candidates = self._candidates(X, groups)
        self._set_scorers()
        splits = list(self._splitter(groups).split(X, y, groups))
        self.n_splits_ = len(splits) * self.n_seeds
        data = [
            (
                tuple(take_rows(part, train) for part in (X, y, groups)),
                tuple(take_rows(part, test) for part in (X, y)),
            )
            for train, test in splits
        ]
        rows = self._search(candidates, data)
        self.n_features_in_ = np.shape(X)[1]
        self.cv_results_ = self._tabulate(rows)
        if self._deciding() is not None:
            self._choose(rows)
        if self.refit:
            self._refit(X, y, groups)
        return self

    def _choose(self, rows):
        """Take the best of the last round."""
        last = np.flatnonzero([row["iter"] == rows[-1]["iter"] for row in rows])
        ranked = self.cv_results_[f"mean_test_{self._deciding()}"][last]
        if np.isnan(ranked).all():
            raise ValueError("Every fit failed: see the warnings above for why.")
        self.best_index_ = int(last[np.nanargmax(ranked)])
        self.best_params_ = rows[self.best_index_]["params"]
        self.best_score_ = float(np.nanmax(ranked))

    def _refit(self, X, y, groups):
        """Fit the best candidate on all rows."""
        began = time.perf_counter()
        best = clone(self._base()).set_params(**self.best_params_)
        given = {} if groups is None else {"groups": groups}
        self.best_estimator_ = best.fit(X, y, **given)
        self.refit_time_ = time.perf_counter() - began
        vars(self).pop("feature_names_in_", None)  # of an earlier fit
        if hasattr(best, "feature_names_in_"):
            self.feature_names_in_ = best.feature_names_in_

    def _candidates(self, X, groups):
        grid = self.param_grid
        if grid is None:
            grid = {"forcing_interval": ["auto", *forcing_interval_grid(X, groups=groups)]}
        candidates = list(ParameterGrid(grid))
        names = {name for params in candidates for name in params}
        if self.factor is not None and "max_iter" in names:
            raise ValueError(
                f"factor={self.factor:g} sets max_iter itself, from that of the estimator: take "
                "max_iter out of param_grid, or set factor=None."
            )
        if self.n_seeds > 1 and "random_state" in names:
            raise ValueError(
                f"n_seeds={self.n_seeds} sets random_state itself, from that of the estimator: "
                "take random_state out of param_grid, or set n_seeds=1."
            )
        return candidates

    def _set_scorers(self):
        scoring = self.scoring
        self.multimetric_ = isinstance(scoring, Iterable) and not isinstance(scoring, str)
        if not self.multimetric_:
            self.scorer_ = self._scorer(scoring)
            return
        named = scoring if isinstance(scoring, Mapping) else {name: name for name in scoring}
        self.scorer_ = {name: self._scorer(one) for name, one in named.items()}
        is_undecided = self.refit is False and self.factor is None
        if self.refit not in self.scorer_ and not is_undecided:
            raise ValueError(
                f"refit={self.refit!r} with several scorers: name the one that chooses the best "
                f"candidate, one of {list(self.scorer_)}."
            )

    def _scorer(self, scoring):
        if isinstance(scoring, str):
            scoring = DYNAMICS_SCORERS.get(scoring, scoring)
        return check_scoring(self._base(), scoring=scoring)

    def _deciding(self):
        """Return the name of the scorer that chooses; None if none does."""
        return (self.refit or None) if self.multimetric_ else "score"

    def _splitter(self, groups):
        if self.cv is not None and not isinstance(self.cv, Integral):
            return check_cv(self.cv)
        if groups is not None:
            raise ValueError(
                f"cv={self.cv!r} cuts rows in the order of time, without regard to groups: give a "
                "splitter that keeps trajectories whole, such as "
                "sklearn.model_selection.LeaveOneGroupOut()."
            )
        return TimeSeriesSplit(5 if self.cv is None else self.cv)

    def _first_seed(self):
        state = self._base().random_state
        if state is not None and not isinstance(state, Integral):
            raise ValueError(
                f"n_seeds={self.n_seeds} counts up from the random_state of the estimator, and "
                f"that is {state!r}: set it to an integer."
            )
        return state or 0

    def _search(self, candidates, data):
        """Return a row of results for each candidate (of each round)."""
        shared, rows = [{} for _ in data], []
        for number, (n_kept, max_iter) in enumerate(self._rounds(len(candidates))):
            if rows:
                previous = rows[-len(candidates) :]
                means = [np.mean(row["scores"][self._deciding()]) for row in previous]
                order = np.argsort(-np.nan_to_num(means, nan=-np.inf), kind="stable")[:n_kept]
                candidates = [candidates[i] for i in sorted(order)]
            table = self._evaluate(candidates, data, shared, max_iter)
            rows += [row | {"iter": number, "max_iter": max_iter} for row in table]
        return rows

    def _rounds(self, n_candidates):
        """Return how many candidates each round has, and updates (None: their own)."""
        if self.factor is None:
            return [(n_candidates, None)]
        n_rounds = 1 + int(np.log(n_candidates) / np.log(self.factor) + 1e-9)
        most = self._base().max_iter
        return [
            (
                int(np.ceil(n_candidates / self.factor**k)),
                max(1, round(most / self.factor ** (n_rounds - k))),
            )
            for k in range(n_rounds)
        ]

    def _evaluate(self, candidates, data, shared, max_iter):
        """Train and score candidates on all splits with all seeds."""
        programs = self._programs(self._prepare(candidates, data, shared, max_iter))
        scorers = self.scorer_ if self.multimetric_ else {"score": self.scorer_}
        outcomes = Parallel(n_jobs=self.n_jobs)(
            delayed(_train_and_score)(program, scorers) for program in programs
        )
        shape = (len(candidates), self.n_splits_)
        times = np.full((2, *shape), np.nan)
        scores = {name: np.full(shape, np.nan) for name in scorers}
        for program, found in zip(programs, outcomes, strict=True):
            for fit, outcome in zip(program, found, strict=True):
                at = fit.candidate, fit.column
                times[:, *at] = outcome.fit_time, outcome.score_time
                for name, score in outcome.scores.items():
                    scores[name][at] = score
        return [
            {
                "params": params,
                "scores": {name: table[i] for name, table in scores.items()},
                "fit_time": times[0, i],
                "score_time": times[1, i],
            }
            for i, params in enumerate(candidates)
        ]

    def _prepare(self, candidates, data, shared, max_iter):
        fits = []
        for i, params in enumerate(candidates):
            for j, ((train, test), known) in enumerate(zip(data, shared, strict=True)):
                for k in range(self.n_seeds):
                    estimator = clone(self._base()).set_params(**params)
                    if self.n_seeds > 1:
                        estimator.set_params(random_state=self._first_seed() + k)
                    if max_iter is not None:
                        estimator.set_params(max_iter=max_iter)
                    estimator._validate_params()
                    job = estimator._prepare(*train, series=known.get("series"))
                    known["series"] = job.series
                    fits.append(_Fit(i, j * self.n_seeds + k, estimator, job, test))
        return fits

    def _programs(self, fits):
        """Put fits of a shape together, but no more than keeps all jobs busy to the end."""
        by_shape = {}
        for fit in fits:
            by_shape.setdefault(fit.job.shape, []).append(fit)
        n_jobs = effective_n_jobs(self.n_jobs)
        size = len(fits) if n_jobs == 1 else max(1, len(fits) // (PIECES_PER_JOB * n_jobs))
        return [
            group[first : first + size]
            for group in by_shape.values()
            for first in range(0, len(group), size)
        ]

    def _tabulate(self, rows):
        """Return the results as GridSearchCV has them."""
        results = {}
        for name in ("fit_time", "score_time"):
            table = np.array([row[name] for row in rows])
            results[f"mean_{name}"], results[f"std_{name}"] = table.mean(axis=1), table.std(axis=1)
        for name in sorted({name for row in rows for name in row["params"]}):
            given = [row["params"].get(name, np.ma.masked) for row in rows]
            results[f"param_{name}"] = np.ma.array(given, dtype=object)
        results["params"] = [row["params"] for row in rows]
        if self.factor is not None:
            for name in ("iter", "max_iter"):
                results[name] = np.array([row[name] for row in rows])
        for name in rows[0]["scores"]:
            table = np.array([row["scores"][name] for row in rows])
            results |= {f"split{j}_test_{name}": table[:, j] for j in range(table.shape[1])}
            means = table.mean(axis=1)
            results[f"mean_test_{name}"], results[f"std_test_{name}"] = means, table.std(axis=1)
            ranked = np.nan_to_num(-means, nan=np.inf)
            results[f"rank_test_{name}"] = rankdata(ranked, method="min").astype(np.int32)
        return results

    @available_if(_is_refitted)
    def predict(self, X):
        """Predict one step ahead by the best estimator.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features), or that of `y` in :meth:`fit`
            See :meth:`ChaoticRNNRegressor.predict`.
        """
        check_is_fitted(self)
        return self.best_estimator_.predict(X)

    @available_if(_is_refitted)
    def forecast(self, n_steps, X=None):
        """Continue a series by the best estimator.

        Parameters
        ----------
        n_steps : int
            Steps to go.
        X : array-like or DataFrame, default=None
            Context; None continues the training series.

        Returns
        -------
        DataFrame or ndarray of shape (n_steps, n_features)
            See :meth:`ChaoticRNNRegressor.forecast`.
        """
        check_is_fitted(self)
        return self.best_estimator_.forecast(n_steps, X)

    @available_if(_is_refitted)
    def score(self, X, y=None):
        """Score the best estimator by the scorer that chose it.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets.

        Returns
        -------
        float
            Score; higher is better.
        """
        check_is_fitted(self)
        scorer = self.scorer_[self.refit] if self.multimetric_ else self.scorer_
        return scorer(self.best_estimator_, X, y)


def _train_and_score(fits, scorers):
    """Train fits of one shape in lockstep and score each."""
    from skchaos import _fit

    began = time.perf_counter()
    trained = _fit.train_models([fit.job for fit in fits])
    if any(one.interrupted for one in trained):
        raise KeyboardInterrupt  # a search that went on would compare what was cut short
    fit_time = (time.perf_counter() - began) / len(fits)
    return [_score(fit, one, scorers, fit_time) for fit, one in zip(fits, trained, strict=True)]


def _score(fit, trained, scorers, fit_time):
    try:
        estimator = fit.estimator._finish(fit.job, trained)
    except RuntimeError as error:
        warnings.warn(
            f"A fit failed; its scores are nan. {type(error).__name__}: {error}",
            FitFailedWarning,
            stacklevel=2,
        )
        return _Outcome({}, fit_time, np.nan)
    began = time.perf_counter()
    scores = {name: float(scorer(estimator, *fit.test)) for name, scorer in scorers.items()}
    return _Outcome(scores, fit_time, time.perf_counter() - began)
