"""Cells: closed-form Jacobians against automatic differentiation, and known limits."""

import pytest
import torch

from skchaos.core import CELLS


def make_cell(name, hidden_size=5, seed=0):
    torch.manual_seed(seed)
    return CELLS[name](hidden_size).double()


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
