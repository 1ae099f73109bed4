"""Every backend of the recurrence agrees with the plain loop in value and gradient."""

import pytest
import torch

from skchaos.core import CELLS, unroll
from skchaos.core._unroll import unroll_plain

TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-6}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", CELLS)
def test_backend_agrees_with_the_plain_loop(name, dtype):
    torch.manual_seed(1)
    cell = CELLS[name](6).to(dtype)
    state = torch.randn(3, cell.state_size, dtype=dtype, requires_grad=True)
    inputs = [state, *cell.parameters()]
    weight = torch.randn(9, 3, 6, dtype=dtype)

    results = []
    for backend in (unroll_plain, unroll):
        hidden, last = backend(cell, state, 9)
        loss = (hidden * weight).sum() + last.square().sum()
        results.append([hidden, last, *torch.autograd.grad(loss, inputs)])
    for plain, fast in zip(*results, strict=True):
        error = (plain - fast).abs().max() / plain.abs().max()
        assert error < TOLERANCE[dtype]


def test_unroll_in_pieces_is_unroll_at_once():
    torch.manual_seed(2)
    cell = CELLS["lstm"](4).double()
    state = torch.randn(2, cell.state_size, dtype=torch.float64)
    whole, last = unroll(cell, state, 7)
    first, middle = unroll(cell, state, 3)
    second, last_of_pieces = unroll(cell, middle, 4)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    torch.testing.assert_close(last_of_pieces, last)
