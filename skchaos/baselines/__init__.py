"""Cheap forecasters to hold beside the network.

All have the contract of :class:`~skchaos.ChaoticRNNRegressor`: rows are consecutive time steps,
`predict` is one step driven by data, and `forecast` runs free from a context, so the scorers of
:mod:`skchaos.metrics` and grid searches take them. They standardise inside, and need no torch.
"""

from skchaos.baselines._base import MeanForecaster, PersistenceForecaster
from skchaos.baselines._echo_state import EchoStateForecaster
from skchaos.baselines._polynomial import DelayRidgeForecaster, PolynomialMapForecaster

__all__ = [
    "DelayRidgeForecaster",
    "EchoStateForecaster",
    "MeanForecaster",
    "PersistenceForecaster",
    "PolynomialMapForecaster",
]
