"""Least-squares polynomials of many values that lie near a surface of few dimensions.

Of the leading principal components products of two and of three are taken; the others enter
linearly.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.preprocessing import PolynomialFeatures

N_LINEAR = 120  # components at most
LEAST_POWER = 1e-12  # of the leading one; below it are copies of columns, and rounding
RIDGE = 1e-6  # of the mean square of a term


@dataclass(frozen=True)
class Polynomial:
    """A fitted polynomial.

    Attributes
    ----------
    components : ndarray of shape (n_values, n_components)
        Axes along which values have a mean square of one.
    n_in_products : tuple of int
        Leading components of which products of two, and of three, are terms.
    coefficients : ndarray of shape (n_terms, n_targets)
        Of the terms.
    """

    components: np.ndarray
    n_in_products: tuple[int, int]
    coefficients: np.ndarray

    @classmethod
    def fit(
        cls, values: np.ndarray, targets: np.ndarray, n_in_products: tuple[int, int]
    ) -> "Polynomial":
        """Fit to values (sample, value) and targets (sample, target)."""
        power, axes = np.linalg.eigh(values.T @ values)
        known = power > LEAST_POWER * power[-1]
        # Unit mean square, so that products weigh alike.
        axes = axes[:, known] / np.sqrt(power[known] / len(values))
        axes = axes[:, ::-1][:, :N_LINEAR]
        terms = _terms(values @ axes, n_in_products)
        gram = terms.T @ terms
        gram[np.diag_indices_from(gram)] *= 1 + RIDGE
        return cls(axes, n_in_products, np.linalg.solve(gram, terms.T @ targets))

    def predict(self, values: np.ndarray, most: np.ndarray | float = np.inf) -> np.ndarray:
        """Return targets (sample, target); components count as `most` where they are larger."""
        components = np.clip(values @ self.components, -most, most)
        return _terms(components, self.n_in_products) @ self.coefficients


def n_terms(n_values: int, n_in_products: tuple[int, int]) -> int:
    """Return the number of coefficients for a target of so many values."""
    return _terms(np.zeros((1, min(n_values, N_LINEAR))), n_in_products).shape[1]


def _terms(components: np.ndarray, n_in_products: tuple[int, int]) -> np.ndarray:
    """Return components, products of two and three leading ones, and ones."""
    products = [
        PolynomialFeatures((degree, degree), include_bias=False).fit_transform(components[:, :most])
        for degree, most in zip((2, 3), n_in_products, strict=True)
    ]
    return np.column_stack([components, *products, np.ones(len(components))])
