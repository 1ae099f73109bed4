"""TransformedForecaster: forecasts in original units."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skchaos import ChaoticRNNRegressor, TransformedForecaster
from skchaos.datasets import make_lorenz63
from tests.test_regressor import NEEDS_MEMORY, NEEDS_TARGET, QUICK

RNN = ChaoticRNNRegressor(**QUICK)


# Its score ignores y as well, so the two checks of score pass.
EXPECTED_FAILURES = NEEDS_MEMORY | {
    name: reason
    for name, reason in NEEDS_TARGET.items()
    if name not in ("check_fit_score_takes_y", "check_pipeline_consistency")
}


@pytest.mark.filterwarnings("ignore::skchaos.exceptions.NotChaoticWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [TransformedForecaster(ChaoticRNNRegressor(max_iter=5, random_state=0), StandardScaler())],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
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


def test_parts_are_checked(frame):
    with pytest.raises(ValueError, match="forecaster"):
        TransformedForecaster(LinearRegression(), StandardScaler()).fit(frame)
    with pytest.raises(ValueError, match="transformer"):
        TransformedForecaster(RNN, LinearRegression()).fit(frame)
