"""Nearest neighbours: how they part, and windows that can stand for a state."""

from skchaos.neighbors._divergence import divergence_curve
from skchaos.neighbors._embedding import cao_dimension, choose_delay

__all__ = ["cao_dimension", "choose_delay", "divergence_curve"]
