"""Forecast chaotic time series, and measure how far ahead anyone can."""

from skchaos._lyapunov import LyapunovSpectrum
from skchaos._regressor import ChaoticRNNRegressor
from skchaos._transformed import TransformedForecaster

__version__ = "0.1.0.dev0"

__all__ = ["ChaoticRNNRegressor", "LyapunovSpectrum", "TransformedForecaster"]
