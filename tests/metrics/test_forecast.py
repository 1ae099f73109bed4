import numpy as np
import pandas as pd
import pytest

from skchaos.metrics import prediction_error, valid_prediction_time

# Four steps whose standard deviation is 1, and errors that pass .4 at the third step.
TRUTH = np.array([[1.0], [-1.0], [1.0], [-1.0]])
ERRORS = np.array([[0.1], [-0.4], [0.41], [0.0]])


@pytest.fixture
def rng(global_random_seed):
    return np.random.RandomState(global_random_seed)


# -------------------------------------------------------------------------- valid prediction time
def test_vpt_by_hand():
    assert valid_prediction_time(TRUTH, TRUTH + ERRORS) == 2.0
    assert valid_prediction_time(TRUTH, TRUTH - ERRORS, dt=0.25) == 0.5
    assert valid_prediction_time(TRUTH, TRUTH + ERRORS, dt=0.25, lyapunov_exponent=0.8) == 0.4
    assert valid_prediction_time(TRUTH, TRUTH + ERRORS, threshold=0.3) == 1.0
    assert valid_prediction_time(TRUTH, TRUTH + ERRORS, scale=0.2) == 0.0
    assert valid_prediction_time(TRUTH, TRUTH + ERRORS, scale=10.0) == 4.0


def test_vpt_is_zero_where_the_first_step_is_wrong():
    assert valid_prediction_time(TRUTH, TRUTH + 0.5) == 0.0


def test_vpt_is_censored_at_the_length_of_the_forecast():
    assert valid_prediction_time(TRUTH, TRUTH, dt=0.5) == 2.0


def test_vpt_does_not_recover_after_a_miss():
    errors = np.array([[0.0], [9.0], [0.0], [0.0]])
    assert valid_prediction_time(TRUTH, TRUTH + errors) == 1.0


def test_vpt_takes_the_root_mean_over_columns():
    # Errors of .5 in one of two columns: sqrt(.25 / 2) = .354, within .4; of .6: .424, beyond.
    truth = np.hstack([TRUTH, 7 * TRUTH])
    for column, scale in ((0, 1.0), (1, 7.0)):
        error = np.zeros_like(truth)
        error[1:, column] = 0.5 * scale
        assert valid_prediction_time(truth, truth + error) == 4.0
        error[1:, column] = 0.6 * scale
        assert valid_prediction_time(truth, truth + error) == 1.0


def test_vpt_of_several_starts():
    truth = np.stack([TRUTH, TRUTH, TRUTH])
    errors = np.stack([np.ones((4, 1)), ERRORS, 0 * ERRORS])
    times = valid_prediction_time(truth, truth + errors, dt=0.5, average=None)
    np.testing.assert_array_equal(times, [0.0, 1.0, 2.0])
    assert valid_prediction_time(truth, truth + errors) == 2.0
    assert valid_prediction_time(truth, truth + errors[[0, 2, 2]], average="mean") == 8 / 3
    assert isinstance(valid_prediction_time(truth, truth), float)


def test_vpt_of_an_exponential_separation():
    # An error of e0 exp(lambda t) reaches theta after ln(theta / e0) / lambda: 4.61 Lyapunov times.
    exponent, dt = 0.9, 0.01
    truth = np.tile([[1.0], [-1.0]], (1000, 1))
    error = 0.004 * np.exp(exponent * dt * np.arange(1, 2001))[:, None]
    time = valid_prediction_time(truth, truth + error, dt=dt, lyapunov_exponent=exponent)
    assert time == pytest.approx(np.log(100), abs=exponent * dt)


@pytest.mark.parametrize("units", [1e-200, 1e-3, 1e200])
def test_units_do_not_matter(rng, units):
    truth, errors = rng.standard_normal((2, 5, 20, 3))
    forecast = truth + 0.3 * errors
    assert valid_prediction_time(units * truth, units * forecast) == valid_prediction_time(
        truth, forecast
    )
    assert prediction_error(units * truth, units * forecast) == pytest.approx(
        prediction_error(truth, forecast), rel=1e-9
    )
    scale = np.array([1.0, 2.0, 3.0])
    assert prediction_error(units * truth, units * forecast, scale=units * scale) == pytest.approx(
        prediction_error(truth, forecast, scale=scale), rel=1e-9
    )


def test_runaway_forecasts_are_finite():
    runaway = TRUTH + np.array([[0.0], [0.0], [1e308], [1e308]])
    assert valid_prediction_time(TRUTH, runaway) == 2.0
    assert np.isfinite(prediction_error(TRUTH, TRUTH + 1e308))


# ------------------------------------------------------------------------------- prediction error
def test_prediction_error_by_hand():
    truth = np.array([[[1.0, 2.0], [-1.0, -2.0]], [[-1.0, -2.0], [1.0, 2.0]]])
    errors = np.array([[[0.3, 0.8], [0.0, 0.0]], [[0.3, 0.8], [0.0, 2.0]]])
    # First step: ((.3)^2 + (.8 / 2)^2) / 2 = .125. Second: one of four is off by one deviation.
    assert prediction_error(truth, truth + errors, n_steps=1) == pytest.approx(np.sqrt(0.125))
    assert prediction_error(truth, truth + errors, n_steps=2) == pytest.approx(0.5)
    assert prediction_error(truth, truth - errors) == pytest.approx(0.5)
    assert prediction_error(truth, truth) == 0.0


def test_prediction_error_of_the_mean_is_one(rng):
    truth = rng.standard_normal((400, 1, 2))
    mean = np.broadcast_to(truth.mean(axis=0), truth.shape)
    assert prediction_error(truth, mean) == pytest.approx(1.0)
    shuffled = truth[rng.permutation(400)]
    assert prediction_error(truth, shuffled) == pytest.approx(np.sqrt(2), rel=0.1)


def test_one_step_error_of_aligned_rows(rng):
    truth, errors = rng.standard_normal((2, 100, 2))
    expected = np.sqrt(((errors / truth.std(axis=0)) ** 2).mean())
    assert prediction_error(truth[:, None], (truth + errors)[:, None]) == pytest.approx(expected)


# -------------------------------------------------------------------------------------- bad input
@pytest.mark.parametrize("metric", [valid_prediction_time, prediction_error])
def test_bad_arrays(metric):
    with pytest.raises(ValueError, match=r"shape \(4, 1\) and X_pred has shape \(3, 1\)"):
        metric(TRUTH, TRUTH[:3])
    with pytest.raises(ValueError, match="must be equal"):
        metric(TRUTH[None, None], TRUTH[None, None])
    with pytest.raises(ValueError, match="X_pred contains NaN"):
        metric(TRUTH, np.nan * TRUTH)
    with pytest.raises(ValueError, match="1D array"):
        metric(TRUTH[:, 0], TRUTH[:, 0])
    with pytest.raises(ValueError, match=r"constant.*give scale="):
        metric(TRUTH[:1], TRUTH[:1])
    with pytest.raises(ValueError, match="reorder or rename"):
        metric(pd.DataFrame({"u": [1.0, 2.0]}), pd.DataFrame({"v": [1.0, 2.0]}))
    for scale in (0.0, [1.0, 2.0], np.nan):
        with pytest.raises(ValueError, match="scale"):
            metric(TRUTH, TRUTH, scale=scale)
    assert metric(TRUTH[:1], TRUTH[:1] + 3, scale=2.0) in (0.0, 1.5)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"dt": 0}, ValueError, "dt == 0, must be > 0"),
        ({"dt": "day"}, TypeError, "dt"),
        ({"threshold": -0.4}, ValueError, "threshold"),
        ({"lyapunov_exponent": -0.1}, ValueError, "lyapunov_exponent == -0.1, must be > 0"),
        ({"lyapunov_exponent": np.inf}, ValueError, "must be finite"),
        ({"average": "max"}, ValueError, "average='max' is not one of 'median', 'mean'"),
    ],
)
def test_bad_parameters_of_vpt(options, error, match):
    with pytest.raises(error, match=match):
        valid_prediction_time(TRUTH, TRUTH, **options)


def test_bad_horizon():
    with pytest.raises(ValueError, match="n_steps == 0, must be >= 1"):
        prediction_error(TRUTH, TRUTH, n_steps=0)
    with pytest.raises(ValueError, match=r"n_steps=5 is beyond the 4 step\(s\) given"):
        prediction_error(TRUTH, TRUTH, n_steps=5)


@pytest.mark.parametrize("metric", [valid_prediction_time, prediction_error])
def test_frames_must_be_of_the_same_times(metric):
    hours = pd.date_range("2024", periods=4, freq="h")
    true = pd.DataFrame(TRUTH[:4], index=hours)
    metric(true, true)
    metric(true, true.to_numpy())
    with pytest.raises(ValueError, match="same times"):
        metric(true, true.shift(freq="h"))
