"""Exponents straight from data: how states part, by the derivative of the map that moves them."""

from skchaos.exponents._spectrum import (
    MeasuredExponents,
    local_exponents,
    lyapunov_exponents,
)

__all__ = ["MeasuredExponents", "local_exponents", "lyapunov_exponents"]
