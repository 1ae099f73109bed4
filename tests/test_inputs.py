"""Columns that drive the others: what becomes of them in fits, forecasts, scores and exponents."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.signal import lfilter
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.preprocessing import FunctionTransformer

from skchaos import ChaoticRNNRegressor, LyapunovSpectrum, TransformedForecaster
from skchaos._prepare import prepare
from skchaos._reconstruction import _run_starts
from skchaos._validation import Validation, forecast_errors
from skchaos.core import Stack
from skchaos.datasets import make_lorenz63
from skchaos.exceptions import ExtrapolationWarning, NotChaoticWarning, PoorFitWarning
from skchaos.metrics import DYNAMICS_SCORERS
from skchaos.model_selection import ChaoticRNNRegressorCV, forcing_interval_grid

pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{kind.__module__}.{kind.__name__}")
    for kind in (PoorFitWarning, NotChaoticWarning)
]
SETTINGS = {
    "cell": "elman", "n_hidden": 12, "n_init": 1, "random_state": 0, "input_columns": ["wind"],
    "process_noise": False, "forcing_interval": 10, "n_delays": 2, "max_iter": 10,
}  # fmt: skip


def make_rows(n_rows=1500, seed=0):
    """Return a level that a random wind pushes, with the wind between its columns."""
    rng = np.random.default_rng(seed)
    wind = 5 + 2 * rng.standard_normal(n_rows)
    level = np.zeros((n_rows, 2))
    for t in range(n_rows - 1):
        push = np.tanh(wind[t] - 5)
        level[t + 1] = 0.8 * level[t] + [push, 0.5 * level[t, 0]]
    frame = pd.DataFrame({"low": level[:, 0], "wind": wind, "high": 100 + level[:, 1]})
    return frame.set_index(pd.date_range("2026-01-01", periods=n_rows, freq="h"))


FRAME = make_rows()
TRAIN, TEST = FRAME[:1200], FRAME[1200:]


@pytest.fixture(scope="module")
def trained():
    """Return a model that has learnt what the wind does."""
    settings = SETTINGS | {"max_iter": 1500, "validation_fraction": 0.2}
    return ChaoticRNNRegressor(**settings).fit(TRAIN)


def test_a_forecast_follows_its_inputs(trained):
    forecast = trained.forecast(200, future_inputs=TEST[:200])
    assert list(forecast.columns) == ["low", "wind", "high"]
    assert forecast.index.equals(TEST.index[:200])
    pd.testing.assert_series_equal(forecast["wind"], TEST["wind"][:200], check_freq=False)
    for name in ("low", "high"):
        error = (forecast[name] - TEST[name][:200]).std() / TRAIN[name].std()
        assert error < 0.1
    other = trained.forecast(200, future_inputs=TEST["wind"][:200].to_numpy()[::-1].copy())
    assert (other["low"] - TEST["low"][:200]).std() > TRAIN["low"].std()


def test_the_input_of_a_row_acts_on_the_next(trained):
    changed = TEST[:5].copy()
    changed.iloc[2, 1] += 4.0
    one, other = (trained.forecast(5, future_inputs=rows) for rows in (TEST[:5], changed))
    differs = (one[["low", "high"]] != other[["low", "high"]]).any(axis=1)
    assert differs.tolist() == [False, False, False, True, True]


def test_predictions_are_of_the_other_columns_and_know_the_input_of_their_row(trained):
    predicted = trained.predict(TEST)
    assert predicted.shape == (300, 2)
    assert trained.score(TEST) > 0.98
    truth = TEST[["low", "high"]].to_numpy()
    assert ((predicted[:-1] - truth[1:]).std(axis=0) < 0.1 * truth.std(axis=0)).all()
    [first] = trained.forecast(1, TEST[:50], future_inputs=TEST[50:51]).to_numpy()
    assert first[[0, 2]] == pytest.approx(predicted[49])


def test_many_contexts_have_inputs_each(trained):
    rows = TEST.to_numpy()
    contexts, future = np.stack([rows[:9], rows[50:59]]), np.stack([rows[9:19], rows[59:69]])
    run = trained.forecast(10, contexts, future_inputs=future[:, :, 1:2])
    assert run.shape == (2, 10, 3)
    for k, start in enumerate((0, 50)):
        alone = trained.forecast(
            10, TEST[start : start + 9], future_inputs=TEST[start + 9 : start + 19]
        )
        assert run[k] == pytest.approx(alone.to_numpy())


def test_what_a_fit_says_of_them(trained):
    assert trained.input_columns_.tolist() == [1]
    assert trained.n_features_in_ == 3
    assert trained.mean_ == pytest.approx(TRAIN.mean().to_numpy())
    assert trained.scale_ == pytest.approx(TRAIN.std(ddof=0).to_numpy())
    assert np.array_equal(trained.context_, TRAIN.to_numpy()[-trained.n_context_ :])
    assert trained.noise_level_.shape == trained.process_noise_.shape == (2,)
    report = trained.reconstruction_report_
    assert report["regime"] == "follows its inputs"
    assert report["exponent"] < 0
    assert report["spread"] == pytest.approx(1, abs=0.2)
    assert report["reasons"] == []
    assert trained.validation_score_ < 3 * trained.validation_floor_


@pytest.mark.parametrize("scorer", DYNAMICS_SCORERS.values(), ids=DYNAMICS_SCORERS)
def test_scorers_give_the_inputs_of_the_rows_they_compare_with(trained, scorer):
    dead = ChaoticRNNRegressor(**SETTINGS | {"max_iter": 1}).fit(TRAIN)
    assert scorer(trained, TEST) > scorer(dead, TEST)


@pytest.mark.parametrize("scorer", DYNAMICS_SCORERS.values(), ids=DYNAMICS_SCORERS)
def test_scorers_need_the_inputs_as_well(trained, scorer):
    with pytest.raises(ValueError, match=r"inputs: give them all|feature names|columns"):
        scorer(trained, TEST[["low", "high"]])


def test_searches_over_settings_and_over_inputs():
    scoring, cv = DYNAMICS_SCORERS["neg_prediction_error"], TimeSeriesSplit(2)
    grid = {"forcing_interval": [5, 10]}
    model = ChaoticRNNRegressor(**SETTINGS)
    one = GridSearchCV(model, grid, scoring=scoring, cv=cv).fit(TRAIN)
    other = ChaoticRNNRegressorCV(model, grid, scoring=scoring, cv=cv).fit(TRAIN)
    for k in range(2):
        scores = [search.cv_results_[f"split{k}_test_score"] for search in (one, other)]
        assert scores[0] == pytest.approx(scores[1], rel=1e-6)
    run = other.forecast(3, future_inputs=TEST[:3])
    assert run.equals(other.best_estimator_.forecast(3, future_inputs=TEST[:3]))
    grid = {"input_columns": [None, ["wind"]]}
    one = GridSearchCV(model, grid, scoring=scoring, cv=cv, refit=False).fit(TRAIN)
    other = ChaoticRNNRegressorCV(model, grid, scoring=scoring, cv=cv, refit=False).fit(TRAIN)
    scores = [search.cv_results_["mean_test_score"] for search in (one, other)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-6)


def test_the_grid_of_a_search_is_that_of_the_other_columns():
    rows = make_lorenz63(1500, random_state=0)
    noise = np.random.default_rng(0).standard_normal((1500, 2))
    settings = SETTINGS | {"input_columns": None, "forcing_interval": "auto", "max_iter": 2}
    given = {"cv": TimeSeriesSplit(2), "refit": False, "scoring": "neg_prediction_error"}
    plain = ChaoticRNNRegressorCV(ChaoticRNNRegressor(**settings), **given).fit(rows)
    settings |= {"input_columns": [3, 4]}
    driven = ChaoticRNNRegressorCV(ChaoticRNNRegressor(**settings), **given)
    driven.fit(np.column_stack([rows, noise]))
    assert driven.cv_results_["params"] == plain.cv_results_["params"]


@pytest.mark.parametrize("name", DYNAMICS_SCORERS)
def test_inputs_do_not_count_in_scores(name):
    class Copy(BaseEstimator):  # that foresees nothing, whether it is given columns or not
        n_context_, input_columns_ = 2, np.array([1])

        def fit(self, X, y=None):
            return self

        def forecast(self, n_steps, X, *, future_inputs=None):
            run = np.zeros((*np.shape(X)[:-2], n_steps, np.shape(X)[-1]))
            if future_inputs is not None:
                run[..., self.input_columns_] = future_inputs
            return run

    rows, alone = TEST.to_numpy(), Copy()
    alone.input_columns_ = np.array([], dtype=int)
    scorer = DYNAMICS_SCORERS[name]
    assert scorer(Copy(), rows) == pytest.approx(scorer(alone, rows[:, [0, 2]]))


def test_exponents_are_those_along_the_inputs(trained):
    spectrum = LyapunovSpectrum(FrozenEstimator(trained), n_exponents=2, n_steps=200).fit(TRAIN)
    # The levels forget at .8 a step, whatever the wind.
    assert spectrum.exponents_ == pytest.approx([np.log(0.8)] * 2, abs=0.1)
    assert spectrum.regime_ == "follows its inputs"
    assert spectrum.transform(TRAIN[:50]).shape == (50, 2)
    of_rows = LyapunovSpectrum(n_exponents=1).fit(TRAIN[["low", "high"]])
    assert spectrum.data_lambda_max_ == pytest.approx(of_rows.lambda_max_, nan_ok=True)


def test_exponents_hang_on_the_inputs():
    model = ChaoticRNNRegressor(**SETTINGS | {"max_iter": 1}).fit(TRAIN)
    model.drive_weight_ = 2 * model.drive_weight_  # a wind that saturates the units
    spectrum = LyapunovSpectrum(FrozenEstimator(model), n_exponents=1, n_steps=40, n_orbits=3)
    spectrum.fit(TRAIN)
    engine, rows, span = model._engine(), TRAIN.to_numpy(), model.n_context_ - 1
    rates = []
    for start in np.linspace(span, len(rows) - 50, 3).astype(int):
        state = engine.final_states(rows[None, start - span : start + 1])
        vector, total = torch.ones(12, dtype=torch.float64), 0.0
        for step in range(50):
            state = engine.model.kicks(engine.inputs_of(rows[None, [start + step]])) + state
            vector = engine.model.cell.jacobian(state[0, 0]).detach() @ vector
            state = engine.model.cell(state)[0].detach()
            total += float(vector.norm().log()) if step >= 10 else 0.0
            vector /= vector.norm()
        rates.append(total / 40)
    assert spectrum.lambda_max_ == pytest.approx(np.mean(rates), abs=0.02)
    calm = TRAIN.assign(wind=5.0)
    assert not np.allclose(spectrum.transform(TRAIN[:9]), spectrum.transform(calm[:9]), rtol=0.01)


def test_too_few_rows_to_follow_are_told_before_training(monkeypatch):
    monkeypatch.setattr("skchaos._fit.train_models", lambda jobs: pytest.fail("began to train"))
    with pytest.raises(ValueError, match="orbits follow the inputs of 2500 rows"):
        LyapunovSpectrum(ChaoticRNNRegressor(**SETTINGS)).fit(TRAIN)


def test_fits_are_judged_by_what_forecasts_with_these_inputs_do(trained):
    job = prepare(clone(trained), TRAIN)
    validation, n = Validation.of(job.plan, job.series), trained.n_context_
    engine, columns = trained._engine(), ["low", "high", "wind"]
    scaled = ((TRAIN - TRAIN.mean()) / TRAIN.std(ddof=0))[columns].to_numpy()
    ahead = validation.ahead
    first = np.flatnonzero(np.isclose(scaled, ahead[0, 0]).all(axis=1))[0]
    np.testing.assert_allclose(ahead[0], scaled[first : first + ahead.shape[1]])
    given = TRAIN.to_numpy()
    run = trained.forecast(
        10, TRAIN[first : first + n], future_inputs=given[first + n : first + n + 10, [1]]
    )
    run = ((run - TRAIN.mean()) / TRAIN.std(ddof=0))[["low", "high"]].to_numpy()
    one = replace(validation, ahead=ahead[:1])
    wanted = np.mean((run - ahead[0, n:, :2]) ** 2)
    model = Stack.of([engine.model.float()]).model
    assert forecast_errors([one], model) == pytest.approx([wanted], rel=1e-4)
    for window, inputs in zip(validation.windows, validation.inputs, strict=True):
        last = np.flatnonzero(np.isclose(scaled[:, :2], window[-1]).all(axis=1))[0]
        np.testing.assert_allclose(inputs[:, 0], scaled[last : last + len(inputs), 2])
    rows, inputs = _run_starts(engine, job.series, job.series.numbers(n - 1)[:3])
    for window, of_run in zip(rows, inputs, strict=True):
        last = np.flatnonzero((given == window[-1]).all(axis=1))[0]
        np.testing.assert_allclose(of_run[:, 0], scaled[last : last + len(of_run), 2], rtol=1e-6)


def test_a_model_may_rest_where_its_inputs_do():
    pushes = np.zeros(1000)
    pushes[[100, 500, 950]] = 1.0
    level = lfilter([0, 1.0], [1, -0.9], pushes)
    rows = np.column_stack([level, pushes])
    settings = SETTINGS | {"input_columns": 1, "max_iter": 300}
    model = ChaoticRNNRegressor(**settings).fit(rows)
    assert model.validation_floor_ < 5
    assert model.reconstruction_report_["regime"] != "fixed point"


def test_targets_beside_inputs():
    y = FRAME["low"] - FRAME["wind"]
    model = ChaoticRNNRegressor(**SETTINGS | {"max_iter": 800}).fit(TRAIN, y[:1200])
    assert model.predict(TEST).shape == (300,)
    assert model.score(TEST, y[1200:]) > 0.9


def test_noise_beside_inputs():
    settings = SETTINGS | {"process_noise": True, "forcing_interval": "auto", "max_iter": 300}
    rng = np.random.default_rng(1)
    rows = FRAME.to_numpy() + [0.3, 0, 0.3] * rng.standard_normal((1500, 3))
    model = ChaoticRNNRegressor(**settings | {"input_columns": 1}).fit(rows[:1200])
    assert model.process_noise_.shape == (2,)
    run = model.forecast(300, future_inputs=rows[1200:, 1])
    assert run.shape == (300, 3)
    assert np.corrcoef(run[:, 0], rows[1200:, 0])[0, 1] > 0.5
    assert model.reconstruction_report_["regime"] == "driven by noise"


def test_groups_and_identity_and_generalized_forcing_take_inputs():
    settings = SETTINGS | {"cell": "plrnn", "state_inference": "identity", "input_columns": [1]}
    groups = np.repeat(["a", "b"], 750)
    for forcing in ("sparse", "generalized"):
        model = ChaoticRNNRegressor(forcing=forcing, **settings)
        model.fit(FRAME.to_numpy(), groups=groups)
        assert model.forecast(4, future_inputs=np.zeros((4, 1))).shape == (4, 3)


def test_an_input_may_rest_and_one_that_moves_then_was_never_seen():
    model = ChaoticRNNRegressor(**SETTINGS).fit(TRAIN.assign(wind=0.0))
    assert model.scale_[1] == 1.0
    with pytest.warns(ExtrapolationWarning, match="Input 'wind' .* fitted on 0 to 0"):
        run = model.forecast(3, future_inputs=TEST[:3])
    assert np.isfinite(run).all(axis=None)


def test_inputs_and_contexts_far_outside_the_training_rows_are_announced(trained):
    wind = TRAIN["wind"]
    reach = wind.max() - wind.min()
    near, far = (TEST[:3].assign(wind=wind.max() + part * reach) for part in (0.09, 0.11))
    trained.forecast(3, future_inputs=near)  # warnings are errors in tests
    with pytest.warns(ExtrapolationWarning, match="Input 'wind'"):
        trained.forecast(3, future_inputs=far)
    context = TRAIN[-trained.n_context_ :].copy()
    context.iloc[-1, 0] = TRAIN.iloc[:, 0].max() + 1.01 * np.ptp(TRAIN.iloc[:, 0])
    with pytest.warns(ExtrapolationWarning, match="Column 'low'"):
        trained.forecast(3, context, future_inputs=TEST)


def test_noise_beside_inputs_is_announced_with_what_else_it_could_be():
    settings = SETTINGS | {"process_noise": "auto", "forcing_interval": "auto"}
    with pytest.warns(NotChaoticWarning, match="The inputs were not considered"):
        ChaoticRNNRegressor(**settings).fit(TRAIN)


def test_warm_start_keeps_the_inputs():
    model = ChaoticRNNRegressor(warm_start=True, **SETTINGS).fit(TRAIN)
    model.fit(TRAIN)
    with pytest.raises(ValueError, match=r"inputs were the columns at \[1\], and now they are at"):
        model.set_params(input_columns="low").fit(TRAIN)


@pytest.mark.parametrize(
    ("input_columns", "message"),
    [
        ("rain", r"no column\(s\) \['rain'\]: its columns are \['low', 'wind', 'high'\]"),
        ([0], r"no column\(s\) \[0\]"),
        (["wind", "wind"], "names a column twice"),
        (["low", "wind", "high"], "leaves none to predict"),
        ([False, True, False], "is a mask"),
        (("a", "b"), r"no column\(s\) \[\('a', 'b'\)\]"),
    ],
)
def test_inputs_that_are_no_columns(input_columns, message):
    with pytest.raises(ValueError, match=message):
        ChaoticRNNRegressor(**SETTINGS | {"input_columns": input_columns}).fit(TRAIN)


def test_inputs_of_the_last_row_may_be_missing(trained):
    # As where inputs were shifted to the row before, since they act within a row.
    known = TEST[:4].copy()
    known.loc[known.index[-1], "wind"] = np.nan
    run, whole = (trained.forecast(4, future_inputs=rows) for rows in (known, TEST[:4]))
    assert run[["low", "high"]].equals(whole[["low", "high"]])
    assert run["wind"].isna().tolist() == [False, False, False, True]
    contexts = np.repeat(TEST[:50].to_numpy()[None], 2, axis=0)
    inputs = np.zeros((2, 4, 1))
    inputs[1, 2] = np.inf
    with pytest.raises(ValueError, match="first in row 2 of context 1, 'wind'"):
        trained.forecast(4, contexts, future_inputs=inputs)


@pytest.mark.parametrize(
    ("future_inputs", "message"),
    [
        (
            None,
            r"The columns \['wind'\] are inputs: give future_inputs, what they are in the 4 rows",
        ),
        (TEST[:4][["low"]], r"future_inputs have no column\(s\) \['wind'\]"),
        (TEST[:3], r"lack 1 of the 4 row\(s\) to come, .* Timestamp\('2026-02-20 03:00:00'"),
        (TEST[1:5], r"lack 1 of the 4 row\(s\) to come, .* Timestamp\('2026-02-20 00:00:00'"),
        (TEST[:0], "lack 4 .* future_inputs are empty"),
        (TEST.tz_localize("UTC"), r"lack 4 .* 03:00:00 \(datetime64\[\w+\]\), and .*UTC"),
        (TEST.to_period("h"), r"lack 4 .* \(period\[h\]\)"),
        (TEST.reset_index(drop=True), r"lack 4 .* 0 to 299 \(int64\)"),
        (TEST[::-1], "out of order or has repeats"),
        (pd.concat([TEST[:2], TEST[1:4]]), "out of order or has repeats"),
        (np.zeros((4, 2)), r"shape \(4, 2\)"),
        (np.full((4, 1), np.nan), "3 value.* missing or not finite, the first in row 0, 'wind'"),
        (np.zeros((2, 4, 1)), r"shape \(2, 4, 1\)"),
        (TEST["wind"][1:5], r"lack 1 of the 4 row\(s\) to come"),
        (
            TEST.where(TEST["wind"] != TEST["wind"].iloc[2]),
            "first in row 2, 'wind'. Only those",
        ),
        (TEST["low"][:4], r"future_inputs have no column\(s\) \['wind'\]"),
    ],
)
def test_future_inputs_that_are_not_those_of_the_rows_to_come(trained, future_inputs, message):
    with pytest.raises(ValueError, match=message):
        trained.forecast(4, future_inputs=future_inputs)


@pytest.mark.parametrize("step", [0.01, 0.1, 1 / 3, 2])
def test_rows_to_come_are_known_by_any_index(step):
    frame = FRAME.set_index(np.arange(1500) * step)
    model = ChaoticRNNRegressor(**SETTINGS).fit(frame[:1200])
    assert len(model.forecast(48, future_inputs=frame[1200:1248])) == 48
    assert len(model.forecast(48, future_inputs=frame["wind"][1200:1248].rename(None))) == 48
    with pytest.raises(ValueError, match=r"lack 1 of the 48 row\(s\) to come"):
        model.forecast(48, future_inputs=frame[1201:1249])
    named = frame[1200:1248].set_index(np.array([f"row {i:02}" for i in range(48)]))
    with pytest.raises(ValueError, match=r"lack 48 .* row 00 to row 47"):
        model.forecast(48, future_inputs=named)


def test_rows_to_come_are_picked_from_a_frame_by_its_index(trained):
    of_the_next = trained.forecast(4, future_inputs=TEST[:4])
    every = FRAME.assign(wind=FRAME["wind"].where(FRAME.index < TEST.index[4]))  # nan after them
    assert trained.forecast(4, future_inputs=every).equals(of_the_next)
    assert trained.forecast(4, future_inputs=every["wind"]).equals(of_the_next)
    assert trained.forecast(4, TEST[:50], future_inputs=FRAME).index.equals(TEST.index[50:54])


def test_rows_to_come_may_be_in_another_time_zone():
    utc = FRAME.tz_localize("UTC")
    model = ChaoticRNNRegressor(**SETTINGS).fit(utc[:1200])
    there = utc[1200:].tz_convert("Asia/Tokyo")
    run = model.forecast(4, future_inputs=there)
    assert run.equals(model.forecast(4, future_inputs=utc[1200:1204]))


def test_where_there_are_no_inputs_none_are_taken():
    model = ChaoticRNNRegressor(**SETTINGS | {"input_columns": None}).fit(TRAIN)
    assert model.input_columns_.tolist() == []
    with pytest.raises(ValueError, match="no columns are inputs"):
        model.forecast(3, future_inputs=np.zeros((3, 1)))


def test_a_transformer_changes_the_other_columns_alone():
    model, bend = ChaoticRNNRegressor(**SETTINGS), FunctionTransformer(np.arcsinh, np.sinh)
    wrapped = TransformedForecaster(model, bend).fit(TRAIN)
    bent = TRAIN.assign(low=np.arcsinh(TRAIN["low"]), high=np.arcsinh(TRAIN["high"]))
    plain = clone(model).fit(bent)
    expected = plain.forecast(40, future_inputs=TEST)
    expected = expected.assign(low=np.sinh(expected["low"]), high=np.sinh(expected["high"]))
    pd.testing.assert_frame_equal(wrapped.forecast(40, future_inputs=TEST), expected)
    np.testing.assert_allclose(wrapped.predict(TRAIN), np.sinh(plain.predict(bent)))
    contexts = np.stack([TRAIN[i : i + 50] for i in (0, 300)])
    inputs = np.stack([TRAIN[["wind"]][i + 50 : i + 60] for i in (0, 300)])
    runs = wrapped.forecast(10, contexts, future_inputs=inputs)
    one = wrapped.forecast(10, TRAIN[300:350], future_inputs=TRAIN)
    np.testing.assert_allclose(runs[1], one)
    with pytest.raises(ValueError, match="are inputs: give future_inputs"):
        wrapped.forecast(3)


def test_a_transformer_sees_no_inputs():
    names = []

    def note(rows):
        names.append(list(rows.columns))
        return rows

    noted = FunctionTransformer(note, lambda rows: rows)
    search = ChaoticRNNRegressorCV(ChaoticRNNRegressor(**SETTINGS), {"n_hidden": [12]}, cv=2)
    wrapped = TransformedForecaster(search, noted).fit(TRAIN)
    assert ["low", "wind", "high"] not in names
    assert ["low", "high"] in names
    assert wrapped.forecaster_.best_estimator_.input_columns_.tolist() == [2]
    assert wrapped.forecast(5, future_inputs=TEST).columns.tolist() == ["low", "wind", "high"]


def test_inputs_of_a_fitted_forecaster_are_refused(trained):
    with pytest.raises(ValueError, match="give it unfitted"):
        TransformedForecaster(FrozenEstimator(trained), FunctionTransformer()).fit(TRAIN)


@pytest.mark.parametrize("drawn", ["ForecastDisplay", "AttractorDisplay"])
def test_pictures_show_what_is_forecast(trained, drawn):
    pytest.importorskip("matplotlib")
    from matplotlib import pyplot as plt

    from skchaos import plotting

    draw = getattr(plotting, drawn).from_estimator
    assert draw(trained, TEST).feature_names == ["low", "high"]
    assert draw(trained, TEST, columns=["low", "wind"]).feature_names == ["low", "wind"]
    plt.close("all")


def test_a_grid_of_intervals_is_that_of_the_other_columns():
    X = pd.DataFrame(make_lorenz63(3000, random_state=0), columns=["x", "y", "z"])
    noise = np.random.default_rng(0).standard_normal((3000, 2))
    driven = X.assign(wind=noise[:, 0], rain=noise[:, 1])
    wanted = forcing_interval_grid(X)
    assert forcing_interval_grid(driven, input_columns=["rain", "wind"]) == wanted
    assert forcing_interval_grid(driven) != wanted
    with pytest.raises(ValueError, match="no column"):
        forcing_interval_grid(X, input_columns="wind")
