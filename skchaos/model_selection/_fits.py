"""The fits of a search: which are trained together, what comes of them, and their table."""

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from scipy.stats import rankdata
from sklearn.exceptions import FitFailedWarning

from skchaos._regressor import ChaoticRNNRegressor
from skchaos._warn import warn
from skchaos.exceptions import PoorFitWarning

if TYPE_CHECKING:
    from skchaos._fit import Job

# Pieces of work for each of n_jobs: with fewer some jobs wait for the last one.
PIECES_PER_JOB = 4


@dataclass
class Fit:
    """One fit of the search."""

    candidate: int
    column: int  # of the table of scores: split and seed
    estimator: ChaoticRNNRegressor
    job: "Job"
    test: tuple


@dataclass
class Outcome:
    """What came of it."""

    scores: dict[str, float]
    fit_time: float
    score_time: float
    failure: str = ""


def run(fits, scorers, n_jobs):
    """Train and score all fits; return their outcomes in the same order."""
    programs = _programs(fits, effective_n_jobs(n_jobs))
    found = Parallel(n_jobs=n_jobs)(
        delayed(_train_and_score)([fits[i] for i in program], scorers) for program in programs
    )
    outcomes = [None] * len(fits)
    for program, some in zip(programs, found, strict=True):
        for i, outcome in zip(program, some, strict=True):
            outcomes[i] = outcome
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    if len(failures) == len(fits):
        raise ValueError(f"Every fit failed. The first: {failures[0]}")
    if failures:
        warn(
            f"{len(failures)} of {len(fits)} fits failed; their scores are nan. The first: "
            f"{failures[0]}",
            FitFailedWarning,
        )
    return outcomes


def _programs(fits, n_jobs):
    """Put fits of a shape together, but no more than keeps all jobs busy to the end."""
    by_shape = {}
    for i, fit in enumerate(fits):
        by_shape.setdefault(fit.job.shape, []).append(i)
    size = len(fits) if n_jobs == 1 else max(1, len(fits) // (PIECES_PER_JOB * n_jobs))
    return [
        group[first : first + size]
        for group in by_shape.values()
        for first in range(0, len(group), size)
    ]


def _train_and_score(fits, scorers):
    """Train fits of one shape in lockstep and score each."""
    from skchaos import _second_look

    began = time.perf_counter()
    trained = _second_look.train_jobs([fit.job for fit in fits])
    if any(one.interrupted for _, one in trained):
        raise KeyboardInterrupt  # a search that went on would compare what was cut short
    fit_time = (time.perf_counter() - began) / len(fits)
    return [_score(fit, one, scorers, fit_time) for fit, one in zip(fits, trained, strict=True)]


def _score(fit, trained, scorers, fit_time):
    from skchaos import _fitted

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PoorFitWarning)  # that is what the scores are for
            estimator = _fitted.take_over(fit.estimator, *trained)
    except RuntimeError as error:
        nothing = dict.fromkeys(scorers, np.nan)
        return Outcome(nothing, fit_time, np.nan, f"{type(error).__name__}: {error}")
    began = time.perf_counter()
    scores = {name: float(scorer(estimator, *fit.test)) for name, scorer in scorers.items()}
    return Outcome(scores, fit_time, time.perf_counter() - began)


def tabulate(rows):
    """Return results as GridSearchCV has them; a row is a candidate (of a round)."""
    results = {}
    for name in ("fit_time", "score_time"):
        table = np.array([row[name] for row in rows])
        results[f"mean_{name}"], results[f"std_{name}"] = table.mean(axis=1), table.std(axis=1)
    for name in sorted({name for row in rows for name in row["params"]}):
        given = [row["params"].get(name, np.ma.masked) for row in rows]
        results[f"param_{name}"] = np.ma.array(given, dtype=object)
    results["params"] = [row["params"] for row in rows]
    if rows[0]["max_iter"] is not None:  # a halving search
        results |= {name: np.array([row[name] for row in rows]) for name in ("iter", "max_iter")}
    for name in rows[0]["scores"]:
        table = np.array([row["scores"][name] for row in rows])
        results |= {f"split{j}_test_{name}": table[:, j] for j in range(table.shape[1])}
        means = table.mean(axis=1)
        results[f"mean_test_{name}"], results[f"std_test_{name}"] = means, table.std(axis=1)
        ranked = np.nan_to_num(-means, nan=np.inf)
        results[f"rank_test_{name}"] = rankdata(ranked, method="min").astype(np.int32)
    return results
