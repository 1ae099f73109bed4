r"""A smooth map fitted to pairs of a state and its image, and its derivative.

.. math:: f(z) = z + C^T \phi(z), \qquad
    \phi(z) = (k(|z - c_1|), \dots, k(|z - c_m|), z_i z_j, z_i, 1),

with the inverse multiquadric :math:`k(r) = (1 + r^2 / l^2)^{-1/2}` around m of the states. C
minimises

.. math:: \langle |f(z) - z'|^2 \rangle + \eta^2 \langle |Df(z)|^2 \rangle + \rho |f|_k^2 .

The second term is what noise of standard deviation eta on the inputs would add (Bishop 1995, Neural
Computation 7, 108). It decides what the pairs leave open: states lie on a thin set, and along
directions that lead off it data say nothing about the derivative. There the term makes it vanish,
so that no growth is invented; along the set it hardly matters as long as eta is not above the error
of prediction.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, cho_factor, cho_solve

LENGTH = 0.7  # of the kernel, in standard deviations of the leading direction of the states
RIDGE = 1e-11  # rho: only keeps the solver from breaking down
ROUNDING = 1e-13
MAX_CANDIDATES = 5000  # states among which centres are chosen
MAX_QUADRATIC_DIMS = 24
N_SLOPES = 2000  # states at which the derivative is penalised
MAX_ERROR_STATES = 2500  # pairs that an error is read from
CHUNK = 512  # states at once: what they need stays in the processor's cache


@dataclass(frozen=True)
class KernelMap:
    """The fitted map.

    Attributes
    ----------
    centers : ndarray of shape (n_centers, n_dims)
    coefficients : ndarray of shape (n_features, n_dims)
        C.
    penalty : float
        eta.
    """

    centers: np.ndarray
    coefficients: np.ndarray
    penalty: float

    def jacobians(self, states):
        """Return Df at states (n_states, n_dims): shape (n_states, out, in)."""
        n_dims = states.shape[1]
        m, n_pairs = len(self.centers), _n_pairs(n_dims)
        radial, pairs, linear, _ = np.split(self.coefficients, np.cumsum([m, n_pairs, n_dims]))
        moments = (radial[:, :, None] * self.centers[:, None]).reshape(m, -1)
        weights = np.hstack([moments, radial])
        constant = np.eye(n_dims) + linear.T
        curved = _curvature(pairs, n_dims)
        jacobians = np.empty((len(states), n_dims, n_dims))
        for start in range(0, len(states), CHUNK):
            part = states[start : start + CHUNK]
            sums = _slope(_squares(part, self.centers)) @ weights
            here = sums[:, : n_dims**2].reshape(-1, n_dims, n_dims)
            here -= sums[:, n_dims**2 :, None] * part[:, None]
            here += constant
            if curved is not None:
                here += (part @ curved).reshape(-1, n_dims, n_dims)
            jacobians[start : start + CHUNK] = here
        return jacobians


class KernelRegression:
    """The normal equations of a map, from which maps for several penalties follow.

    Parameters
    ----------
    states, images : ndarray of shape (n_states, n_dims)
        Pairs to fit.
    rows : ndarray of shape (n_states, n_columns)
        Further targets, whose errors are told apart.
    n_centers : int
    rng : RandomState
    """

    def __init__(self, states, images, rows, n_centers, rng):
        self.centers = spread_centers(states, n_centers, rng)
        self.n_states, self.n_dims = states.shape
        self.targets = np.hstack([images - states, rows])
        self.sizes = [np.sqrt(part.var(axis=0).sum()) for part in (images, rows)]
        self.features = _features(states, self.centers)
        gram = _gram(self.features) / self.n_states
        moments = self.features.T @ self.targets / self.n_states
        m = len(self.centers)
        gram[:m, :m] += RIDGE * _kernel(_squares(self.centers, self.centers))
        gram[np.diag_indices(len(gram))] += ROUNDING * np.trace(gram) / len(gram)
        self.gram, self.moments = gram, moments
        self._penalise(states, rng)

    def _penalise(self, states, rng):
        """Set up the mean square of the derivative, each time along one random direction."""
        at = states[rng.randint(self.n_states, size=N_SLOPES)]
        along = rng.standard_normal(at.shape)
        slopes = _directional(at, along, self.centers)
        self.slope_gram = _gram(slopes) / N_SLOPES
        self.slope_moments = np.zeros_like(self.moments)
        self.slope_moments[:, : self.n_dims] = slopes.T @ along / N_SLOPES

    def _coefficients(self, penalty, used):
        gram = self.gram[np.ix_(used, used)] + penalty**2 * self.slope_gram[np.ix_(used, used)]
        right = self.moments[used] - penalty**2 * self.slope_moments[used]
        return cho_solve(cho_factor(gram, check_finite=False), right, check_finite=False)

    def errors(self, penalty, *, every=1):
        """Return the typical errors of predicting images and rows, with part of the centres.

        Geometric means over some of the pairs, so that they tell what happens at most states, over
        the standard deviation of what was predicted, and corrected for the number of coefficients.
        """
        used = np.r_[0 : len(self.centers) : every, len(self.centers) : len(self.gram)]
        return self._errors_of(self._coefficients(penalty, used), used)

    def linear_errors(self):
        """Return the errors of the best linear map."""
        used = np.arange(len(self.gram) - self.n_dims - 1, len(self.gram))
        return self._errors_of(self._coefficients(0.0, used), used)

    def _errors_of(self, coefficients, used):
        pairs = slice(None, None, max(1, self.n_states // MAX_ERROR_STATES))
        residuals = self.features[pairs][:, used] @ coefficients - self.targets[pairs]
        square = residuals**2 + np.finfo(float).tiny
        freedom = np.sqrt(max(1 - len(coefficients) / self.n_states, 0.05))
        parts = np.split(square, [self.n_dims], axis=1)
        means = [np.exp(0.5 * np.log(part.sum(axis=1)).mean()) for part in parts]
        return [float(mean / size / freedom) for mean, size in zip(means, self.sizes, strict=True)]

    def solve(self, penalty):
        """Return the map for one eta."""
        coefficients = self._coefficients(penalty, np.arange(len(self.gram)))
        return KernelMap(self.centers, coefficients[:, : self.n_dims], penalty)


def spread_centers(states, n_centers, rng):
    """Choose states as centres: half far from each other, to reach rare places, half at random."""
    candidates = states
    if len(states) > MAX_CANDIDATES:
        candidates = states[rng.choice(len(states), MAX_CANDIDATES, replace=False)]
    n_centers = min(n_centers, len(candidates) // 2)
    squares = (candidates**2).sum(axis=1)
    distances = np.full(len(candidates), np.inf)
    chosen = np.zeros(len(candidates), dtype=bool)
    latest = rng.randint(len(candidates))
    for _ in range(n_centers // 2):
        chosen[latest] = True
        apart = squares + squares[latest] - 2 * (candidates @ candidates[latest])
        distances = np.minimum(distances, apart)
        latest = int(distances.argmax())
    rest = np.flatnonzero(~chosen)
    others = rng.choice(rest, n_centers - np.count_nonzero(chosen), replace=False)
    return np.concatenate([candidates[chosen], candidates[others]])


def _n_pairs(n_dims):
    return n_dims * (n_dims + 1) // 2 if n_dims <= MAX_QUADRATIC_DIMS else 0


def _squares(states, centers):
    squares = (-2 / LENGTH**2) * (states @ centers.T)
    squares += ((states**2).sum(axis=1) / LENGTH**2 + 1)[:, None]
    squares += (centers**2).sum(axis=1) / LENGTH**2
    return np.maximum(squares, 1.0, out=squares)  # 1 + r^2 / l^2


def _kernel(squares):
    return 1 / np.sqrt(squares)


def _slope(squares):
    """Return -k'(r) / r: the gradient of the kernel is that times (center - state)."""
    return 1 / (squares * np.sqrt(squares) * LENGTH**2)


def _features(states, centers):
    n_states, n_dims = states.shape
    m, n_pairs = len(centers), _n_pairs(n_dims)
    features = np.empty((n_states, m + n_pairs + n_dims + 1))
    for start in range(0, n_states, CHUNK):
        part = states[start : start + CHUNK]
        here = features[start : start + CHUNK]
        here[:, :m] = _kernel(_squares(part, centers))
        if n_pairs:
            i, j = np.triu_indices(n_dims)
            here[:, m : m + n_pairs] = part[:, i] * part[:, j]
        here[:, m + n_pairs : -1] = part
        here[:, -1] = 1
    return features


def _directional(states, along, centers):
    """Return the derivative of every feature along one direction at each state."""
    n_states, n_dims = states.shape
    m, n_pairs = len(centers), _n_pairs(n_dims)
    slopes = np.zeros((n_states, m + n_pairs + n_dims + 1))
    toward = along @ centers.T - (along * states).sum(axis=1)[:, None]
    slopes[:, :m] = _slope(_squares(states, centers)) * toward
    if n_pairs:
        i, j = np.triu_indices(n_dims)
        slopes[:, m : m + n_pairs] = states[:, i] * along[:, j] + along[:, i] * states[:, j]
    slopes[:, m + n_pairs : -1] = along
    return slopes


def _curvature(pairs, n_dims):
    """Return the tensor that takes states to the Jacobian of the quadratic terms, flattened."""
    if len(pairs) == 0:
        return None
    i, j = np.triu_indices(n_dims)
    tensor = np.zeros((n_dims, n_dims, n_dims))  # (state, out, in)
    np.add.at(tensor, (i, slice(None), j), pairs)
    np.add.at(tensor, (j, slice(None), i), pairs)
    return tensor.reshape(n_dims, n_dims**2)


def _gram(features):
    """Return features.T @ features, by a routine that computes one half of it."""
    upper = blas.dsyrk(1.0, features.T)  # a view: Fortran order
    upper = np.triu(upper)
    return upper + np.triu(upper, 1).T
