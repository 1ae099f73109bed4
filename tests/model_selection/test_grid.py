"""The grid of forcing intervals, and the searches that users run over it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_henon, make_lorenz63
from skchaos.exceptions import NotChaoticWarning
from skchaos.metrics import DYNAMICS_SCORERS
from skchaos.model_selection import ChaoticRNNRegressorCV, forcing_interval_grid
from tests.test_regressor import QUICK


@pytest.fixture(scope="module")
def lorenz():
    return make_lorenz63(3000, random_state=0)


def test_grid_spans_the_predictability_time():
    grid = forcing_interval_grid(make_lorenz63(8000, random_state=0), n_intervals=7)
    # ln 2 / .9056 per unit of time (Sprott 2003) is 76.5 steps of .01.
    assert len(grid) == 7
    assert grid == sorted(grid)
    assert grid[0] == pytest.approx(76.5 / 8, rel=0.25)
    assert grid[-1] == pytest.approx(76.5 * 2, rel=0.25)


def test_grid_does_not_depend_on_units(lorenz):
    frame = pd.DataFrame(1024 * lorenz, columns=["x", "y", "z"])
    assert forcing_interval_grid(frame) == forcing_interval_grid(lorenz)


def test_grid_of_a_regular_or_short_series():
    assert forcing_interval_grid(np.sin(0.3 * np.arange(1000))[:, None]) == [4, 8, 15, 30, 60]
    assert forcing_interval_grid(np.random.default_rng(0).normal(size=(20, 1))) == [2]


def test_where_noise_drives_there_is_one_interval():
    rows = np.zeros((2000, 1))
    for t, shock in enumerate(np.random.default_rng(0).standard_normal(1999)):
        rows[t + 1] = 0.9 * rows[t] + shock
    assert forcing_interval_grid(rows) == [1]
    assert 30 in forcing_interval_grid(rows, process_noise=False)
    search = ChaoticRNNRegressorCV(ChaoticRNNRegressor(**QUICK), cv=2)
    with pytest.warns(NotChaoticWarning, match="noise that drives"):
        search.fit(rows)
    assert search.cv_results_["param_forcing_interval"].tolist() == ["auto"]  # which is 1
    with pytest.raises(ValueError, match=r"'process_noise' parameter .* Got 'yes'"):
        forcing_interval_grid(rows, process_noise="yes")


def test_the_grid_is_of_rows_without_their_noise():
    # With it they show an exponent of a third.
    X = make_lorenz63(3000, noise=0.2, random_state=0)
    # Ten updates make a model that dies, and the exponent is not sure enough to lay that to them.
    settings = QUICK | {"forcing_interval": "auto", "process_noise": False}
    model = ChaoticRNNRegressor(early_stopping=False, **settings)
    grid = forcing_interval_grid(X, n_intervals=5)
    assert model.fit(X).noise_level_.min() > 0.1
    assert grid[3] == model.forcing_interval_  # an eighth, a fourth, a half, one, two


def test_bad_input(lorenz):
    with pytest.raises(ValueError, match="consecutive in time"):
        forcing_interval_grid(pd.DataFrame(lorenz).drop(index=7))
    with pytest.raises(ValueError, match="n_intervals"):
        forcing_interval_grid(lorenz, n_intervals=0)


@pytest.mark.parametrize("where", ["alone", "in a pipeline"])
@pytest.mark.parametrize("container", ["array", "frame"])
def test_grid_search_over_the_interval(lorenz, where, container):
    X = lorenz
    if container == "frame":
        index = pd.date_range("2024-01-01", periods=len(X), freq="min")
        X = pd.DataFrame(X, index=index, columns=["x", "y", "z"])
    model, prefix = ChaoticRNNRegressor(**QUICK, early_stopping=False), ""
    if where == "in a pipeline":
        scaler = StandardScaler().set_output(transform="pandas" if container == "frame" else None)
        model, prefix = make_pipeline(scaler, model), "chaoticrnnregressor__"
    grid = {f"{prefix}forcing_interval": ["auto", *forcing_interval_grid(X, n_intervals=2)]}
    search = GridSearchCV(
        model,
        grid,
        cv=TimeSeriesSplit(2),
        scoring=dict(DYNAMICS_SCORERS),
        refit="neg_state_space_divergence",
        error_score="raise",
    ).fit(X)
    for name in DYNAMICS_SCORERS:
        scores = search.cv_results_[f"mean_test_{name}"]
        assert scores.shape == (3,)
        assert np.isfinite(scores).all()
    best = search.best_estimator_ if where == "alone" else search.best_estimator_[-1]
    forecast = best.forecast(4)
    assert forecast.shape == (4, 3)
    if container == "frame":
        assert forecast.index[0] == X.index[-1] + pd.Timedelta("1min")


def test_bad_rows_are_named():
    frame = pd.DataFrame(make_henon(300, random_state=0), columns=["a", "b"])
    with pytest.raises(ValueError, match="Column 'c' holds 'x'"):
        forcing_interval_grid(frame.assign(c="x"))
    with pytest.raises(ValueError, match=r"to_frame\(\)"):
        forcing_interval_grid(frame["a"])
    frame.loc[7, "b"] = np.nan
    with pytest.raises(ValueError, match="NaN in column 'b' at row 7"):
        forcing_interval_grid(frame)


def test_no_interval_is_beyond_a_tenth_of_the_longest_trajectory():
    X = np.concatenate([make_lorenz63(900, random_state=seed) for seed in (9, 10, 11)])
    assert max(forcing_interval_grid(X, groups=np.repeat([0, 1, 2], 900))) == 90
    assert max(forcing_interval_grid(X)) > 90
