import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from skchaos.baselines import (
    DelayRidgeForecaster,
    EchoStateForecaster,
    MeanForecaster,
    PersistenceForecaster,
    PolynomialMapForecaster,
)
from skchaos.exceptions import DivergenceWarning
from skchaos.metrics import DYNAMICS_SCORERS


def _iterate(step, start, n_rows):
    rows = [np.asarray(start, dtype=float)]
    for _ in range(n_rows - 1):
        rows.append(np.asarray(step(rows[-1])))
    return np.array(rows).reshape(n_rows, -1)


LOGISTIC = _iterate(lambda x: 3.9 * x * (1 - x), 0.3, 400)
CUBIC = _iterate(lambda x: 2.7 * x - x**3, 0.3, 400)
HENON = _iterate(lambda x: [1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]], [0.1, 0.1], 400)
SINE = np.sin(0.3 * np.arange(400))[:, None] + 5


def _small_echo_state(**settings):
    """Return one that fits in milliseconds."""
    pytest.importorskip("reservoirpy")
    few = {"spectral_radii": [0.9], "leak_rates": [1.0], "input_scalings": [0.2, 0.5]}
    return EchoStateForecaster(40, **{"washout": 30, "random_state": 0, **few, **settings})


MAKERS = {
    "mean": MeanForecaster,
    "persistence": PersistenceForecaster,
    "polynomial": PolynomialMapForecaster,
    "ridge": DelayRidgeForecaster,
    "echo_state": _small_echo_state,
}


@pytest.fixture(params=MAKERS)
def forecaster(request):
    return MAKERS[request.param]()


NO_TARGET = "y is ignored: the target of a row is the next row"
MEMORY = "a prediction is of the rows before it too"


def expected_failures(estimator):
    names = [
        *("check_fit_score_takes_y", "check_pipeline_consistency", "check_regressors_train"),
        *("check_supervised_y_2d", "check_supervised_y_no_nan"),
    ]
    failures = dict.fromkeys(names, NO_TARGET)
    if getattr(estimator, "n_delays", 1) != 1:
        names = ["check_methods_sample_order_invariance", "check_methods_subset_invariance"]
        failures |= dict.fromkeys(names, MEMORY)
    return failures


# The checks fit as few as ten rows, which have room for small maps alone: an echo state network
# refuses them, by a message that is looked at below.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [
        MeanForecaster(),
        PersistenceForecaster(),
        PolynomialMapForecaster(degree=1, n_delays=1),
        DelayRidgeForecaster(n_delays=2),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


# ------------------------------------------------------------------------------ exact solutions
@pytest.mark.parametrize("rows", [LOGISTIC, CUBIC, HENON], ids=["logistic", "cubic", "henon"])
def test_polynomial_map_finds_a_polynomial_map(rows):
    model = PolynomialMapForecaster(n_delays=1).fit(rows[:300])
    np.testing.assert_allclose(model.predict(rows[300:-1]), rows[301:], atol=1e-10)
    np.testing.assert_allclose(model.forecast(10), rows[300:310], atol=1e-7)


def test_degree_limits_the_polynomial():
    too_low = PolynomialMapForecaster(degree=2, n_delays=1).fit(CUBIC)
    assert np.abs(too_low.predict(CUBIC[:-1]) - CUBIC[1:]).max() > 0.1


def test_automatic_delays_of_the_polynomial_map_serve_one_column_only():
    assert PolynomialMapForecaster().fit(LOGISTIC).n_context_ == 4
    assert PolynomialMapForecaster().fit(HENON).n_context_ == 1


def test_delay_ridge_finds_a_sine():
    # x(t + 1) = 2 cos(w) x(t) - x(t - 1), linear in two rows; the penalty leaves an error of 1e-6.
    model = DelayRidgeForecaster(n_delays=2, alphas=[1e-10]).fit(SINE[:300])
    np.testing.assert_allclose(model.forecast(100), SINE[300:], atol=1e-5)


def test_delay_ridge_chooses_the_window_that_the_series_needs():
    # A map of the row eight steps before: shorter windows than 12 do not hold it.
    rows = np.random.RandomState(0).uniform(size=(600, 1))
    for t in range(8, len(rows)):
        rows[t] = 3.9 * rows[t - 8] * (1 - rows[t - 8])
    model = DelayRidgeForecaster().fit(rows)
    assert model.n_delays_ in (8, 12, 16)
    np.testing.assert_allclose(model.predict(rows[:-1])[20:], rows[21:], atol=1e-3)


def test_delay_ridge_shrinks_where_the_rows_are_noise():
    noise = np.random.RandomState(0).standard_normal((300, 1))
    assert DelayRidgeForecaster(n_delays=8).fit(noise).alpha_ > 1
    assert DelayRidgeForecaster(n_delays=8).fit(SINE).alpha_ < 1e-4


def test_mean():
    model = MeanForecaster().fit(HENON)
    expected = np.tile(HENON.mean(axis=0), (7, 1))
    np.testing.assert_allclose(model.forecast(7), expected, atol=1e-12)
    np.testing.assert_allclose(model.predict(HENON[:7]), expected, atol=1e-12)


def test_persistence():
    model = PersistenceForecaster().fit(HENON[:300])
    np.testing.assert_allclose(model.forecast(4), np.tile(HENON[299], (4, 1)), atol=1e-12)
    np.testing.assert_allclose(model.predict(HENON[300:]), HENON[300:], atol=1e-12)


# ----------------------------------------------------------------------------- echo state network
def test_echo_state_is_determined_by_its_seed():
    runs = [_small_echo_state(random_state=s).fit(HENON).forecast(20) for s in (0, 0, 1)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.abs(runs[0] - runs[2]).max() > 1e-6


def test_echo_state_runs_as_reservoirpy_does():
    model = _small_echo_state(leak_rates=[0.3]).fit(HENON)
    from reservoirpy.nodes import Reservoir

    reservoir = Reservoir(
        lr=model.leak_rate_, W=model.recurrent_weight_, Win=model.input_weight_, bias=model.bias_
    )
    rows = (HENON - model.mean_) / model.scale_
    settling = np.repeat(rows[:1], model.washout, axis=0)
    expected = reservoir.run(np.concatenate([settling, rows]))[model.washout :]
    np.testing.assert_allclose(model._states(rows[None])[0, :, 2:], expected, atol=1e-12)


def test_echo_state_readout_is_ridge_regression():
    model = _small_echo_state(alphas=[1e-3]).fit(HENON)
    rows = (HENON - model.mean_) / model.scale_
    states = model._states(rows[None])[0, model.washout : -1]
    with_one = np.column_stack([np.ones(len(states)), states])
    ridge = Ridge(1e-3 * len(states), fit_intercept=False).fit(with_one, rows[model.washout + 1 :])
    np.testing.assert_allclose(model.coef_, ridge.coef_[:, 1:], atol=1e-8)
    np.testing.assert_allclose(model.intercept_, ridge.coef_[:, 0], atol=1e-8)


def test_echo_state_learns_and_keeps_the_best_candidate():
    model = _small_echo_state(alphas=[1e-8, 1e2]).fit(LOGISTIC)
    assert model.alpha_ == 1e-8  # the other is a penalty that leaves nothing but the mean
    assert model.valid_steps_ > 3
    assert np.abs(model.predict(LOGISTIC[:-1])[50:] - LOGISTIC[51:]).mean() < 0.05


def test_echo_state_needs_reservoirpy(monkeypatch):
    monkeypatch.setitem(sys.modules, "reservoirpy.nodes", None)
    with pytest.raises(ImportError, match=r"skchaos\[examples\]"):
        EchoStateForecaster().fit(HENON)


# ------------------------------------------------------------------------------------- contract
def test_many_contexts_agree_with_one(forecaster):
    forecaster.fit(HENON[:300])
    contexts = np.stack([HENON[a : a + 40] for a in (250, 300, 340)])
    together = forecaster.forecast(6, X=contexts)
    assert together.shape == (3, 6, 2)
    for context, run in zip(contexts, together, strict=True):
        np.testing.assert_allclose(forecaster.forecast(6, X=context), run, atol=1e-12)
        only_needed = context[-forecaster.n_context_ :]
        np.testing.assert_array_equal(
            forecaster.forecast(6, X=context), forecaster.forecast(6, X=only_needed)
        )


def test_no_context_is_the_end_of_the_training_rows(forecaster):
    forecaster.fit(HENON)
    np.testing.assert_array_equal(forecaster.forecast(5), forecaster.forecast(5, X=HENON))


def test_first_step_of_a_forecast_is_the_last_prediction(forecaster):
    forecaster.fit(HENON)
    # The echo state network sees 400 rows in one case, and the last 30 in the other.
    np.testing.assert_allclose(
        forecaster.forecast(1, X=HENON)[0], forecaster.predict(HENON)[-1], atol=1e-3
    )


def test_predictions_use_no_later_row(forecaster):
    forecaster.fit(HENON)
    whole = forecaster.predict(HENON)
    assert whole.shape == HENON.shape
    np.testing.assert_allclose(forecaster.predict(HENON[:17]), whole[:17], atol=1e-12)


def test_units_do_not_matter(forecaster):
    run = forecaster.fit(HENON).forecast(5)
    scaled = clone(forecaster).fit(1024 * HENON).forecast(5)  # a power of two: no rounding
    np.testing.assert_array_equal(scaled, 1024 * run)


def test_frames_go_on_by_their_index(forecaster):
    index = pd.date_range("2024-02-28", periods=400, freq="6h", name="when")
    frame = pd.DataFrame(HENON, columns=["a", "b"], index=index)
    forecast = forecaster.fit(frame).forecast(2)
    assert list(forecast.index) == list(index[-1] + pd.to_timedelta([6, 12], "h"))
    assert list(forecast.columns) == ["a", "b"]
    pd.testing.assert_frame_equal(forecast, forecaster.forecast(2, X=frame))


def test_scorers_take_them(forecaster):
    forecaster.fit(HENON[:250])
    for scorer in DYNAMICS_SCORERS.values():
        assert np.isfinite(scorer(forecaster, HENON[250:]))


# ------------------------------------------------------------------------------------- bad luck
def test_a_run_that_leaves_is_inf_from_there_on():
    model = PolynomialMapForecaster(n_delays=1).fit(LOGISTIC)
    far = np.array([[[0.5]], [[2.0]]])  # the second is outside of the basin
    with pytest.warns(DivergenceWarning, match="1000 standard deviations"):
        runs = model.forecast(30, X=far)
    assert np.isfinite(runs[0]).all()
    n_finite = np.isfinite(runs[1]).sum()
    assert 0 < n_finite < 15
    assert np.isposinf(runs[1][n_finite:]).all()


def test_short_context_says_how_many_rows_are_needed():
    model = DelayRidgeForecaster(n_delays=8).fit(SINE)
    with pytest.raises(ValueError, match=r"3 row\(s\).*n_context_=8"):
        model.forecast(2, X=SINE[:3])
    with pytest.raises(ValueError, match="contexts of 2 columns"):
        model.forecast(2, X=np.zeros((1, 9, 2)))


def test_too_many_terms_are_refused():
    with pytest.raises(ValueError, match=r"3276 terms.*smaller n_delays or degree"):
        PolynomialMapForecaster().fit(np.random.RandomState(0).standard_normal((50, 25)))


@pytest.mark.parametrize(
    ("forecaster", "needed"),
    [
        (PolynomialMapForecaster(degree=1, n_delays=30), 32),
        (DelayRidgeForecaster(), 100),
        (EchoStateForecaster(), 300),
    ],
    ids=["polynomial", "ridge", "echo_state"],
)
def test_too_few_rows_say_how_many_are_needed(forecaster, needed):
    with pytest.raises(ValueError, match=rf"20 row\(s\).*at least {needed}"):
        forecaster.fit(SINE[:20])


def test_n_steps_is_checked(forecaster):
    forecaster.fit(HENON)
    with pytest.raises(ValueError, match="n_steps == 0, must be >= 1"):
        forecaster.forecast(0)
