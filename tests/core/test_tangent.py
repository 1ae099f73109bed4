"""The QR method: linear maps, sum rules, and independence of its settings."""

import math

import pytest
import torch

from skchaos.core import CELLS, Cell, tangent_dynamics


class LinearCell(Cell):
    """A linear map, whose exponents are the logarithms of its eigenvalues' moduli."""

    def __init__(self, matrix):
        super().__init__(matrix.shape[0])
        self.matrix = matrix

    def forward(self, state):
        return state @ self.matrix.T

    def jacobian(self, state):
        return self.matrix.expand(*state.shape, -1)


def spectrum(dynamics):
    return dynamics.log_growth.mean(dim=(0, 1)) / dynamics.block_length


def test_linear_map_has_the_logarithms_of_its_eigenvalues():
    torch.manual_seed(0)
    moduli = torch.tensor([1.3, 0.9, 0.2, 1e-3], dtype=torch.float64)
    basis = torch.randn(4, 4, dtype=torch.float64)
    cell = LinearCell(basis @ torch.diag(moduli) @ torch.linalg.inv(basis))
    state = torch.zeros(2, 4, dtype=torch.float64)
    dynamics = tangent_dynamics(cell, state, 300, n_exponents=4, n_transient=100)
    torch.testing.assert_close(spectrum(dynamics), moduli.log(), rtol=1e-6, atol=1e-6)
    assert 1 < dynamics.block_length <= 20 / math.log(1.3 / 1e-3)


@pytest.mark.parametrize("name", CELLS)
def test_exponents_sum_to_the_mean_log_determinant(name):
    torch.manual_seed(4)
    cell = CELLS[name](3).double()
    states = torch.randn(5, cell.state_size, dtype=torch.float64)
    dynamics = tangent_dynamics(cell, states, 40, n_exponents=cell.state_size, n_transient=0)
    assert dynamics.block_length == 1
    expected, state = 0.0, states
    for _ in range(40):
        expected = expected + torch.linalg.slogdet(cell.jacobian(state)).logabsdet.detach()
        state = cell(state)
    torch.testing.assert_close(dynamics.log_growth.sum(dim=(0, 2)), expected)


def test_leading_exponents_do_not_depend_on_how_many_are_asked_for():
    torch.manual_seed(5)
    cell = CELLS["elman"](6).double()
    states = torch.randn(3, 6, dtype=torch.float64)
    few, many = (
        spectrum(tangent_dynamics(cell, states, 500, n_exponents=k, n_transient=300))
        for k in (2, 6)
    )
    torch.testing.assert_close(few, many[:2], rtol=0, atol=0.02)
