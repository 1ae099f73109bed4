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

# Length of the kernel, in standard deviations of the leading direction of the states. In many
# dimensions states are far from each other and from all centres; there only long kernels reach.
LENGTH, LONG_LENGTH, HIGH_DIMENSIONAL = 0.7, 12.0, 8
RIDGE = 1e-11  # rho: only keeps the solver from breaking down
ROUNDING = 1e-13
MAX_CANDIDATES = 5000  # states among which centres are chosen
MAX_QUADRATIC_DIMS = 24
N_SLOPES = 2000  # states at which the derivative is penalised
MAX_ERROR_STATES = 2500  # pairs that an error is read from
CHUNK = 256  # states at once: what they need stays in the processor's cache


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
        features = Features(self.centers)
        jacobians = np.empty((len(states), n_dims, n_dims))
        for start in range(0, len(states), CHUNK):
            part = states[start : start + CHUNK]
            sums = features.pulls(part) @ weights
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
        self.sizes = [np.sqrt(part.var(axis=0).sum()) for part in (images, rows)]
        targets = np.hstack([images - states, rows])
        self._fit(states, targets)
        self._penalise(states, rng)
        some = slice(None, None, max(1, self.n_states // MAX_ERROR_STATES))
        self.some_states, self.some_targets = states[some], targets[some]

    def _fit(self, states, targets):
        m, features = len(self.centers), Features(self.centers)
        gram = _Gram(features.n_features, targets.shape[1])
        for part in _chunks(self.n_states):
            gram.add(features(states[part]), targets[part])
        self.gram, self.moments = gram.means(self.n_states)
        for part in _chunks(m):
            self.gram[part, :m] += RIDGE * features(self.centers[part])[:, :m]
        self.gram[np.diag_indices(len(self.gram))] += (
            ROUNDING * np.trace(self.gram) / len(self.gram)
        )

    def _penalise(self, states, rng):
        """Set up the mean square of the derivative, each time along one random direction."""
        at = states[rng.randint(self.n_states, size=N_SLOPES)]
        along = rng.standard_normal(at.shape)
        features = Features(self.centers)
        gram = _Gram(features.n_features, self.n_dims)
        for part in _chunks(N_SLOPES):
            gram.add(features.slopes(at[part], along[part]), along[part])
        self.slope_gram, moments = gram.means(N_SLOPES)
        self.slope_moments = np.zeros_like(self.moments)
        self.slope_moments[:, : self.n_dims] = moments

    def coefficients(self, penalty, *, every=1):
        """Return C for one eta, with zeros for all but every so many of the centres."""
        m = len(self.centers)
        return self._solve(penalty, np.r_[0:m:every, m : len(self.gram)])

    def linear_coefficients(self):
        """Return C of the best linear map."""
        return self._solve(0.0, np.arange(len(self.gram) - self.n_dims - 1, len(self.gram)))

    def _solve(self, penalty, used):
        block = np.ix_(used, used)
        gram = self.gram[block] + penalty**2 * self.slope_gram[block]
        right = self.moments[used] - penalty**2 * self.slope_moments[used]
        factor = cho_factor(gram, overwrite_a=True, check_finite=False)
        coefficients = np.zeros_like(self.moments)
        coefficients[used] = cho_solve(factor, right, check_finite=False)
        return coefficients

    def errors(self, *maps):
        """Return the typical errors of predicting images and rows, for each array of coefficients.

        Geometric means over some of the pairs, so that they tell what happens at most states, over
        the standard deviation of what was predicted, and corrected for the number of coefficients.
        """
        features, together = Features(self.centers), np.hstack(maps)
        predicted = np.empty((len(self.some_states), together.shape[1]))
        for part in _chunks(len(predicted)):
            np.matmul(features(self.some_states[part]), together, out=predicted[part])
        predictions = np.split(predicted, len(maps), axis=1)
        return [self._errors_of(*pair) for pair in zip(maps, predictions, strict=True)]

    def _errors_of(self, coefficients, predictions):
        square = (predictions - self.some_targets) ** 2 + np.finfo(float).tiny
        n_used = np.count_nonzero(coefficients.any(axis=1))
        freedom = np.sqrt(max(1 - n_used / self.n_states, 0.05))
        parts = np.split(square, [self.n_dims], axis=1)
        means = [np.exp(0.5 * np.log(part.sum(axis=1)).mean()) for part in parts]
        return np.array(means) / self.sizes / freedom

    def solve(self, penalty):
        """Return the map for one eta."""
        return KernelMap(self.centers, self.coefficients(penalty)[:, : self.n_dims], penalty)


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


class Features:
    """phi, and its derivatives, in buffers that the next call overwrites.

    Parameters
    ----------
    centers : ndarray of shape (n_centers, n_dims)
    """

    def __init__(self, centers):
        m, n_dims = centers.shape
        self.centers = centers
        self.n_features = m + _n_pairs(n_dims) + n_dims + 1
        self.pairs = np.triu_indices(n_dims) if _n_pairs(n_dims) else None
        self.square_length = (LENGTH if n_dims <= HIGH_DIMENSIONAL else LONG_LENGTH) ** 2
        self._values = np.empty((CHUNK, self.n_features))
        self._radial, self._cubes = np.empty((CHUNK, m)), np.empty((CHUNK, m))
        # (z, |z|^2 / l^2, 1) times that is 1 + r^2 / l^2
        squares = (centers**2).sum(axis=1) / self.square_length
        self._to_squares = np.vstack([-2 / self.square_length * centers.T, np.ones(m), 1 + squares])

    def __call__(self, states):
        """Return phi at up to CHUNK states."""
        m = len(self.centers)
        values = self._values[: len(states)]
        values[:, :m] = self._kernel(states)
        if self.pairs is not None:
            i, j = self.pairs
            values[:, m : m + len(i)] = states[:, i] * states[:, j]
        values[:, -states.shape[1] - 1 : -1] = states
        values[:, -1] = 1
        return values

    def slopes(self, states, along):
        """Return the derivative of phi along one direction at each of up to CHUNK states."""
        m = len(self.centers)
        values = self._values[: len(states)]
        toward = along @ self.centers.T - (along * states).sum(axis=1)[:, None]
        np.multiply(self.pulls(states), toward, out=values[:, :m])
        if self.pairs is not None:
            i, j = self.pairs
            values[:, m : m + len(i)] = states[:, i] * along[:, j] + along[:, i] * states[:, j]
        values[:, -states.shape[1] - 1 : -1] = along
        values[:, -1] = 0
        return values

    def pulls(self, states):
        """Return -k'(r) / r: the gradient of the kernel is that times (center - state)."""
        kernel = self._kernel(states)
        cubes = np.multiply(kernel, kernel, out=self._cubes[: len(states)])
        cubes *= kernel
        cubes /= self.square_length
        return cubes

    def _kernel(self, states):
        squares = (states**2).sum(axis=1, keepdims=True) / self.square_length
        lifted = np.hstack([states, squares, np.ones((len(states), 1))])
        kernel = np.matmul(lifted, self._to_squares, out=self._radial[: len(states)])
        np.maximum(kernel, 1.0, out=kernel)
        np.sqrt(kernel, out=kernel)
        return np.reciprocal(kernel, out=kernel)


class _Gram:
    """Sums of products of features with each other and with targets."""

    def __init__(self, n_features, n_targets):
        self.upper = np.zeros((n_features, n_features), order="F")
        self.moments = np.zeros((n_features, n_targets))

    def add(self, features, targets):
        # features.T is a view in Fortran order; half of the product is computed.
        blas.dsyrk(1.0, features.T, beta=1.0, c=self.upper, overwrite_c=True)
        self.moments += features.T @ targets

    def means(self, n):
        return (self.upper + np.triu(self.upper, 1).T) / n, self.moments / n


def _chunks(n):
    return [slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]


def _curvature(pairs, n_dims):
    """Return the tensor that takes states to the Jacobian of the quadratic terms, flattened."""
    if len(pairs) == 0:
        return None
    i, j = np.triu_indices(n_dims)
    tensor = np.zeros((n_dims, n_dims, n_dims))  # (state, out, in)
    np.add.at(tensor, (i, slice(None), j), pairs)
    np.add.at(tensor, (j, slice(None), i), pairs)
    return tensor.reshape(n_dims, n_dims**2)
