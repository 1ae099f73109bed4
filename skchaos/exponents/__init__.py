"""Exponents straight from data: how states part, by the derivative of the map that moves them."""

from skchaos.exponents._spectrum import MeasuredExponents, lyapunov_exponents

__all__ = ["MeasuredExponents", "lyapunov_exponents"]
