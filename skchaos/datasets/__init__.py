"""Chaotic systems with known Lyapunov exponents."""

from skchaos.datasets._extended import make_lorenz96, make_mackey_glass
from skchaos.datasets._flows import make_duffing, make_lorenz63, make_roessler
from skchaos.datasets._maps import make_henon, make_logistic

__all__ = [
    "make_duffing",
    "make_henon",
    "make_logistic",
    "make_lorenz63",
    "make_lorenz96",
    "make_mackey_glass",
    "make_roessler",
]
