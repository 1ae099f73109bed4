"""Nearest neighbours: exponents straight from data, and windows that can stand for a state."""

from skchaos.neighbors._embedding import cao_dimension, choose_delay
from skchaos.neighbors._exponent import largest_exponent
from skchaos.neighbors._local_rates import local_divergence_rates

__all__ = ["cao_dimension", "choose_delay", "largest_exponent", "local_divergence_rates"]
