"""TransformedForecaster: forecasts in original units."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import (
    FunctionTransformer,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)
from sklearn.utils.estimator_checks import parametrize_with_checks

from skchaos import ChaoticRNNRegressor, TransformedForecaster
from skchaos.baselines import DelayRidgeForecaster
from skchaos.datasets import make_lorenz63
from tests.test_regressor import NEEDS_MEMORY, QUICK

RNN = ChaoticRNNRegressor(**QUICK)


@pytest.mark.filterwarnings("ignore::skchaos.exceptions.NotChaoticWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [TransformedForecaster(ChaoticRNNRegressor(max_iter=5, random_state=0), StandardScaler())],
    expected_failed_checks=lambda estimator: NEEDS_MEMORY,
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def frame():
    index = pd.date_range("2024-03-01", periods=1200, freq="h", name="time")
    rows = make_lorenz63(1200, random_state=0) + 100
    return pd.DataFrame(rows, index=index, columns=["x", "y", "z"])


def test_identity_changes_nothing(frame):
    plain = ChaoticRNNRegressor(**QUICK).fit(frame)
    wrapped = TransformedForecaster(RNN, FunctionTransformer(validate=False)).fit(frame)
    pd.testing.assert_frame_equal(wrapped.forecast(5), plain.forecast(5))
    assert_array_equal(wrapped.predict(frame), plain.predict(frame))
    assert wrapped.score(frame) == plain.score(frame)


def test_forecast_is_the_inverse_of_the_inner_forecast(frame):
    log = FunctionTransformer(np.log, np.exp, feature_names_out="one-to-one")
    wrapped = TransformedForecaster(RNN, log).fit(frame)
    inner = ChaoticRNNRegressor(**QUICK).fit(np.log(frame))
    pd.testing.assert_frame_equal(wrapped.forecast(5), np.exp(inner.forecast(5)))
    pd.testing.assert_frame_equal(
        wrapped.forecast(5, frame[:300]), np.exp(inner.forecast(5, np.log(frame[:300])))
    )


def test_fewer_inner_columns_come_back_as_the_outer_ones(frame):
    wrapped = TransformedForecaster(RNN, PCA(2)).fit(frame)
    forecast = wrapped.forecast(4)
    assert forecast.columns.equals(frame.columns)
    assert forecast.index[0] == frame.index[-1] + pd.Timedelta("1h")
    assert wrapped.predict(frame).shape == frame.shape


def test_many_contexts(frame):
    wrapped = TransformedForecaster(RNN, StandardScaler()).fit(frame.to_numpy())
    contexts = np.stack([frame.to_numpy()[:100], frame.to_numpy()[50:150]])
    many = wrapped.forecast(6, contexts)
    assert_allclose(many[1], wrapped.forecast(6, contexts[1]), rtol=1e-9)


def test_names_reach_the_transformer_from_arrays_too(frame):
    wrapped = TransformedForecaster(RNN, StandardScaler()).fit(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # "X does not have valid feature names"
        run = wrapped.forecast(3, np.stack([frame.to_numpy()[:100]] * 2))
    assert_allclose(run[0], wrapped.forecast(3, frame[:100]), rtol=1e-9)
    by_name = FunctionTransformer(lambda X: X[["x", "y", "z"]])
    wrapped = TransformedForecaster(RNN, by_name).fit(frame)
    assert wrapped.predict(frame).shape == wrapped.forecast(1200, frame).shape


def test_target_is_read_out_and_not_transformed(frame):
    y = frame["x"] - 50
    wrapped = TransformedForecaster(RNN, StandardScaler()).fit(frame, y)
    inner = ChaoticRNNRegressor(**QUICK).fit(StandardScaler().fit_transform(frame), y)
    predicted = inner.predict(StandardScaler().fit_transform(frame))
    assert_allclose(wrapped.predict(frame), predicted, rtol=1e-9)
    assert wrapped.forecast(2).shape == (2, 3)


def test_target_of_a_forecaster_that_takes_none_is_the_next_row(frame):
    wrapped = TransformedForecaster(DelayRidgeForecaster(), StandardScaler()).fit(frame, frame["x"])
    predicted = wrapped.predict(frame)
    assert_allclose(predicted[100:-1], frame.to_numpy()[101:], rtol=0.01)


def test_context_does_not_reach_into_another_trajectory(frame):
    groups = np.repeat([0, 1], [1197, 3])
    windowed = clone(RNN).set_params(n_delays=5)
    wrapped = TransformedForecaster(windowed, StandardScaler()).fit(frame, groups=groups)
    with pytest.raises(ValueError, match=r"3 row\(s\)"):
        wrapped.forecast(2)


def test_clock_is_that_of_the_forecaster(frame):
    wrapped = TransformedForecaster(clone(RNN).set_params(dt=0.01), StandardScaler()).fit(frame)
    assert wrapped.predictability_time_ == wrapped.forecaster_.predictability_time_
    assert wrapped.dt_ == 0.01


def test_index_is_read(frame):
    wrapped = TransformedForecaster(RNN, StandardScaler())
    with pytest.raises(ValueError, match="without holes"):
        wrapped.fit(frame.drop(index=frame.index[7]))
    wrapped.fit(frame)
    with pytest.raises(ValueError, match="one time step"):
        wrapped.forecast(2, frame.iloc[::2])


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (FunctionTransformer(np.log), "does not undo"),
        (
            FunctionTransformer(np.log, lambda X: np.exp(X) + 1, check_inverse=False),
            "does not undo",
        ),
        (FunctionTransformer(lambda X: np.where(X > 100, X, np.nan)), "not finite"),
    ],
)
def test_a_transformer_must_be_undone(frame, transformer, message):
    with pytest.raises(ValueError, match=message):
        TransformedForecaster(RNN, transformer).fit(frame)


@pytest.mark.parametrize(
    "transformer", [PowerTransformer(), QuantileTransformer(n_quantiles=200), PCA(2)]
)
def test_transformers_of_all_kinds_are_taken(frame, transformer):
    forecaster = clone(RNN).set_params(process_noise=False)  # ten updates make a model that dies
    assert TransformedForecaster(forecaster, transformer).fit(frame).forecast(2).shape == (2, 3)


def test_parts_are_checked(frame):
    with pytest.raises(ValueError, match="forecaster"):
        TransformedForecaster(LinearRegression(), StandardScaler()).fit(frame)
    with pytest.raises(ValueError, match="transformer"):
        TransformedForecaster(RNN, LinearRegression()).fit(frame)
