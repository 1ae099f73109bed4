"""Cheap forecasters to hold beside the network.

All have the contract of :class:`ChaoticRNNRegressor`: rows are consecutive time steps, `predict` is
one step driven by data, and `forecast` runs free from a context, so the scorers of
:mod:`skchaos.metrics` take them. They standardise inside, and need no torch.
"""

from skchaos._baselines._base import MeanForecaster
from skchaos._baselines._echo_state import EchoStateForecaster
from skchaos._baselines._polynomial import DelayRidgeForecaster, PolynomialMapForecaster

__all__ = [
    "DelayRidgeForecaster",
    "EchoStateForecaster",
    "MeanForecaster",
    "PolynomialMapForecaster",
]
