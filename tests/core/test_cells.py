"""Cells: closed-form Jacobians against automatic differentiation, and known limits."""

import pytest
import torch

from skchaos import core
from skchaos.core import CELLS
from skchaos.core._piecewise import AlmostLinearRNN


def make_cell(name, hidden_size=5, seed=0):
    torch.manual_seed(seed)
    return core.make_cell(name, hidden_size).double()


@pytest.mark.parametrize("name", CELLS)
def test_jacobian_is_the_derivative_of_the_step(name):
    cell = make_cell(name)
    states = torch.randn(4, cell.state_size, dtype=torch.float64)
    expected = torch.stack([torch.func.jacrev(cell)(state) for state in states])
    torch.testing.assert_close(cell.jacobian(states), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", CELLS)
def test_tangent_advances_state_and_vectors_together(name):
    cell = make_cell(name)
    state = torch.randn(4, cell.state_size, dtype=torch.float64)
    frame = torch.randn(4, 3, cell.state_size, dtype=torch.float64)
    ahead, moved = cell.tangent(state, frame)
    torch.testing.assert_close(ahead, cell(state))
    jacobian = torch.func.vmap(torch.func.jacrev(cell))(state)
    torch.testing.assert_close(moved, frame @ jacobian.mT, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", CELLS)
def test_steps_and_jacobians_broadcast_over_leading_axes(name):
    cell = make_cell(name)
    states = torch.randn(2, 3, cell.state_size, dtype=torch.float64)
    torch.testing.assert_close(cell(states)[1, 2], cell(states[1, 2]))
    torch.testing.assert_close(cell.jacobian(states)[1, 2], cell.jacobian(states[1, 2]))
    assert cell.hidden(states).shape == (2, 3, cell.hidden_size)


PIECEWISE = ("al_rnn", "clipped_shallow_plrnn", "dendritic_plrnn", "plrnn", "shallow_plrnn")


@pytest.mark.parametrize("name", PIECEWISE)
def test_piecewise_linear_cells_are_affine_between_kinks(name):
    cell = make_cell(name)
    state = torch.randn(cell.state_size, dtype=torch.float64)
    small = 1e-6 * torch.randn(cell.state_size, dtype=torch.float64)
    moved = state + small  # no kink lies between: jacobians are the same
    assert torch.equal(cell.jacobian(state), cell.jacobian(moved))
    torch.testing.assert_close(cell(moved) - cell(state), cell.jacobian(state) @ small)


def test_dendritic_plrnn_of_one_threshold_at_zero_is_a_plrnn():
    cell, plain = make_cell("dendritic_plrnn"), make_cell("plrnn")
    with torch.no_grad():
        cell.threshold.zero_()
        cell.slope[:] = torch.eye(len(cell.slope))[0]
        for name in ("weight", "bias", "decay"):
            getattr(cell, name).copy_(getattr(plain, name))
    states = torch.randn(4, 5, dtype=torch.float64)
    torch.testing.assert_close(cell(states), plain(states))


def test_shallow_plrnn_is_what_its_equation_says():
    cell = make_cell("shallow_plrnn")
    z = torch.randn(5, dtype=torch.float64)
    layer = torch.relu(cell.inner_weight @ z + cell.inner_bias)
    torch.testing.assert_close(cell(z), cell.decay * z + cell.weight @ layer + cell.bias)


def test_clipped_shallow_plrnn_is_bounded_from_any_state_and_with_any_weights():
    cell = make_cell("clipped_shallow_plrnn")
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter *= 30.0
        reach = cell.inner_bias.norm() * torch.linalg.matrix_norm(cell.weight, 2)
        cell.decay.clamp_(-1.0, 1.0)  # for a bound that is not beyond all numbers
        bound = (reach + cell.bias.norm()) / (1 - torch.tanh(cell.decay).abs().max())
        state = 1e6 * torch.randn(100, 5, dtype=torch.float64)
        for _ in range(200):
            state = cell(state)
    assert state.norm(dim=-1).max() <= bound


@pytest.mark.parametrize("decay", [9.0, 50.0, -50.0])
def test_a_factor_of_the_clipped_cell_is_never_one(decay):
    cell = CELLS["clipped_shallow_plrnn"](3, 4)
    cell.decay.data.fill_(decay)
    assert (cell.damping().abs() < 1).all()


def test_almost_linear_rnn_is_linear_where_no_unit_is_rectified():
    cell = AlmostLinearRNN(5, 0).double()
    a, b = torch.randn(2, 5, dtype=torch.float64)
    torch.testing.assert_close(cell(a) + cell(b), cell(a + b) + cell.bias)


def test_almost_linear_rnn_rectifies_the_last_units():
    cell = AlmostLinearRNN(5, 2).double()
    state = torch.tensor([-1.0, 2.0, -3.0, -4.0, 5.0], dtype=torch.float64)
    shown = torch.tensor([-1.0, 2.0, -3.0, 0.0, 5.0], dtype=torch.float64)
    torch.testing.assert_close(cell(state), cell.decay * state + cell.weight @ shown + cell.bias)


def test_plrnn_couples_units_off_the_diagonal_only():
    cell = make_cell("plrnn")
    jacobian = cell.jacobian(torch.full((cell.state_size,), 0.3, dtype=torch.float64))
    torch.testing.assert_close(torch.diagonal(jacobian), cell.decay)


@pytest.mark.parametrize("name", ["elman", "gru"])
def test_bounded_cells_stay_in_the_unit_cube(name):
    cell = make_cell(name)
    state = torch.rand(100, cell.state_size, dtype=torch.float64) * 2 - 1
    for _ in range(50):
        state = cell(state)
    assert state.abs().max() <= 1


def test_lstm_with_closed_input_gate_keeps_or_forgets():
    cell = make_cell("lstm")
    n = cell.hidden_size
    with torch.no_grad():
        cell.weight.zero_()
        cell.bias[:n] = -50.0  # nothing enters
        cell.bias[n : 2 * n] = 50.0  # everything is kept
    state = torch.randn(cell.state_size, dtype=torch.float64)
    torch.testing.assert_close(cell(state)[n:], state[n:])
