"""The right-hand sides and tangent maps against each other and against algebra."""

import numpy as np
import pytest

from skchaos.datasets import _equations

# name, map from state to derivative (or next state), its tangent, and the number of variables
SYSTEMS = [
    pytest.param(
        lambda s: _equations.lorenz63(s, 10.0, 28.0, 8 / 3),
        lambda s, v: _equations.lorenz63_tangent(s, v, 10.0, 28.0, 8 / 3),
        3,
        id="lorenz63",
    ),
    pytest.param(
        lambda s: _equations.roessler(s, 0.15, 0.2, 10.0),
        lambda s, v: _equations.roessler_tangent(s, v, 0.15, 0.2, 10.0),
        3,
        id="roessler",
    ),
    pytest.param(
        lambda s: _equations.duffing(s, 0.3, 0.1, 1.0, -1.0),
        lambda s, v: _equations.duffing_tangent(s, v, 0.1, 1.0, -1.0),
        2,
        id="duffing",
    ),
    pytest.param(
        lambda s: _equations.lorenz96(s, 8.0), _equations.lorenz96_tangent, 7, id="lorenz96"
    ),
    pytest.param(
        lambda s: _equations.henon(s, 1.4, 0.3),
        lambda s, v: _equations.henon_tangent(s, v, 1.4, 0.3),
        2,
        id="henon",
    ),
    pytest.param(
        lambda s: _equations.logistic(s, 3.7),
        lambda s, v: _equations.logistic_tangent(s, v, 3.7),
        1,
        id="logistic",
    ),
    pytest.param(
        lambda s: _equations.mackey_glass_feedback(s, 0.2, 10.0),
        lambda s, v: _equations.mackey_glass_feedback_slope(s, 0.2, 10.0) * v,
        1,
        id="mackey_glass",
    ),
]


@pytest.mark.parametrize(("system", "tangent", "n_variables"), SYSTEMS)
def test_tangent_is_the_derivative_of_the_system(system, tangent, n_variables, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    state = rng.uniform(0.2, 1.2, n_variables)
    vector = rng.standard_normal(n_variables)
    step = 1e-5
    ahead, behind = (
        np.array(system(state + sign * step * vector), dtype=float) for sign in (1, -1)
    )
    # Central differences of polynomials: the error is step^2 times the third derivative.
    np.testing.assert_allclose(
        np.array(tangent(state, vector)), (ahead - behind) / (2 * step), rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize(("system", "tangent", "n_variables"), SYSTEMS)
def test_many_orbits_at_once_equal_one_at_a_time(system, tangent, n_variables, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    states = rng.uniform(0.2, 1.2, (n_variables, 4))
    vectors = rng.standard_normal((n_variables, 4))
    one_by_one = np.array([system(state) for state in states.T]).T
    np.testing.assert_allclose(np.array(system(states)), one_by_one, rtol=1e-14)
    pairs = zip(states.T, vectors.T, strict=True)
    one_by_one = np.array([tangent(state, vector) for state, vector in pairs]).T
    np.testing.assert_allclose(np.array(tangent(states, vectors)), one_by_one, rtol=1e-13)


def jacobian(tangent, state):
    return np.column_stack([tangent(state, vector) for vector in np.eye(len(state))])


def test_lorenz63_has_its_three_fixed_points():
    sigma, rho, beta = 10.0, 28.0, 8 / 3
    wing = np.sqrt(beta * (rho - 1))
    for point in ([0.0, 0.0, 0.0], [wing, wing, rho - 1], [-wing, -wing, rho - 1]):
        np.testing.assert_allclose(_equations.lorenz63(point, sigma, rho, beta), 0.0, atol=1e-12)


def test_lorenz63_is_symmetric_under_a_half_turn_about_z():
    mirror = np.array([-1.0, -1.0, 1.0])
    state = np.array([1.3, -4.2, 17.0])
    turned = np.array(_equations.lorenz63(mirror * state, 10.0, 28.0, 8 / 3))
    np.testing.assert_array_equal(turned, mirror * _equations.lorenz63(state, 10.0, 28.0, 8 / 3))


def test_roessler_has_its_two_fixed_points():
    a, b, c = 0.2, 0.2, 5.7
    for sign in (1, -1):
        z = (c + sign * np.sqrt(c**2 - 4 * a * b)) / (2 * a)
        np.testing.assert_allclose(_equations.roessler((a * z, -z, z), a, b, c), 0.0, atol=1e-10)


def test_undriven_duffing_loses_energy_at_the_rate_of_the_damping():
    delta, alpha, beta = 0.1, 1.0, -1.0
    x, y = 0.7, -0.4
    velocity, acceleration = _equations.duffing((x, y), 0.0, delta, alpha, beta)
    # E = y^2 / 2 + beta x^2 / 2 + alpha x^4 / 4
    rate = y * acceleration + (beta * x + alpha * x**3) * velocity
    assert rate == pytest.approx(-delta * y**2, rel=1e-14)


def test_undriven_duffing_rests_in_its_wells():
    for x in (-1.0, 0.0, 1.0):
        assert _equations.duffing((x, 0.0), 0.0, 0.1, 1.0, -1.0) == (0.0, 0.0)


def test_lorenz96_advection_conserves_energy():
    # Lorenz (1996): the quadratic terms do no work, the linear ones dissipate.
    state = np.random.default_rng(0).standard_normal(9)
    advection = _equations.lorenz96(state, 0.0) + state
    assert state @ advection == pytest.approx(0.0, abs=1e-13)
    np.testing.assert_array_equal(_equations.lorenz96(np.full(9, 8.0), 8.0), 0.0)


def test_lorenz96_is_the_same_at_every_site():
    state = np.random.default_rng(0).standard_normal(9)
    rolled = _equations.lorenz96(np.roll(state, 2), 8.0)
    np.testing.assert_array_equal(rolled, np.roll(_equations.lorenz96(state, 8.0), 2))


def test_lorenz96_couples_the_sites_of_its_equation():
    state = np.array([2.0, 3.0, 5.0, 7.0, 11.0])
    # site 2: (x_3 - x_0) x_1 - x_2 + F
    assert _equations.lorenz96(state, 8.0)[2] == (7.0 - 2.0) * 3.0 - 5.0 + 8.0


@pytest.mark.parametrize(
    ("tangent", "state", "trace"),
    [
        (lambda s, v: _equations.lorenz63_tangent(s, v, 10.0, 28.0, 2.0), (1.0, 2.0, 3.0), -13.0),
        (lambda s, v: _equations.roessler_tangent(s, v, 0.2, 0.1, 5.0), (1.0, 2.0, 3.0), -3.8),
        (lambda s, v: _equations.duffing_tangent(s, v, 0.1, 1.0, -1.0), (1.0, 2.0), -0.1),
        (_equations.lorenz96_tangent, np.arange(6.0), -6.0),
    ],
    ids=["lorenz63", "roessler", "duffing", "lorenz96"],
)
def test_divergence(tangent, state, trace):
    assert np.trace(jacobian(tangent, np.array(state))) == pytest.approx(trace, rel=1e-14)


def test_henon_contracts_areas_by_b():
    matrix = jacobian(lambda s, v: _equations.henon_tangent(s, v, 1.4, 0.3), np.array([0.4, 0.1]))
    assert np.linalg.det(matrix) == pytest.approx(-0.3, rel=1e-14)


def test_mackey_glass_rests_where_production_meets_decay():
    # beta / (1 + x^power) = gamma
    level = (0.2 / 0.1 - 1.0) ** (1 / 10.0)
    assert _equations.mackey_glass_feedback(level, 0.2, 10.0) == pytest.approx(0.1 * level)
