"""A search over a grid whose fits share their operations."""

import time
from collections.abc import Iterable, Mapping
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.model_selection import ParameterGrid, TimeSeriesSplit, check_cv
from sklearn.utils import indexable
from sklearn.utils.metaestimators import available_if

from skchaos._regressor import ChaoticRNNRegressor
from skchaos._rows import read_rows
from skchaos._sklearn import Interval, check_is_fitted, fit_method, take_rows
from skchaos.metrics import DYNAMICS_SCORERS
from skchaos.model_selection._fits import Fit, run, tabulate
from skchaos.model_selection._grid import intervals_around
from skchaos.neighbors._rows import trajectory_lengths


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
    scoring : str, callable, list, dict or None, default="neg_state_space_divergence"
        A key of ``skchaos.metrics.DYNAMICS_SCORERS``, or a name or scorer of scikit-learn; several
        as a list of names or a dict of names and scorers. None is the one-step R2. One-step scores
        do not tell a good forcing interval from a bad one.
    cv : int, splitter or iterable of splits, default=3
        An integer is the number of splits of a :class:`~sklearn.model_selection.TimeSeriesSplit`,
        and None is 5. The training rows of a split must be consecutive, or labelled by `groups`.
    n_seeds : int, default=1
        Fits of each candidate on each split. The first has the `random_state` of the estimator,
        the others the integers that follow; it must be an integer, or None for 0. What is
        refitted has the first.
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
        "scoring": [str, callable, list, tuple, dict, None],
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
        for name in (
            "best_index_",
            "best_params_",
            "best_score_",
            "best_estimator_",
            "refit_time_",
        ):
            vars(self).pop(name, None)  # of an earlier fit
        X, y = indexable(X, y)
        read_rows(self, X, y, reset=True, min_rows=2, keep_mapped=True)
        self._set_scorers(y)
        candidates = self._candidates(X, groups)
        splits = self._splits(X, y, groups)
        self.n_splits_ = len(splits) * self.n_seeds
        data = [
            (
                tuple(take_rows(part, train) for part in (X, y, groups)),
                tuple(take_rows(part, test) for part in (X, y)),
            )
            for train, test in splits
        ]
        rows = self._search(candidates, data)
        self.cv_results_ = tabulate(rows)
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
            raise ValueError(
                "No candidate has a score on every split: those of fits that failed are nan. Leave "
                "out what fails, such as a long forcing_interval or a large learning_rate."
            )
        self.best_index_ = int(last[np.nanargmax(ranked)])
        self.best_params_ = rows[self.best_index_]["params"]
        self.best_score_ = float(np.nanmax(ranked))

    def _refit(self, X, y, groups):
        """Fit the best candidate on all rows."""
        began = time.perf_counter()
        best = self._with(self.best_params_, seed=0)
        given = {} if groups is None else {"groups": groups}
        self.best_estimator_ = best.fit(X, y, **given)
        self.refit_time_ = time.perf_counter() - began

    def _with(self, params, seed):
        """Return the estimator with parameters of its own, for one of the seeds."""
        estimator = clone(self._base()).set_params(**clone(params, safe=False))
        if self.n_seeds > 1:
            estimator.set_params(random_state=self._first_seed() + seed)
        return estimator

    def _candidates(self, X, groups):
        grid = self.param_grid
        if grid is None:
            around = intervals_around(self._base(), X, groups)
            # One step, where noise drives the series, is what "auto" is.
            grid = {"forcing_interval": ["auto", *around] if around != [1] else ["auto"]}
        candidates = list(ParameterGrid(grid))
        if not candidates:
            raise ValueError(f"param_grid={grid!r} has no candidates: name parameters and values.")
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

    def _set_scorers(self, y):
        scoring = self.scoring
        self.multimetric_ = isinstance(scoring, Iterable) and not isinstance(scoring, str)
        if not self.multimetric_:
            self.scorer_ = self._scorer(scoring, y)
            return
        named = scoring if isinstance(scoring, Mapping) else {name: name for name in scoring}
        if not named:
            raise ValueError(f"scoring={scoring!r} has no scorers: name one or more.")
        self.scorer_ = {name: self._scorer(one, y) for name, one in named.items()}
        is_undecided = self.refit is False and self.factor is None
        if self.refit not in self.scorer_ and not is_undecided:
            raise ValueError(
                f"refit={self.refit!r} with several scorers: name the one that chooses the best "
                f"candidate, one of {list(self.scorer_)}."
            )

    def _scorer(self, scoring, y):
        if isinstance(scoring, str):
            if scoring not in {*DYNAMICS_SCORERS, *get_scorer_names()}:
                raise ValueError(
                    f"scoring={scoring!r} is no name of a scorer. Those for chaotic series are "
                    f"{sorted(DYNAMICS_SCORERS)}; scikit-learn has its own "
                    "(sklearn.metrics.get_scorer_names)."
                )
            if y is None and scoring not in DYNAMICS_SCORERS:
                raise ValueError(
                    f"scoring={scoring!r} compares predictions with y, and there is none: use one "
                    f"of {sorted(DYNAMICS_SCORERS)}, scoring=None for the one-step R2, or fit "
                    "with y."
                )
            scoring = DYNAMICS_SCORERS.get(scoring, scoring)
        return check_scoring(self._base(), scoring=scoring)

    def _deciding(self):
        """Return the name of the scorer that chooses; None if none does."""
        return (self.refit or None) if self.multimetric_ else "score"

    def _splits(self, X, y, groups):
        """Return checked pairs of numbers of rows."""
        if groups is not None:
            trajectory_lengths(groups, len(X))
        splits = [
            tuple(np.arange(len(X))[part] for part in pair)
            for pair in self._splitter(groups).split(X, y, groups)
        ]
        if not splits:
            raise ValueError(f"cv={self.cv!r} gives no splits: give pairs of rows, or a number.")
        for number, (train, test) in enumerate(splits):
            _check_split(number, train, test, groups)
        return splits

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
        scorers = self.scorer_ if self.multimetric_ else {"score": self.scorer_}
        fits = self._prepare(candidates, data, shared, max_iter)
        shape = (len(candidates), self.n_splits_)
        times = np.full((2, *shape), np.nan)
        scores = {name: np.full(shape, np.nan) for name in scorers}
        for fit, outcome in zip(fits, run(fits, scorers, self.n_jobs), strict=True):
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
        from skchaos._prepare import prepare  # torch loads here

        fits = []
        for i, params in enumerate(candidates):
            for j, ((train, test), known) in enumerate(zip(data, shared, strict=True)):
                for k in range(self.n_seeds):
                    estimator = self._with(params, k)
                    if max_iter is not None:
                        estimator.set_params(max_iter=max_iter)
                    estimator._validate_params()
                    job = prepare(estimator, *train, series=known.get("series"))
                    known["series"] = job.recorded
                    _check_test(j, test, job)
                    fits.append(Fit(i, j * self.n_seeds + k, estimator, job, test))
        return fits

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
    def forecast(self, n_steps, X=None, *, future_inputs=None):
        """Continue a series by the best estimator.

        Parameters
        ----------
        n_steps : int
            Steps to go.
        X : array-like or DataFrame, default=None
            Context; None continues the training series.
        future_inputs : array-like or DataFrame, default=None
            Inputs of the rows to come, where some columns are inputs.

        Returns
        -------
        DataFrame or ndarray of shape (n_steps, n_features)
            See :meth:`ChaoticRNNRegressor.forecast`.
        """
        check_is_fitted(self)
        return self.best_estimator_.forecast(n_steps, X, future_inputs=future_inputs)

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


def _check_split(number, train, test, groups):
    """Raise where rows of a split are not a series."""
    for name, rows in (("training", train), ("test", test)):
        breaks = np.flatnonzero(np.diff(rows) != 1)
        if groups is not None and name == "training":  # one trajectory after another
            labels = np.asarray(groups)[rows]
            breaks = breaks[labels[breaks] == labels[breaks + 1]]
        if len(breaks):
            at = breaks[0]
            raise ValueError(
                f"The {name} rows of split {number} are not consecutive: row {rows[at + 1]} comes "
                f"after row {rows[at]}. Use cv=TimeSeriesSplit(...), or pairs of ranges of rows; "
                "for several trajectories groups= with cv=LeaveOneGroupOut()."
            )
    if groups is not None and len(np.unique(np.asarray(groups)[test])) > 1:
        raise ValueError(
            f"The test rows of split {number} are of several groups, which a scorer would take for "
            "one series: use cv=LeaveOneGroupOut()."
        )


def _check_test(number, test, job):
    """Raise where there are too few test rows for a context and what follows it."""
    n_rows, n_needed = len(test[0]), job.n_context + 1
    if n_rows < n_needed:
        raise ValueError(
            f"The test rows of split {number} are {n_rows}, and a context of {job.n_context} "
            f"with the row after it needs {n_needed}: use fewer splits or a smaller n_delays, or "
            "give more rows."
        )
