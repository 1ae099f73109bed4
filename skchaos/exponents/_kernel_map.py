r"""A smooth map fitted to pairs of a state and its image, and its derivative.

.. math:: f(z) = z + C^T \phi(z), \qquad
    \phi(z) = (k(|z - c_1|), \dots, k(|z - c_m|), z_i z_j, z_i, 1),

with the inverse multiquadric :math:`k(r) = (1 + r^2 / l^2)^{-1/2}` around m of the states, whose
length l is chosen for the smallest error of prediction: short for dynamics with kinks, long for
smooth ones and in many dimensions. C minimises

.. math:: \langle |f(z) - z'|^2 \rangle + \eta^2 \langle |Df(z)|^2 \rangle + \rho |f|_k^2 .

The second term is what noise of standard deviation eta on the inputs would add (Bishop 1995, Neural
Computation 7, 108). It decides what the pairs leave open: states lie on a thin set, and along
directions that lead off it data say nothing about the derivative. There the term makes it vanish,
so that no growth is invented; along the set it hardly matters as long as eta is not above the error
of prediction.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import blas, cho_factor, cho_solve

# Lengths of the kernel among which one is chosen, in standard deviations of the leading direction
# of the states. The search begins with the one, or, in many dimensions, where states are far from
# each other and from all centres, with the other.
LENGTHS = tuple(0.0875 * 2.0**i for i in range(9))
MEDIUM_LENGTH, LONG_LENGTH = LENGTHS[3], LENGTHS[7]
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
    length : float
        l.
    coefficients : ndarray of shape (n_features, n_dims)
        C.
    penalty : float
        eta.
    """

    centers: np.ndarray
    length: float
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
        features = Features(self.centers, self.length)
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

    Of symmetric matrices the upper triangle is kept.

    Parameters
    ----------
    states, images : ndarray of shape (n_states, n_dims)
        Pairs to fit.
    rows : ndarray of shape (n_states, n_columns)
        Further targets, whose errors are told apart.
    n_centers : int
    length : float
        Of the kernel.
    rng : RandomState
    """

    def __init__(self, states, images, rows, n_centers, length, rng):
        self.length = length
        self.centers = spread_centers(states, n_centers, rng)
        self.n_states, self.n_dims = states.shape
        self.sizes = [np.sqrt(part.var(axis=0).sum()) for part in (images, rows, images)]
        targets = np.hstack([images - states, rows])
        step = max(1, self.n_states // MAX_ERROR_STATES)
        self.some_targets = targets[::step]
        self.some_features = self._fit(states, targets, step)
        self.slope_states = states[rng.randint(self.n_states, size=N_SLOPES)]
        self.slope_directions = rng.standard_normal(self.slope_states.shape)

    def set_error_pairs(self, states, targets):
        """Set the pairs that errors are read from; targets are images - states, then rows."""
        some = slice(None, None, max(1, len(states) // MAX_ERROR_STATES))
        states, features = states[some], Features(self.centers, self.length)
        self.some_targets = targets[some]
        self.some_features = np.empty((len(states), features.n_features))
        for part in _chunks(len(states)):
            self.some_features[part] = features(states[part])

    def _fit(self, states, targets, step):
        """Sum up the normal equations; return the features of one in `step` states."""
        m, features = len(self.centers), Features(self.centers, self.length)
        gram = _Gram(features.n_features, targets.shape[1])
        kept = np.empty((-(-self.n_states // step), features.n_features))
        for part in _chunks(self.n_states):
            values = features(states[part])
            gram.add(values, targets[part])
            first = -(-part.start // step)
            here = values[first * step - part.start :: step]
            kept[first : first + len(here)] = here
        self.gram, self.moments = gram.means(self.n_states)
        for part in _chunks(m):
            self.gram[part, :m] += RIDGE * features(self.centers[part])[:, :m]
        self.gram[np.diag_indices(len(self.gram))] += (
            ROUNDING * np.trace(self.gram) / len(self.gram)
        )
        return kept

    @cached_property
    def slopes(self):
        """Normal equations of the derivative, each time along one random direction."""
        features = Features(self.centers, self.length)
        gram = _Gram(features.n_features, self.n_dims)
        for part in _chunks(N_SLOPES):
            along = self.slope_directions[part]
            gram.add(features.slopes(self.slope_states[part], along), along)
        of_features, with_images = gram.means(N_SLOPES)
        moments = np.zeros_like(self.moments)
        moments[:, : self.n_dims] = with_images
        return of_features, moments

    def coefficients(self, penalty, *, omit=None):
        """Return C for one eta, with zeros for one in `omit` of the centres."""
        return self._solve(penalty, self._used(omit))

    def _used(self, omit):
        used = np.arange(len(self.gram))
        if omit is None:
            return used
        return used[(used % omit > 0) | (used >= len(self.centers))]

    def linear_coefficients(self):
        """Return C of the best linear map."""
        return self._solve(0.0, np.arange(len(self.gram) - self.n_dims - 1, len(self.gram)))

    def _solve(self, penalty, used):
        block = np.ix_(used, used)
        gram, right = self.gram[block], self.moments[used]
        if penalty > 0:
            slope_gram, slope_moments = self.slopes
            gram += penalty**2 * slope_gram[block]
            right -= penalty**2 * slope_moments[used]
        coefficients = np.zeros_like(self.moments)
        coefficients[used] = _solve_positive(gram, right)
        return coefficients

    def errors(self, *maps):
        """Return the typical errors of predicting images and rows, for each array of coefficients.

        Over the standard deviation of what was predicted, corrected for the number of coefficients:
        geometric means over some of the pairs, which tell what happens at most states, and, behind
        them, the root mean square of images, which tells what happens where a map fails.
        """
        predictions = np.split(self.some_features @ np.hstack(maps), len(maps), axis=1)
        return [self._errors_of(*pair) for pair in zip(maps, predictions, strict=True)]

    def _errors_of(self, coefficients, predictions):
        square = (predictions - self.some_targets) ** 2 + np.finfo(float).tiny
        n_used = np.count_nonzero(coefficients.any(axis=1))
        freedom = np.sqrt(max(1 - n_used / self.n_states, 0.05))
        of_images, of_rows = (part.sum(axis=1) for part in np.split(square, [self.n_dims], axis=1))
        means = [np.exp(np.log(of_images).mean()), np.exp(np.log(of_rows).mean()), of_images.mean()]
        return np.sqrt(means) / self.sizes / freedom

    def solve(self, penalty, *, omit=None):
        """Return the map for one eta, without one in `omit` of the centres."""
        return self.map_of(self.coefficients(penalty, omit=omit), penalty)

    def map_of(self, coefficients, penalty):
        """Return the map with given coefficients, and with the centres that have any."""
        m, coefficients = len(self.centers), coefficients[:, : self.n_dims]
        used = np.r_[coefficients[:m].any(axis=1), np.ones(len(coefficients) - m, dtype=bool)]
        return KernelMap(self.centers[used[:m]], self.length, coefficients[used], penalty)


def _solve_positive(matrix, right):
    """Solve for the matrix of an upper triangle, which is changed where it needs more diagonal."""
    added, rounding = 0.0, ROUNDING * np.trace(matrix) / len(matrix)
    while True:
        try:
            factor = cho_factor(matrix, check_finite=False)
        except np.linalg.LinAlgError:
            # Centres that are nearly the same, where rows keep coming back to rest.
            matrix[np.diag_indices(len(matrix))] += rounding - added
            added, rounding = rounding, 100 * rounding
            continue
        return cho_solve(factor, right, check_finite=False)


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
    length : float
        Of the kernel.
    """

    def __init__(self, centers, length):
        m, n_dims = centers.shape
        self.centers = centers
        self.n_features = m + _n_pairs(n_dims) + n_dims + 1
        self.pairs = np.triu_indices(n_dims) if _n_pairs(n_dims) else None
        self.square_length = length**2
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
        """Return the upper triangle, all that a solver reads, and the moments, over n."""
        self.upper /= n
        self.moments /= n
        return self.upper, self.moments


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
