import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler

from skchaos.metrics import (
    DYNAMICS_SCORERS,
    get_dynamics_scorer,
    make_dynamics_scorer,
    power_spectrum_distance,
    power_spectrum_distance_scorer,
    prediction_error,
    prediction_error_scorer,
    state_space_divergence,
    state_space_divergence_scorer,
    valid_prediction_time,
    valid_prediction_time_scorer,
)

ALL = list(DYNAMICS_SCORERS.values())
NAMES = list(DYNAMICS_SCORERS)
ANGLE = 0.3  # of the true rotation, radians a step


def rotation(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def circle(n_samples, angle=ANGLE):
    phase = angle * np.arange(n_samples)
    return np.column_stack([np.cos(phase), np.sin(phase)])


class Rotator(RegressorMixin, BaseEstimator):
    """Forecasts an exact rotation about the training mean: at the true angle, an exact model."""

    def __init__(self, angle=ANGLE, growth=1.0, n_context=1):
        self.angle = angle
        self.growth = growth
        self.n_context = n_context

    def fit(self, X, y=None):
        if hasattr(X, "columns"):
            self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_context_ = self.n_context
        self.calls_ = []
        return self

    def forecast(self, n_steps, X=None):
        self.calls_.append((n_steps, X))
        # Like the real one: a forecaster fitted on a frame insists on its names in two dimensions.
        if np.ndim(X) == 2 and hasattr(self, "feature_names_in_"):
            assert list(X.columns) == list(self.feature_names_in_)
            return pd.DataFrame(self._run(n_steps, X.to_numpy()), columns=X.columns)
        return self._run(n_steps, np.asarray(X))

    def _run(self, n_steps, X):
        assert X.shape[-2] == self.n_context_
        state, rows = X[..., -1, :], []
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(n_steps):
                state = self.growth * state @ rotation(self.angle).T
                rows.append(state)
        return np.stack(rows, axis=-2)


@pytest.fixture
def X():
    return circle(600)


# ------------------------------------------------------------------------------------- identities
@pytest.mark.parametrize("n_context", [1, 7])
def test_exact_model_gets_the_best_score(X, n_context):
    model = Rotator(n_context=n_context).fit(X)
    assert state_space_divergence_scorer(model, X) == pytest.approx(0, abs=1e-6)
    assert power_spectrum_distance_scorer(model, X) == pytest.approx(0, abs=1e-6)
    assert prediction_error_scorer(model, X) == pytest.approx(0, abs=1e-9)
    assert valid_prediction_time_scorer(model, X) == (600 - n_context) // 2


@pytest.mark.parametrize("scorer", ALL, ids=NAMES)
def test_higher_is_better_and_y_is_ignored(X, scorer):
    good = scorer(Rotator(ANGLE + 1e-3).fit(X), X)
    assert scorer(Rotator(ANGLE + 0.05, growth=0.99).fit(X), X) < good
    assert scorer(Rotator(ANGLE + 1e-3).fit(X), X.tolist(), np.zeros(600)) == good
    assert isinstance(good, float)


def test_score_is_the_metric_of_the_forecast_after_the_context(X):
    model = Rotator(ANGLE + 0.02, n_context=5).fit(X)
    forecast = model.forecast(595, X[:5])
    expected = -state_space_divergence(X[5:], forecast, random_state=0)
    assert state_space_divergence_scorer(model, X) == expected
    expected = -power_spectrum_distance(X[5:], forecast, smoothing=3.0)
    scorer = make_dynamics_scorer(power_spectrum_distance, smoothing=3.0)
    assert scorer(model, X) == expected


def test_many_starts_are_one_call_and_spread_over_all_rows(X):
    model = Rotator(n_context=4).fit(X)
    scorer = make_dynamics_scorer(prediction_error, n_steps=10, n_starts=50)
    scorer(model, X)
    [(n_steps, contexts)] = model.calls_
    assert n_steps == 10
    assert contexts.shape == (50, 4, 2)
    np.testing.assert_array_equal(contexts[0], X[:4])
    np.testing.assert_array_equal(contexts[-1], X[-14:-10])
    first_rows = [int(np.flatnonzero((c[0] == X).all(axis=1))[0]) for c in contexts]
    assert set(np.diff(first_rows)) <= {11, 12, 13}


def test_fewer_starts_where_the_rows_do_not_hold_more(X):
    model = Rotator(n_context=4).fit(X)
    make_dynamics_scorer(prediction_error, n_steps=10)(model, X[:20])
    assert model.calls_[0][1].shape == (7, 4, 2)


def test_valid_prediction_time_of_a_known_drift(X):
    # After k steps the angle is off by k d; the NRMSE is 2 sin(k d / 2) sqrt(2) / sqrt(2) / sd.
    drift = 0.01
    model = Rotator(ANGLE + drift).fit(X)
    sd = np.sqrt(0.5)
    steps = np.floor(2 * np.arcsin(0.4 * sd / np.sqrt(2)) / drift)
    assert valid_prediction_time_scorer(model, X) == pytest.approx(steps, abs=1)
    in_time = make_dynamics_scorer(valid_prediction_time, dt=0.5, lyapunov_exponent=0.2)
    assert in_time(model, X) == pytest.approx(0.1 * valid_prediction_time_scorer(model, X))


def test_a_longer_forecast_than_the_rows(X):
    model = Rotator(growth=0.999).fit(X)  # a slow collapse
    long = make_dynamics_scorer(state_space_divergence, n_steps=5000)
    assert long(model, X) < state_space_divergence_scorer(model, X)
    assert model.calls_[0][0] == 5000


# ------------------------------------------------------------------------------- hard forecasts
@pytest.mark.parametrize(
    ("scorer", "worst"), [*zip(ALL, [-1000.0, -1.0, 0.0, -1000.0], strict=True)], ids=NAMES
)
def test_diverged_forecasts_get_the_worst_score(X, scorer, worst):
    class Broken(Rotator):
        def _run(self, n_steps, X):
            return np.full((*X.shape[:-2], n_steps, 2), np.nan)

    assert scorer(Broken().fit(X), X) == pytest.approx(worst, rel=0.01)
    assert scorer(Rotator(growth=1e3).fit(X), X) == pytest.approx(worst, rel=0.01, abs=1.0)
    collapsed = scorer(Rotator(growth=0.0).fit(X), X)
    assert np.isfinite(collapsed)
    assert collapsed >= worst


def test_one_diverged_start_counts_without_drowning_the_rest(X):
    class Fragile(Rotator):
        def _run(self, n_steps, X):
            rows = super()._run(n_steps, X)
            rows[0, 5:] = np.inf
            return rows

    model = Fragile().fit(X)
    assert valid_prediction_time_scorer(model, X) == 299
    assert prediction_error_scorer(model, X) == pytest.approx(-1000 / np.sqrt(50), rel=0.01)


def test_no_finite_forecast_is_worse_than_a_diverged_one(X):
    class Far(Rotator):
        def _run(self, n_steps, X):
            return super()._run(n_steps, X) + 1e200

    assert state_space_divergence_scorer(Far().fit(X), X) == -1000.0
    assert prediction_error_scorer(Far().fit(X), X) == pytest.approx(-1000.0, rel=1e-3)


# ------------------------------------------------------------------------------- model selection
@pytest.fixture
def split():
    return TimeSeriesSplit(n_splits=3)


# A wrong angle alone leaves the circle, and with it the state space divergence, as it is; so the
# bad candidates leave the circle too.
BEST = {"angle": ANGLE + 0.002, "growth": 1.0}
CANDIDATES = [{"angle": 0.2, "growth": 0.99}, BEST, {"angle": 0.5, "growth": 1.01}]


def grid(prefix=""):
    return [{prefix + name: [value] for name, value in c.items()} for c in CANDIDATES]


@pytest.mark.parametrize("scorer", ALL, ids=NAMES)
@pytest.mark.parametrize("as_frame", [False, True])
def test_grid_search(X, split, scorer, as_frame):
    X = pd.DataFrame(X, columns=["u", "v"]) if as_frame else X
    search = GridSearchCV(Rotator(), grid(), scoring=scorer, cv=split)
    search.fit(X)
    assert search.best_params_ == BEST
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.score(X) == scorer(search, X) == scorer(search.best_estimator_, X)


@pytest.mark.parametrize("refit", NAMES)
@pytest.mark.parametrize("as_frame", [False, True])
def test_grid_search_over_a_pipeline_with_all_scorers(X, split, refit, as_frame):
    X = pd.DataFrame(10 + 5 * X, columns=["u", "v"]) if as_frame else 10 + 5 * X
    # The circle is centred for the forecaster by a step before it.
    pipeline = make_pipeline(FunctionTransformer(_centre), Rotator())
    candidates = grid("rotator__")
    search = GridSearchCV(pipeline, candidates, scoring=DYNAMICS_SCORERS, refit=refit, cv=split)
    search.fit(X)
    assert search.best_params_ == {f"rotator__{name}": value for name, value in BEST.items()}
    for name in NAMES:
        assert np.isfinite(search.cv_results_[f"mean_test_{name}"]).all()
        assert np.isfinite(DYNAMICS_SCORERS[name](search, X))


def _centre(X):
    return (X - 10) / 5


def test_a_pipeline_is_scored_in_the_units_of_its_last_step(X):
    pipeline = make_pipeline(FunctionTransformer(_centre), Rotator(ANGLE + 0.02))
    pipeline.fit(10 + 5 * X)
    np.testing.assert_allclose(
        prediction_error_scorer(pipeline, 10 + 5 * X),
        prediction_error_scorer(pipeline[-1], X),
        rtol=1e-9,
    )
    scaled = make_pipeline(MinMaxScaler((-1, 1)).set_output(transform="pandas"), Rotator())
    frame = pd.DataFrame(X, columns=["u", "v"])
    assert state_space_divergence_scorer(scaled.fit(frame), frame) > -1
    assert state_space_divergence_scorer(make_pipeline(Rotator()).fit(X), X) > -1


def test_cross_val_score(X, split):
    scores = cross_val_score(Rotator(), X, scoring=prediction_error_scorer, cv=split)
    np.testing.assert_allclose(scores, 0, atol=1e-9)


@pytest.mark.parametrize("scorer", ALL, ids=NAMES)
def test_rows_with_holes_are_not_scored(X, scorer):
    frame = pd.DataFrame(X, index=pd.date_range("2024-01-01", periods=len(X), freq="h"))
    model = Rotator().fit(X)
    assert np.isfinite(scorer(model, frame))
    with pytest.raises(ValueError, match="without holes"):
        scorer(model, frame.drop(index=frame.index[-9]))


def test_holes_are_seen_through_a_pipeline(X):
    frame = pd.DataFrame(X, index=pd.date_range("2024-01-01", periods=len(X), freq="h"))
    pipeline = make_pipeline(MinMaxScaler(), Rotator()).fit(frame)  # its arrays have no index
    with pytest.raises(ValueError, match="without holes"):
        prediction_error_scorer(pipeline, frame.drop(index=frame.index[-9]))


def test_context_of_a_frame_keeps_names_and_index(X):
    index = pd.date_range("2024-01-01", periods=600, freq="h")
    frame = pd.DataFrame(X, columns=["u", "v"], index=index)
    for frame_ in (frame, frame.set_axis(np.arange(600) * 0.5)):  # labels that are not positions
        model = Rotator(n_context=3).fit(frame_)
        power_spectrum_distance_scorer(model, frame_)
        [(n_steps, context)] = model.calls_
        assert n_steps == 597
        pd.testing.assert_frame_equal(context, frame_.iloc[:3])


@pytest.mark.parametrize("scorer", ALL, ids=NAMES)
def test_copies_score_the_same(X, scorer):
    model = Rotator(ANGLE + 0.02).fit(X)
    for copied in (copy.deepcopy(scorer), clone(scorer, safe=False)):
        assert copied(model, X) == scorer(model, X)
    assert pickle.loads(pickle.dumps(scorer))(model, X) == scorer(model, X)


def test_names():
    assert get_dynamics_scorer("neg_state_space_divergence") is state_space_divergence_scorer
    assert get_dynamics_scorer("neg_power_spectrum_distance") is power_spectrum_distance_scorer
    assert get_dynamics_scorer("valid_prediction_time") is valid_prediction_time_scorer
    assert get_dynamics_scorer("neg_prediction_error") is prediction_error_scorer
    with pytest.raises(ValueError, match="name='r2' is not one of 'neg_state_space_divergence'"):
        get_dynamics_scorer("r2")


# ------------------------------------------------------------------------------- custom metrics
def mean_offset(X_true, X_pred, power=1):
    return np.abs(X_true.mean() - X_pred.mean()) ** power


def test_scorer_from_any_metric(X):
    model = Rotator(growth=0.0).fit(X)
    scorer = make_dynamics_scorer(mean_offset, greater_is_better=False, worst=9.0, power=2)
    assert scorer(model, X) == -((X[1:].mean()) ** 2)
    assert repr(scorer) == "make_dynamics_scorer(mean_offset, power=2)"
    nan = make_dynamics_scorer(lambda X_true, X_pred: np.nan, greater_is_better=False, worst=9.0)
    assert nan(model, X) == -9.0
    starts = make_dynamics_scorer(lambda X_true, X_pred: X_pred.size, worst=0, n_starts=3)
    assert starts(model, X) == 3 * 299 * 2


# ------------------------------------------------------------------------------------- bad input
@pytest.mark.parametrize(
    ("metric", "options", "error", "match"),
    [
        ("valid_prediction_time", {}, TypeError, "not callable; see get_dynamics_scorer"),
        (state_space_divergence, {"n_bin": 3}, TypeError, "n_bin"),
        (state_space_divergence, {"n_starts": 3}, ValueError, "compares one long run"),
        (prediction_error, {"n_steps": 0}, ValueError, "n_steps == 0, must be >= 1"),
        (prediction_error, {"n_starts": 0}, ValueError, "n_starts == 0, must be >= 1"),
        (prediction_error, {"n_steps": 2.0}, TypeError, "n_steps"),
        (prediction_error, {"worst": np.inf}, ValueError, "must be finite"),
        (mean_offset, {}, ValueError, "worst=None"),
    ],
)
def test_bad_options(metric, options, error, match):
    with pytest.raises(error, match=match):
        make_dynamics_scorer(metric, **options)


@pytest.mark.parametrize(
    ("scorer", "needed"), [*zip(ALL, [8 + 2, 8 + 4, 8 + 2, 8 + 20], strict=True)], ids=NAMES
)
def test_too_few_rows(X, scorer, needed):
    model = Rotator(n_context=8).fit(X)
    match = rf"X has {needed - 1} row\(s\), but \w+ needs at least {needed}: 8 of context"
    with pytest.raises(ValueError, match=match):
        scorer(model, X[: needed - 1])
    assert np.isfinite(scorer(model, X[:needed]))


def test_bad_estimators_and_rows(X):
    with pytest.raises(TypeError, match="MinMaxScaler has no forecast method"):
        prediction_error_scorer(MinMaxScaler().fit(X), X)
    with pytest.raises(TypeError, match="GridSearchCV has no forecast method"):
        prediction_error_scorer(GridSearchCV(Rotator(), grid()), X)
    with pytest.raises(NotFittedError):
        prediction_error_scorer(Rotator(), X)
    model = Rotator().fit(X)
    for scorer in ALL:
        with pytest.raises(ValueError, match="NaN"):
            scorer(model, np.where(X > 0.9, np.nan, X))
        with pytest.raises(ValueError, match="constant"):
            scorer(model, np.ones_like(X))


def test_columns_in_another_order(X):
    frame = pd.DataFrame(X, columns=["u", "v"])
    with pytest.raises(ValueError, match=r"columns of X are \['v', 'u'\]"):
        valid_prediction_time_scorer(Rotator().fit(frame), frame[["v", "u"]])
