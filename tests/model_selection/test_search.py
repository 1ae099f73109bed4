"""ChaoticRNNRegressorCV is GridSearchCV with less work."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    LeaveOneGroupOut,
    ShuffleSplit,
    TimeSeriesSplit,
)

from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_lorenz63
from skchaos.metrics import DYNAMICS_SCORERS
from skchaos.model_selection import ChaoticRNNRegressorCV, forcing_interval_grid
from tests.test_regressor import QUICK

GRID = {"forcing_interval": [6, 12], "learning_rate": [1e-3, 1e-2]}
FAST = QUICK | {"early_stopping": False}
OTHER = "neg_power_spectrum_distance"
NAME = "neg_state_space_divergence"


@pytest.fixture(scope="module")
def lorenz():
    return make_lorenz63(1200, dt=0.05, random_state=0)


def results(search):
    """Return all results but the times."""
    return {k: v for k, v in search.cv_results_.items() if not k.endswith("_time")}


def assert_same_results(one, other):
    one, other = results(one), results(other)
    assert set(one) == set(other)
    for key, value in one.items():
        if key == "params":
            assert value == other[key]
        elif "test" in key:
            np.testing.assert_allclose(value, other[key], rtol=1e-4)
        else:
            assert value.tolist() == other[key].tolist()


@pytest.mark.parametrize("kind", ["one scorer", "several scorers", "with y", "frame"])
def test_results_are_those_of_grid_search(lorenz, kind):
    X, y, options = lorenz, None, {"scoring": DYNAMICS_SCORERS[NAME]}
    if kind == "several scorers":
        options = {"scoring": dict(DYNAMICS_SCORERS), "refit": NAME}
    elif kind == "with y":
        y, options = lorenz[:, :1] ** 2, {"scoring": "r2"}
    elif kind == "frame":
        index = pd.date_range("2024-01-01", periods=len(X), freq="min")
        X = pd.DataFrame(X, index=index, columns=["x", "y", "z"])
    grid = GRID if kind != "several scorers" else [GRID, {"alpha": [0.0, 0.1], "cell": ["gru"]}]
    model, cv = ChaoticRNNRegressor(**QUICK), TimeSeriesSplit(2)
    plain = GridSearchCV(model, grid, cv=cv, error_score="raise", **options).fit(X, y)
    fast = ChaoticRNNRegressorCV(model, grid, cv=cv, **options).fit(X, y)
    assert_same_results(fast, plain)
    assert fast.best_params_ == plain.best_params_
    assert fast.best_index_ == plain.best_index_
    assert fast.best_score_ == pytest.approx(plain.best_score_)
    assert fast.n_splits_ == plain.n_splits_
    assert fast.multimetric_ == plain.multimetric_
    pd.testing.assert_frame_equal(
        pd.DataFrame(fast.predict(X)), pd.DataFrame(plain.predict(X)), rtol=1e-4
    )
    if kind == "frame":
        assert fast.forecast(3).index[0] == X.index[-1] + pd.Timedelta("1min")
        assert fast.feature_names_in_.tolist() == ["x", "y", "z"]


def test_several_jobs_give_the_same(lorenz):
    model = ChaoticRNNRegressor(**QUICK)
    one, two = (ChaoticRNNRegressorCV(model, GRID, cv=2, n_jobs=n).fit(lorenz) for n in (1, 2))
    assert_same_results(one, two)


def test_long_series_go_to_several_jobs():
    X = make_lorenz63(50_000, dt=0.05, random_state=0)  # joblib maps arrays above 1 MB from a file
    model = ChaoticRNNRegressor(**FAST)
    grid, cv = {"forcing_interval": [6, 12]}, [(range(45_000), range(45_000, 46_000))]
    one, two = (
        ChaoticRNNRegressorCV(model, grid, cv=cv, refit=False, n_jobs=n).fit(X) for n in (1, 2)
    )
    assert_same_results(one, two)


def test_seeds_count_up_from_that_of_the_estimator(lorenz):
    model = ChaoticRNNRegressor(**(FAST | {"random_state": 7}))
    search = ChaoticRNNRegressorCV(model, {"alpha": [0.0]}, cv=2, n_seeds=2, refit=False).fit(
        lorenz
    )
    cv, scoring = TimeSeriesSplit(2), DYNAMICS_SCORERS[NAME]
    scores = [
        GridSearchCV(model, {"random_state": [seed]}, cv=cv, scoring=scoring, refit=False)
        .fit(lorenz)
        .cv_results_[f"split{split}_test_score"][0]
        for split in range(2)
        for seed in (7, 8)
    ]
    found = [search.cv_results_[f"split{j}_test_score"][0] for j in range(4)]
    np.testing.assert_allclose(found, scores, rtol=1e-4)
    assert search.cv_results_["mean_test_score"][0] == pytest.approx(np.mean(scores))
    assert search.n_splits_ == 4
    with pytest.raises(ValueError, match=r"n_seeds=2 .*set it to an integer"):
        clone(search).set_params(estimator__random_state=np.random.RandomState(0)).fit(lorenz)


def test_of_several_trainings_the_same_are_kept(lorenz):
    model = ChaoticRNNRegressor(**(QUICK | {"n_init": 2}))
    plain = GridSearchCV(
        model, GRID, cv=TimeSeriesSplit(2), scoring=DYNAMICS_SCORERS[NAME], refit=False
    ).fit(lorenz)
    fast = ChaoticRNNRegressorCV(model, GRID, cv=2, refit=False).fit(lorenz)
    assert_same_results(fast, plain)


def test_grid_around_the_predictability_time_is_the_default(lorenz):
    model = ChaoticRNNRegressor(**(FAST | {"max_iter": 2}))
    search = ChaoticRNNRegressorCV(model, cv=2).fit(lorenz)
    tried = [params["forcing_interval"] for params in search.cv_results_["params"]]
    assert tried[0] == "auto"
    assert len(tried) == 6
    assert tried[1:] == sorted(tried[1:])


def test_halving_keeps_the_best_of_each_round(lorenz):
    model = ChaoticRNNRegressor(**(FAST | {"max_iter": 27}))
    grid = {"forcing_interval": [4, 6, 8, 10, 12], "learning_rate": [1e-3, 1e-2]}
    search = ChaoticRNNRegressorCV(model, grid, cv=2, factor=3, refit=False).fit(lorenz)
    table = pd.DataFrame(search.cv_results_)
    rounds = table.groupby("iter").agg({"max_iter": "first", "params": "size"})
    assert rounds["params"].tolist() == [10, 4, 2]
    assert rounds["max_iter"].tolist() == [1, 3, 9]
    for number in (0, 1):
        this, following = (table[table["iter"] == k] for k in (number, number + 1))
        best = this.nlargest(len(following), "mean_test_score")["params"]
        assert sorted(map(str, best)) == sorted(map(str, following["params"]))
    last = table[table["iter"] == 2]
    assert search.best_score_ == last["mean_test_score"].max()
    assert search.best_index_ == last["mean_test_score"].idxmax()


def test_a_fit_that_fails_scores_nan(lorenz):
    grid = {"learning_rate": [1e-3, 1e300]}
    model = ChaoticRNNRegressor(**(FAST | {"cell": "plrnn"}))
    with pytest.warns(FitFailedWarning, match="Training ended .diverged.*learning_rate=1e\\+300"):
        search = ChaoticRNNRegressorCV(model, grid, cv=2).fit(lorenz)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]
    assert search.cv_results_["rank_test_score"].tolist() == [1, 2]
    assert search.best_params_ == {"learning_rate": 1e-3}
    with pytest.raises(ValueError, match=r"Every fit failed. The first: .*learning_rate=1e\+300"):
        clone(search).set_params(param_grid={"learning_rate": [1e300]}).fit(lorenz)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"param_grid": {"n_units": [3]}}, "n_units"),
        ({"param_grid": {"n_hidden": [0]}}, "'n_hidden' parameter of ChaoticRNNRegressor"),
        ({"param_grid": {"forcing_interval": [10**6]}}, "beyond the training rows"),
        ({"factor": 1}, "'factor' parameter"),
        ({"scoring": dict(DYNAMICS_SCORERS)}, "name the one that chooses.*neg_state_space"),
        ({"estimator": "lstm"}, "'estimator' parameter"),
    ],
)
def test_bad_input_is_named_before_training(lorenz, changes, match, monkeypatch):
    monkeypatch.setattr("skchaos._fit.train_models", None)
    model = ChaoticRNNRegressor(**FAST)
    search = ChaoticRNNRegressorCV(model, GRID, cv=2).set_params(**changes)
    with pytest.raises((ValueError, TypeError), match=match):
        search.fit(lorenz)


def test_without_refit_there_is_nothing_to_predict_with(lorenz):
    search = ChaoticRNNRegressorCV(ChaoticRNNRegressor(**FAST), {"alpha": [0.0]}, refit=False)
    search.fit(lorenz)
    assert search.best_params_ == {"alpha": 0.0}
    for name in ("best_estimator_", "predict", "forecast", "score"):
        assert not hasattr(search, name)


@pytest.mark.parametrize(
    ("grid", "options", "named"),
    [
        ({"max_iter": [2, 3]}, {"factor": 2}, "factor=2 sets max_iter"),
        ({"random_state": [0, 1]}, {"n_seeds": 2}, "n_seeds=2 sets random_state"),
    ],
)
def test_what_the_search_sets_is_not_in_the_grid(lorenz, grid, options, named):
    search = ChaoticRNNRegressorCV(ChaoticRNNRegressor(**FAST), grid, **options)
    with pytest.raises(ValueError, match=named):
        search.fit(lorenz)


def test_one_generator_is_that_of_every_fit(lorenz):
    # As clones of GridSearchCV have it: each draws from the same state.
    rng = np.random.RandomState(3)
    model = ChaoticRNNRegressor(**(FAST | {"random_state": rng}))
    plain = GridSearchCV(
        model, GRID, cv=TimeSeriesSplit(2), scoring=DYNAMICS_SCORERS[NAME], refit=False
    ).fit(lorenz)
    fast = ChaoticRNNRegressorCV(model, GRID, cv=2, refit=False).fit(lorenz)
    assert_same_results(fast, plain)
    assert rng.randint(1000) == np.random.RandomState(3).randint(1000)


def test_trajectories_are_kept_whole():
    X = np.concatenate([make_lorenz63(900, dt=0.05, random_state=seed) for seed in range(3)])
    groups = np.repeat([0, 1, 2], 900)
    model = ChaoticRNNRegressor(**(FAST | {"max_iter": 2}))
    search = ChaoticRNNRegressorCV(model, cv=LeaveOneGroupOut()).fit(X, groups=groups)
    assert search.n_splits_ == 3
    tried = [params["forcing_interval"] for params in search.cv_results_["params"]]
    assert tried == ["auto", *forcing_interval_grid(X, groups=groups)]
    with pytest.raises(ValueError, match=r"cv=3 .*LeaveOneGroupOut"):
        clone(search).set_params(cv=3).fit(X, groups=groups)


def test_no_cv_is_five_splits_in_time(lorenz):
    model = ChaoticRNNRegressor(**(FAST | {"max_iter": 2}))
    search = ChaoticRNNRegressorCV(model, {"alpha": [0.0]}, cv=None, refit=False).fit(lorenz)
    assert search.n_splits_ == 5


def test_a_single_column_is_asked_for_as_a_table(lorenz):
    with pytest.raises(ValueError, match="Expected 2D array"):
        ChaoticRNNRegressorCV(ChaoticRNNRegressor(**FAST), GRID).fit(lorenz[:, 0])


def test_several_scorers_without_a_best(lorenz):
    model = ChaoticRNNRegressor(**(FAST | {"max_iter": 2}))
    search = ChaoticRNNRegressorCV(
        model, {"alpha": [0.0]}, cv=2, scoring=[NAME, OTHER], refit=False
    ).fit(lorenz)
    assert f"rank_test_{NAME}" in search.cv_results_
    assert f"mean_test_{OTHER}" in search.cv_results_
    assert not hasattr(search, "best_params_")
    with pytest.raises(ValueError, match=r"refit=True .*name the one"):
        clone(search).set_params(refit=True).fit(lorenz)


def test_a_generator_in_the_grid_is_that_of_every_fit(lorenz):
    rng = np.random.RandomState(3)
    grid = {"random_state": [rng], "alpha": [0.0, 0.1]}
    plain = GridSearchCV(
        ChaoticRNNRegressor(**FAST), grid, cv=TimeSeriesSplit(2), refit=False,
        scoring=DYNAMICS_SCORERS[NAME],
    ).fit(lorenz)  # fmt: skip
    fast = ChaoticRNNRegressorCV(ChaoticRNNRegressor(**FAST), grid, cv=2, refit=False).fit(lorenz)
    for name in ("split0_test_score", "split1_test_score"):
        np.testing.assert_allclose(fast.cv_results_[name], plain.cv_results_[name], rtol=1e-4)
    assert rng.randint(1000) == np.random.RandomState(3).randint(1000)


BAD = {
    "shuffled": ({"cv": ShuffleSplit(2)}, "training rows of split 0 are not consecutive"),
    "in the middle": ({"cv": KFold(3)}, "training rows of split 1 .*row 800 comes after row 399"),
    "test apart": ({"cv": [(range(900), [950, 1000])]}, "test rows of split 0 are not consec"),
    "short tests": (
        {"cv": [(range(1000), range(1000, 1015))], "param_grid": {"n_delays": [20]}},
        "test rows of split 0 are 15, and a c",
    ),
    "no splits": ({"cv": []}, "gives no splits"),
    "no candidates": ({"param_grid": []}, "no candidates"),
    "no scorers": ({"scoring": []}, "no scorers"),
    "a slip": ({"scoring": "neg_state_divergence"}, "chaotic series are .*neg_state_space_div"),
    "no y": ({"scoring": "r2"}, "compares predictions with y, and there is none"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_search_that_cannot_be_made_says_so_before_it_starts(lorenz, monkeypatch, kind):
    options, named = BAD[kind]
    monkeypatch.setattr("skchaos._fit.train_models", None)
    search = ChaoticRNNRegressorCV(**({"param_grid": {"alpha": [0.0]}, "refit": False} | options))
    with pytest.raises(ValueError, match=named):
        search.fit(lorenz)


def test_bad_rows_are_named_before_it_starts(lorenz, monkeypatch):
    monkeypatch.setattr("skchaos._fit.train_models", None)
    search = ChaoticRNNRegressorCV(param_grid={"alpha": [0.0]})
    X = lorenz.copy()
    X[1190, 1] = np.nan
    with pytest.raises(ValueError, match="NaN in column 1 at row 1190"):
        search.fit(X)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        search.fit(lorenz, np.zeros(1300))
    with pytest.raises(ValueError, match=r"groups has shape \(3,\)"):
        search.set_params(cv=LeaveOneGroupOut()).fit(lorenz, groups=[0, 1, 2])
    search.set_params(cv=[(range(600), range(600, 1200))])
    with pytest.raises(ValueError, match="split 0 are of several groups"):
        search.fit(lorenz, groups=np.repeat(range(4), 300))


def test_failures_are_announced_from_other_processes(lorenz):
    model = ChaoticRNNRegressor(**(FAST | {"max_iter": 50, "cell": "plrnn"}))
    with pytest.warns(FitFailedWarning, match=r"2 of 4 fits failed.*RuntimeError"):
        ChaoticRNNRegressorCV(
            model, {"learning_rate": [1e-3, 1e30]}, cv=2, n_jobs=2, refit=False
        ).fit(lorenz)


def test_an_earlier_fit_leaves_nothing_behind(lorenz):
    index = pd.date_range("2024-01-01", periods=len(lorenz), freq="min")
    X = pd.DataFrame(lorenz, index=index, columns=["x", "y", "z"])
    model = ChaoticRNNRegressor(**(FAST | {"max_iter": 2}))
    search = ChaoticRNNRegressorCV(model, {"alpha": [0.0]}, cv=2).fit(X)
    assert search.feature_names_in_.tolist() == ["x", "y", "z"]
    search.set_params(refit=False).fit(lorenz[:, :2])
    assert search.n_features_in_ == 2
    for name in ("feature_names_in_", "best_estimator_", "refit_time_"):
        assert not hasattr(search, name)


@pytest.mark.parametrize("grid", [GRID, [GRID, {"early_stopping": [False], "alpha": [0.0]}]])
def test_an_interrupt_ends_the_search(lorenz, monkeypatch, grid):
    calls = []

    def interrupted(*args, **kwargs):
        calls.append(args)
        raise KeyboardInterrupt

    model = ChaoticRNNRegressor(**(QUICK | {"n_init": 3, "validation_fraction": 0.2}))
    search = ChaoticRNNRegressorCV(model, grid, cv=2).fit(lorenz[:1100])
    before = search.cv_results_
    monkeypatch.setattr("skchaos.core._training.losses", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search.fit(lorenz)
    assert len(calls) == 1
    assert search.cv_results_ is before
