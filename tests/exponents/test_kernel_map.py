"""The map fitted to pairs: its derivative, maps that are known, and what a penalty does."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skchaos.datasets import make_henon
from skchaos.exponents._kernel_map import (
    ROUNDING,
    KernelMap,
    KernelRegression,
    _solve_positive,
    spread_centers,
)

STEP = 1e-5  # of central differences: their error is some 1e-10


def evaluate(fitted, states):
    """Return f(z) = z + C^T phi(z), written down from the docstring of the module."""
    apart = np.linalg.norm(states[:, None] - fitted.centers, axis=2)
    features = [(1 + (apart / fitted.length) ** 2) ** -0.5]
    n_dims = states.shape[1]
    if len(fitted.coefficients) > len(fitted.centers) + n_dims + 1:
        i, j = np.triu_indices(n_dims)
        features.append(states[:, i] * states[:, j])
    features += [states, np.ones((len(states), 1))]
    return states + np.hstack(features) @ fitted.coefficients


def differences(function, states):
    """Return central differences of a function of states: (state, out, in)."""
    columns = [
        (function(states + STEP * unit) - function(states - STEP * unit)) / (2 * STEP)
        for unit in np.eye(states.shape[1])
    ]
    return np.stack(columns, axis=2)


def regression(states, images, n_centers=60, rows=None, length=0.7):
    rows = images if rows is None else rows
    return KernelRegression(states, images, rows, n_centers, length, np.random.RandomState(0))


def errors(fit, penalty):
    """Return the errors of predicting images and rows."""
    return fit.errors(fit.coefficients(penalty))[0]


@pytest.fixture
def normal_states(global_random_seed):
    return np.random.default_rng(global_random_seed).normal(size=(1500, 2))


class TestJacobians:
    # 1 and 3 dimensions have quadratic terms; 40 have too many of them, and go without.
    @pytest.mark.parametrize(("n_dims", "has_quadratic"), [(1, True), (3, True), (40, False)])
    def test_are_differences_of_the_map(self, n_dims, has_quadratic, global_random_seed):
        rng = np.random.default_rng(global_random_seed)
        n_quadratic = n_dims * (n_dims + 1) // 2 if has_quadratic else 0
        centers = rng.normal(size=(7, n_dims))
        coefficients = rng.normal(size=(7 + n_quadratic + n_dims + 1, n_dims))
        fitted = KernelMap(centers, rng.uniform(0.3, 3), coefficients, penalty=0.0)
        states = rng.normal(size=(30, n_dims))
        expected = differences(lambda z: evaluate(fitted, z), states)
        assert_allclose(fitted.jacobians(states), expected, atol=1e-7)

    def test_of_many_states_are_those_of_each(self, normal_states):
        fitted = regression(normal_states, normal_states**2).solve(1e-4)
        alone = [fitted.jacobians(normal_states[i : i + 1])[0] for i in range(0, 1500, 100)]
        assert_allclose(fitted.jacobians(normal_states)[::100], alone, rtol=1e-10, atol=1e-12)

    def test_of_a_fit_are_differences_of_the_map(self, normal_states):
        images = np.tanh(normal_states[:, ::-1]) + 0.1 * normal_states
        fitted = regression(normal_states, images).solve(1e-3)
        expected = differences(lambda z: evaluate(fitted, z), normal_states[:50])
        assert_allclose(fitted.jacobians(normal_states[:50]), expected, atol=1e-6)


class TestKnownMaps:
    def test_linear(self, normal_states):
        matrix = np.array([[0.5, -2.0], [0.3, 0.1]])
        fitted = regression(normal_states, normal_states @ matrix.T + 3).solve(1e-6)
        expected = np.broadcast_to(matrix, (1500, 2, 2))
        assert_allclose(fitted.jacobians(normal_states), expected, atol=1e-6)

    def test_henon(self):
        X = make_henon(2001, random_state=0)
        fitted = regression(X[:-1], X[1:]).solve(1e-6)
        expected = np.array([[[-2.8 * x, 1.0], [0.3, 0.0]] for x in X[:-1, 0]])
        # The attractor is thin: across it only the quadratic terms say what the derivative is.
        assert_allclose(fitted.jacobians(X[:-1]), expected, atol=1e-3)

    def test_images_are_predicted(self, normal_states):
        images = np.sin(normal_states) + normal_states[:, ::-1]
        fitted = regression(normal_states, images, 200).solve(1e-5)
        inner = np.linalg.norm(normal_states, axis=1) < 2
        assert_allclose(evaluate(fitted, normal_states)[inner], images[inner], atol=0.01)


class TestPenalty:
    @pytest.mark.parametrize("penalty", [0.1, 0.5, 1.0])
    def test_shrinks_a_linear_map_of_normal_states(self, penalty, global_random_seed):
        # Of normal states of unit variance, Hermite polynomials are orthogonal and so are their
        # derivatives: <|f - A z|^2> + eta^2 <|Df|^2> is least for f = A z / (1 + eta^2).
        states = np.random.default_rng(global_random_seed).normal(size=(5000, 2))
        matrix = np.array([[0.5, -2.0], [0.3, 0.1]])
        fitted = regression(states, states @ matrix.T, 30).solve(penalty)
        mean = fitted.jacobians(states).mean(axis=0)
        assert_allclose(mean, matrix / (1 + penalty**2), atol=0.05)

    def test_takes_away_the_derivative_off_the_data(self):
        # Rotation on a circle: states say how the angle moves, not how a distance from it does.
        angle = np.sqrt(2) * np.arange(1000)
        states = np.column_stack([np.cos(angle), np.sin(angle)])
        radial, tangent = states, np.column_stack([-states[:, 1], states[:, 0]])
        images = np.roll(states, -1, axis=0)
        image_tangent = np.column_stack([-images[:, 1], images[:, 0]])
        fit = regression(states[:-1], images[:-1])
        for penalty, smallest, largest in ((0.0, 0.5, 1.1), (1e-3, 0.0, 0.15)):
            jacobians = fit.solve(penalty).jacobians(states[:-1])
            moved = np.einsum("tij,tj->ti", jacobians, tangent[:-1])
            assert_allclose((moved * image_tangent[:-1]).sum(axis=1), 1, atol=0.01)
            moved = np.einsum("tij,tj->ti", jacobians, radial[:-1])
            assert smallest <= np.linalg.norm(moved, axis=1).mean() < largest

    def test_makes_the_derivative_smaller_and_the_error_larger(self, normal_states):
        fit = regression(normal_states, np.sin(2 * normal_states))
        penalties = (1e-3, 0.1, 0.3, 0.6)
        sizes = [np.square(fit.solve(eta).jacobians(normal_states)).mean() for eta in penalties]
        sizes_of_errors = [errors(fit, eta)[0] for eta in penalties]
        assert (np.diff(sizes) < 0).all()
        assert (np.diff(sizes_of_errors) > 0).all()


class TestErrors:
    def test_are_typical_noise_over_the_spread(self, normal_states, global_random_seed):
        rng = np.random.default_rng(global_random_seed + 100)
        noise = rng.normal(size=(1500, 2))
        clean = normal_states @ np.array([[0.0, 1.0], [-1.0, 0.5]])
        fit = regression(normal_states, clean + 0.1 * noise, 20, noise[:, :1] + 4)
        found = errors(fit, 1e-3)
        spread = np.sqrt((clean + 0.1 * noise).var(axis=0).sum())
        # The geometric mean of the length of a normal vector of two components is
        # sqrt(2) exp(-gamma / 2), gamma = .5772; of one, exp(-(gamma + ln 2) / 2).
        assert_allclose(found[0], 0.1 * np.sqrt(2) * np.exp(-0.5772 / 2) / spread, rtol=0.1)
        assert_allclose(found[1], np.exp(-(0.5772 + np.log(2)) / 2), rtol=0.1)

    def test_do_not_depend_on_the_unit_of_rows(self, normal_states):
        images = np.sin(normal_states)
        one = errors(regression(normal_states, images, rows=images[:, :1]), 1e-3)
        other = errors(regression(normal_states, images, rows=8 * images[:, :1]), 1e-3)
        assert_allclose(one, other, rtol=1e-6)

    def test_of_a_linear_map_vanish_where_the_map_is_linear(self, normal_states):
        linear = regression(normal_states, 0.5 * normal_states[:, ::-1] + 1)
        assert linear.errors(linear.linear_coefficients())[0].max() < 1e-5
        curved = regression(normal_states, normal_states**2)
        assert curved.errors(curved.linear_coefficients())[0][0] > 0.3
        assert errors(curved, 1e-5)[0] < 1e-3

    @pytest.mark.parametrize(("omit", "n_used"), [(2, 100), (4, 150)])
    def test_of_part_of_the_centres_are_larger(self, normal_states, omit, n_used):
        fit = regression(normal_states, np.sin(2 * normal_states), 200)
        whole, part = fit.coefficients(1e-4), fit.coefficients(1e-4, omit=omit)
        assert np.count_nonzero(part[:200, 0]) == n_used
        found = fit.errors(whole, part)
        assert (found[0] < found[1]).all()
        assert_allclose(found[1], fit.errors(part)[0], rtol=1e-12)
        fitted = fit.solve(1e-4, omit=omit)
        assert_array_equal(fitted.centers, fit.centers[part[:200, 0] != 0])
        images = evaluate(fitted, normal_states) - normal_states
        rms = np.sqrt(((images - fit.some_targets[:, :2]) ** 2).sum(axis=1).mean())
        freedom = np.sqrt(1 - len(fitted.coefficients) / 1500)
        assert_allclose(
            found[1][2], rms / np.sin(2 * normal_states).std() / 2**0.5 / freedom, rtol=0.02
        )

    @pytest.mark.parametrize("n_pairs", [700, 7600])  # all, and one in three of them
    def test_are_those_of_the_pairs_that_were_fitted(self, n_pairs, global_random_seed):
        states = np.random.default_rng(global_random_seed).normal(size=(n_pairs, 2))
        images = np.sin(2 * states)
        fit = regression(states, images)
        coefficients = fit.coefficients(1e-4)
        found = fit.errors(coefficients)[0]
        fit.set_error_pairs(states, np.hstack([images - states, images]))
        assert_allclose(found, fit.errors(coefficients)[0], rtol=1e-12)
        fit.set_error_pairs(states[:600], np.hstack([images - states, images])[:600])
        away = evaluate(fit.solve(1e-4), states[:600]) - images[:600]
        rms = np.sqrt((away**2).sum(axis=1).mean() / images.var(axis=0).sum())
        assert_allclose(fit.errors(coefficients)[0][2], rms, rtol=0.1)  # freedom: 66 of n_pairs

    def test_at_few_states_show_in_the_mean_square_alone(self, normal_states):
        images = 0.5 * normal_states
        images[::150] += 0.3  # ten of them, with which no smooth map of few centres goes
        plain = errors(regression(normal_states, 0.5 * normal_states, 20), 1e-5)
        found = errors(regression(normal_states, images, 20), 1e-5)
        assert plain[2] < 1e-4
        assert found[2] > 10 * found[0]


class TestSolver:
    def test_raises_a_matrix_that_rounding_made_negative(self):
        # Twice: by ROUNDING of the mean of the diagonal, and by a hundred times as much.
        diagonal = np.array([1.0] * 9 + [-5e-12])
        raised = diagonal + 100 * ROUNDING * diagonal.mean()
        assert_allclose(_solve_positive(np.diag(diagonal), np.ones(10)), 1 / raised, rtol=1e-3)


class TestCenters:
    def test_are_states_of_which_none_is_taken_twice(self, normal_states):
        centers = spread_centers(normal_states, 200, np.random.RandomState(0))
        assert len(np.unique(centers, axis=0)) == len(centers) == 200
        assert {tuple(center) for center in centers} <= {tuple(state) for state in normal_states}

    def test_reach_rare_places(self, normal_states):
        normal_states[777] = [30.0, -30.0]
        centers = spread_centers(normal_states, 10, np.random.RandomState(0))
        assert [30.0, -30.0] in centers.tolist()

    def test_are_those_of_the_seed(self, normal_states):
        one, same, other = (
            spread_centers(normal_states, 50, np.random.RandomState(seed)) for seed in (3, 3, 4)
        )
        assert_array_equal(one, same)
        assert not np.array_equal(one, other)
