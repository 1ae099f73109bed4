"""The method of steps against closed forms, and its order of convergence."""

from functools import partial

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from skchaos.datasets._delay import N_NODES, DelayStepper, lagrange_matrix, solve_delay
from skchaos.datasets._equations import mackey_glass_feedback

GAMMA, DELAY = 0.1, 17.0
FEEDBACK = partial(mackey_glass_feedback, beta=0.2, power=10.0)


def solution_at(times, n_pieces=18, n_nodes=N_NODES, history=0.7):
    stepper = DelayStepper.build(DELAY, GAMMA, n_pieces, n_nodes)
    n_delays = int(np.max(times) // DELAY) + 1
    return stepper.sample(solve_delay(stepper, FEEDBACK, history, n_delays), times)


def test_interpolation_is_exact_for_polynomials_and_at_the_nodes():
    nodes = DelayStepper.build(1.0, 0.1, 1, 6).nodes
    points = np.append(np.linspace(0.0, 1.0, 11), nodes)
    matrix = lagrange_matrix(nodes, points)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, rtol=1e-14)
    for degree in range(6):
        np.testing.assert_allclose(matrix @ nodes**degree, points**degree, atol=1e-14)
    np.testing.assert_array_equal(matrix[-6:], np.eye(6))


def test_first_delay_is_a_relaxation_to_the_constant_feedback():
    times = np.linspace(0.0, 16.99, 50)
    level = FEEDBACK(0.7) / GAMMA
    exact = level + (0.7 - level) * np.exp(-GAMMA * times)
    np.testing.assert_allclose(solution_at(times), exact, rtol=1e-13)


@pytest.mark.parametrize("n_pieces", [1, 2, 7])
def test_decay_without_feedback(n_pieces):
    stepper = DelayStepper.build(3.0, 0.4, n_pieces)
    solution = solve_delay(stepper, lambda x: 0.0 * x, 2.0, 4)
    starts = np.arange(4 * n_pieces).reshape(4, n_pieces, 1)
    times = (starts + stepper.nodes) * (3.0 / n_pieces)
    np.testing.assert_allclose(solution, 2.0 * np.exp(-0.4 * times), rtol=1e-13)


def test_second_delay_against_adaptive_quadrature():
    level = FEEDBACK(0.7) / GAMMA

    def first(time):
        return level + (0.7 - level) * np.exp(-GAMMA * time)

    for elapsed in (0.3, 5.0, 16.9):
        integral = quad(
            lambda s, end: np.exp(-GAMMA * (end - s)) * FEEDBACK(first(s)),
            0.0,
            elapsed,
            args=(elapsed,),
            epsabs=1e-13,
            epsrel=1e-13,
        )[0]
        exact = first(DELAY) * np.exp(-GAMMA * elapsed) + integral
        assert solution_at(np.array([DELAY + elapsed]))[0] == pytest.approx(exact, rel=1e-11)


def test_agrees_with_a_runge_kutta_solution_over_several_delays():
    n_delays = 4
    grid = np.linspace(0.0, DELAY, 2001)
    previous, state, rows = (lambda s: np.full_like(s, 0.7)), 0.7, []
    for _ in range(n_delays):
        run = solve_ivp(
            lambda t, x, past: FEEDBACK(past(np.array([t]))) - GAMMA * x,
            (0.0, DELAY),
            [state],
            method="DOP853",
            rtol=1e-11,
            atol=1e-11,
            max_step=0.5,
            dense_output=True,
            args=(previous,),
        )
        previous, state = (lambda s, sol=run.sol: sol(s)[0]), run.y[0, -1]
        rows.append(run.sol(grid)[0])
    times = (np.arange(n_delays)[:, None] * DELAY + grid[:-1]).ravel()
    expected = np.array(rows)[:, :-1].ravel()
    np.testing.assert_allclose(solution_at(times), expected, rtol=1e-9)


@pytest.mark.parametrize("n_nodes", [4, 6])
def test_order_of_convergence_is_the_number_of_nodes(n_nodes):
    times = np.linspace(0.0, 6 * DELAY - 0.01, 400)
    reference = solution_at(times, n_pieces=120, n_nodes=9)
    errors = [
        np.abs(solution_at(times, n_pieces, n_nodes) - reference).max() for n_pieces in (17, 34, 68)
    ]
    # The interpolant of degree n - 1 has an error of order n; halving divides it by 2^n.
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert orders[-1] > n_nodes - 0.3
    assert orders[-1] < n_nodes + 1.5


def test_default_resolution_is_converged():
    times = np.linspace(0.0, 20 * DELAY - 0.01, 3000)
    np.testing.assert_allclose(
        solution_at(times), solution_at(times, n_pieces=60, n_nodes=9), atol=1e-11
    )


def test_perturbations_follow_the_derivative_of_the_step():
    stepper = DelayStepper.build(DELAY, GAMMA, 5)
    rng = np.random.default_rng(0)
    past = rng.uniform(0.5, 1.2, (5, stepper.nodes.size, 3))
    bump = rng.standard_normal(past.shape)
    step = 1e-6

    def advance(values):
        return stepper.advance(FEEDBACK(values), values[-1, -1])

    slope = (FEEDBACK(past + step * bump) - FEEDBACK(past - step * bump)) / (2 * step)
    expected = (advance(past + step * bump) - advance(past - step * bump)) / (2 * step)
    np.testing.assert_allclose(stepper.advance(slope, bump[-1, -1]), expected, atol=1e-8)
    one = stepper.advance(FEEDBACK(past[..., 1]), past[-1, -1, 1])
    np.testing.assert_allclose(advance(past)[..., 1], one, rtol=1e-13)
