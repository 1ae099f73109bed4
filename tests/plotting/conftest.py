import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_lorenz63


class Echo(RegressorMixin, BaseEstimator):
    """Forecasts the last row of the context plus the number of the step."""

    def __init__(self, forcing_interval="auto", n_hidden=1, random_state=None, dt=1.0):
        self.forcing_interval = forcing_interval
        self.n_hidden = n_hidden
        self.random_state = random_state
        self.dt = dt

    def fit(self, X, y=None):
        self.n_context_ = 3
        self.predictability_time_ = 20.5 * self.dt
        auto = self.forcing_interval == "auto"
        self.forcing_interval_ = 10 if auto else self.forcing_interval
        return self

    def predict(self, X):
        return np.asarray(X)

    def forecast(self, n_steps, X):
        assert len(X) >= self.n_context_
        return np.asarray(X)[-1] + np.arange(1, n_steps + 1)[:, None]


@pytest.fixture
def echo():
    return Echo(dt=0.5).fit(None)


@pytest.fixture(scope="session")
def lorenz():
    return make_lorenz63(500, as_frame=True, random_state=0)


@pytest.fixture(scope="session")
def hours():
    index = pd.date_range("2024-02-28", periods=240, freq="h", name="date")
    phase = 2 * np.pi * np.arange(240) / 24
    values = {"warm": np.sin(phase) + np.sin(1.618 * phase), "wet": np.cos(phase) - 3.0}
    return pd.DataFrame(values, index=index)


def small(**kwargs):
    settings = {"max_iter": 5, "n_hidden": 4, "forcing_interval": 10, "early_stopping": False}
    return ChaoticRNNRegressor(**{**settings, "random_state": 0, **kwargs})


@pytest.fixture(scope="session")
def lorenz_model(lorenz):
    return small(dt=0.01).fit(lorenz)


@pytest.fixture(scope="session")
def hourly_model(hours):
    return small().fit(hours)
