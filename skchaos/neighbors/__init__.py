"""Exponents straight from data: nearest neighbours and how they part."""

from skchaos.neighbors._exponent import largest_exponent
from skchaos.neighbors._local_rates import local_divergence_rates

__all__ = ["largest_exponent", "local_divergence_rates"]
