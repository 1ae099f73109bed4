"""What a finished search says about the forcing interval."""

from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from skchaos._sklearn import check_is_fitted
from skchaos._warn import warn
from skchaos.plotting._common import clock_of

PARAMETER = "forcing_interval"
_REPEATS = "random_state"  # a parameter whose values are repeats, not curves


@dataclass(frozen=True)
class SearchScores:
    """Scores over the forcing interval.

    Attributes
    ----------
    intervals : ndarray of shape (n_intervals,)
        Ascending.
    scores : dict of str to ndarray of shape (n_intervals, n_repeats)
        By combination of the other parameters; nan where there is none.
    auto_scores : dict of str to ndarray of shape (n_repeats,)
        The same for "auto".
    auto_interval : int or None
        What "auto" came to, in steps.
    score_name : str
    predictability_time : float or None
    dt : float
    """

    intervals: np.ndarray
    scores: dict[str, np.ndarray]
    auto_scores: dict[str, np.ndarray]
    auto_interval: int | None
    score_name: str
    predictability_time: float | None
    dt: float


def read_search(search, metric):
    """Read the scores of `metric` (None: the refitted one) from a fitted `search`.

    Raises
    ------
    TypeError
        If `search` is not a search.
    ValueError
        If it has not tried a forcing interval in steps, or there is no such metric.

    Warns
    -----
    UserWarning
        If candidates have no finite score.
    """
    if not (hasattr(search, "cv") and hasattr(search, "scoring")):
        raise TypeError(
            f"search={search!r} is not a search such as GridSearchCV; for scores of your own use "
            "ForcingIntervalDisplay.from_scores."
        )
    check_is_fitted(search, "cv_results_")
    results = search.cv_results_
    key = _interval_key(results)
    last = _last_rounds(results)
    metric, name, negated = _score(search, metric)
    splits = [results[f"split{i}_test_{metric}"] for i in range(search.n_splits_)]
    scores = np.column_stack(splits).astype(float)[last] * (-1.0 if negated else 1.0)
    intervals = list(results[key][last])
    scores = _without_failures(scores, intervals)
    labels = np.array(_curve_labels(results, key))[last].tolist()
    steps = sorted({int(i) for i in intervals if not _is_auto(i)})
    if not steps:
        raise ValueError(
            f"The search has tried {PARAMETER}='auto' alone; to draw a curve it needs intervals in "
            "steps too: see skchaos.model_selection.forcing_interval_grid."
        )
    curves, auto = {}, {}
    for label in dict.fromkeys(labels):
        mine = [i for i, other in enumerate(labels) if other == label]
        by_step = [[scores[i] for i in mine if intervals[i] == step] for step in steps]
        curves[label] = _stack(by_step)
        found = [scores[i] for i in mine if _is_auto(intervals[i])]
        if found and np.isfinite(found).any():
            auto[label] = np.ravel(found)
    best = _last_step(getattr(search, "best_estimator_", search.estimator))
    dt, predictability_time = clock_of(best)
    return SearchScores(
        intervals=np.array(steps),
        scores=curves,
        auto_scores=auto,
        auto_interval=_auto_interval(search, key, best),
        score_name=name,
        predictability_time=predictability_time,
        dt=dt,
    )


def _last_rounds(results):
    """Return the rows to show: of a search that halves the last round of each candidate."""
    rows = range(len(results["params"]))
    if "iter" not in results:
        return list(rows)
    return sorted({str(results["params"][i]): i for i in rows}.values())


def _interval_key(results):
    keys = [
        key
        for key in results
        if key.startswith("param_") and key.split("__")[-1].endswith(PARAMETER)
    ]
    if len(keys) != 1:
        tried = [key.removeprefix("param_") for key in results if key.startswith("param_")]
        raise ValueError(
            f"The search must have tried one parameter {PARAMETER} (under any prefix), and has "
            f"tried {tried}."
        )
    return keys[0]


def _score(search, metric):
    """Return the key of the metric, its name, and whether its sign is to be turned."""
    if not search.multimetric_:
        if metric is not None:
            raise ValueError(f"metric={metric!r}, but the search has one score only: leave None.")
        name = search.scoring if isinstance(search.scoring, str) else "score"
        return "score", *_describe(name, search.scorer_)
    known = [k.removeprefix("mean_test_") for k in search.cv_results_ if k.startswith("mean_test_")]
    if metric is None and isinstance(search.refit, str):
        metric = search.refit
    if metric not in known:
        raise ValueError(f"metric={metric!r} is not one of those of the search: {known}.")
    scorers = search.scorer_ if isinstance(search.scorer_, dict) else {}
    return metric, *_describe(metric, scorers.get(metric))


def _describe(name, scorer):
    rules = getattr(scorer, "_rules", None)  # of skchaos.metrics
    negated = name.startswith("neg_") or (rules is not None and not rules.greater_is_better)
    if rules is not None and name == "score":
        name = scorer._name
    words = name.removeprefix("neg_").replace("_", " ")
    return f"{words} ({'lower' if negated else 'higher'} is better)", negated


def _without_failures(scores, intervals):
    failed = ~np.isfinite(scores).all(axis=1)
    if failed.any():
        which = list(dict.fromkeys(str(intervals[i]) for i in np.flatnonzero(failed)))
        warn(
            f"{failed.sum()} candidate(s) of the search, with {PARAMETER} {', '.join(which)}, have "
            "a score that is not finite, and are left out.",
            UserWarning,
        )
    return np.where(failed[:, None], np.nan, scores)


def _curve_labels(results, key):
    """Return the values of the other parameters that vary, in words, for each candidate."""
    others = [
        k for k in results if k.startswith("param_") and k != key and not k.endswith(_REPEATS)
    ]
    varying = [k for k in others if len({str(value) for value in results[k]}) > 1]
    return [
        ", ".join(f"{k.removeprefix('param_').split('__')[-1]}={results[k][i]}" for k in varying)
        for i in range(len(results[key]))
    ]


def _stack(by_step):
    """Return repeats as rows of equal length, filled up with nan."""
    rows = [np.ravel(found) for found in by_step]
    stacked = np.full((len(rows), max(map(len, rows))), np.nan)
    for row, values in zip(stacked, rows, strict=True):
        row[: len(values)] = values
    return stacked


def _last_step(estimator):
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def _auto_interval(search, key, best):
    """Return what "auto" came to, where it has won and the winner was fitted on all rows."""
    if not hasattr(search, "best_estimator_"):
        return None
    if not _is_auto(search.best_params_[key.removeprefix("param_")]):
        return None
    while hasattr(best, "forecaster_"):  # TransformedForecaster
        best = best.forecaster_
    return getattr(best, "forcing_interval_", None)


def _is_auto(interval):
    return isinstance(interval, str) and interval == "auto"
