"""Polynomial maps of the last rows: least squares, and ridge on delayed rows and their products."""

from itertools import combinations_with_replacement
from math import comb
from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.linear_model import LinearRegression, RidgeCV

from skchaos._sklearn import Interval, StrOptions
from skchaos.baselines._base import BaseForecaster, Tuning

_MAX_TERMS = 2000  # of a polynomial; beyond it the least squares take minutes and gigabytes
_N_VALUES = (4, 8, 12, 16)  # in a window of delayed rows, to choose from
_MIN_TUNING_ROWS = 100


class _PolynomialForecaster(BaseForecaster):
    """A polynomial of the last rows; a state is a window (..., n_rows, n_features)."""

    def _learn_polynomial(self, rows, n_delays, degree, regressor):
        """Fit the polynomial; may be called again with other settings."""
        _check_n_terms(n_delays, rows.shape[1], degree)
        self._need_rows(rows, n_delays + 2, f"for windows of {n_delays}, and two next ones")
        self.n_delays_ = self.n_context_ = n_delays
        self.degree_ = degree
        windows = self._states(rows[None])[0, n_delays - 1 : -1]
        change = rows[n_delays:] - windows[:, -1]  # as in Gauthier et al.; a penalty pulls to none
        regressor.fit(self._terms(windows), change)
        self.coef_ = regressor.coef_.reshape(rows.shape[1], -1)  # RidgeCV drops an axis of one
        self.intercept_ = regressor.intercept_

    def _terms(self, windows):
        """Return all products of up to `degree_` values of each window."""
        values = windows.reshape(len(windows), -1)
        with_one = np.concatenate([np.ones((len(values), 1)), values], axis=1)
        factors = combinations_with_replacement(range(with_one.shape[1]), self.degree_)
        factors = np.array(list(factors))[1:]  # without the constant 1 x 1 x ...
        terms = with_one[:, factors[:, 0]]
        for column in factors.T[1:]:
            terms *= with_one[:, column]
        return terms

    def _states(self, rows):
        offsets = np.arange(self.n_delays_) - self.n_delays_ + 1
        return rows[:, np.clip(np.arange(rows.shape[1])[:, None] + offsets, 0, None)]

    def _step(self, states):
        return states[:, -1] + self._terms(states) @ self.coef_.T + self.intercept_

    def _advance(self, states, rows):
        return np.concatenate([states[:, 1:], rows[:, None]], axis=1)


class PolynomialMapForecaster(_PolynomialForecaster):
    """Forecast by a polynomial map of the last rows, fitted by least squares.

    x(t + 1) = P(x(t)) for a polynomial P of all columns. One column seldom determines its next
    value, so there P sees the last four rows, without which this cheapest of all forecasters would
    lose for the wrong reason.

    Parameters
    ----------
    degree : int, default=3
        Degree of P.
    n_delays : int or "auto", default="auto"
        Consecutive rows that P sees. "auto" is 1, and 4 for one column.

    Attributes
    ----------
    n_delays_, n_context_ : int
        Rows used, and rows that a context must have.
    n_features_in_ : int
        Columns of `X`.

    Examples
    --------
    >>> from skchaos.baselines import PolynomialMapForecaster
    >>> from skchaos.datasets import make_logistic
    >>> X = make_logistic(200, random_state=0)
    >>> PolynomialMapForecaster(degree=2, n_delays=1).fit(X).forecast(3).shape
    (3, 1)
    """

    _parameter_constraints: ClassVar[dict] = {
        "degree": [Interval(Integral, 1, None, closed="left")],
        "n_delays": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, degree=3, *, n_delays="auto"):
        self.degree = degree
        self.n_delays = n_delays

    def _learn(self, rows):
        n_delays = self.n_delays
        if n_delays == "auto":
            n_delays = 4 if rows.shape[1] == 1 else 1
        self._learn_polynomial(rows, n_delays, self.degree, LinearRegression())


class DelayRidgeForecaster(_PolynomialForecaster):
    """Forecast by ridge regression on delayed rows and their products (NVAR).

    x(t + 1) - x(t) is linear in the last rows and in the products of any two of their values, the
    "next generation reservoir computing" of [1]_.

    Parameters
    ----------
    n_delays : int or "auto", default="auto"
        Consecutive rows. "auto" tries windows of about 4, 8, 12 and 16 values, and at least the 2
        rows of [1]_, and takes the one whose free runs stay valid longest over the last fifth of
        the training rows, when fitted to those before.
    alphas : array-like of float, default=None
        Ridge penalties to choose from, by leave-one-out error in :class:`RidgeCV`. None is every
        power of ten from 1e-8 to 1e3, of standardised rows.

    Attributes
    ----------
    alpha_ : float
        Penalty chosen.
    n_delays_, n_context_ : int
        Rows used, and rows that a context must have.
    n_features_in_ : int
        Columns of `X`.

    References
    ----------
    .. [1] D. J. Gauthier, E. Bollt, A. Griffith and W. A. S. Barbosa, "Next generation reservoir
       computing", Nature Communications 12, 5564, 2021, equations 5 to 7.

    Examples
    --------
    >>> import numpy as np
    >>> from skchaos.baselines import DelayRidgeForecaster
    >>> X = np.sin(0.3 * np.arange(300))[:, None]
    >>> DelayRidgeForecaster(n_delays=2).fit(X).forecast(5).shape
    (5, 1)
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_delays": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "alphas": ["array-like", None],
    }

    def __init__(self, n_delays="auto", *, alphas=None):
        self.n_delays = n_delays
        self.alphas = alphas

    def _learn(self, rows):
        alphas = np.logspace(-8, 3, 12) if self.alphas is None else self.alphas
        regressor = RidgeCV(alphas)
        self._learn_polynomial(rows, self._choose_n_delays(rows, regressor), 2, regressor)
        self.alpha_ = float(regressor.alpha_)

    def _choose_n_delays(self, rows, regressor):
        if self.n_delays != "auto":
            return self.n_delays
        candidates = sorted({max(2, n_values // rows.shape[1]) for n_values in _N_VALUES})
        if len(candidates) == 1:
            return candidates[0]
        self._need_rows(rows, _MIN_TUNING_ROWS, "to choose n_delays='auto'")
        tuning = Tuning(rows)
        skills = []
        for n_delays in candidates:
            self._learn_polynomial(tuning.fitted_rows, n_delays, 2, regressor)
            skills.append(tuning.valid_steps(self, tuning.final_states(self)))
        return candidates[int(np.argmax(skills))]


def _check_n_terms(n_delays, n_features, degree):
    n_inputs = n_delays * n_features
    n_terms = comb(n_inputs + degree, degree)
    if n_terms > _MAX_TERMS:
        raise ValueError(
            f"A polynomial of degree {degree} in {n_inputs} values ({n_delays} row(s) of "
            f"{n_features} columns) has {n_terms} terms, more than {_MAX_TERMS}. Use a smaller "
            "n_delays or degree, or fewer columns."
        )
