"""From data to states: the two ways invert what they say they invert."""

import torch
from torch import nn

from skchaos.core._observation import PseudoInverse, WindowEncoder


def make_problem():
    torch.manual_seed(0)
    readout = nn.Linear(6, 2).double()
    nn.init.normal_(readout.bias)
    return readout, torch.randn(5, 3, 2, dtype=torch.float64)


def test_pseudo_inverse_explains_the_present_row_with_the_least_state():
    readout, windows = make_problem()
    state = PseudoInverse(6, 12)(windows, readout)
    hidden, memory = state.chunk(2, dim=-1)
    torch.testing.assert_close(readout(hidden), windows[:, -1])
    assert (memory == 0).all()
    kernel = torch.linalg.qr(readout.weight.T, mode="complete").Q[:, 2:]  # what B does not see
    torch.testing.assert_close(hidden @ kernel, torch.zeros(5, 4, dtype=torch.float64))


def test_window_encoder_is_affine_in_all_rows():
    readout, windows = make_problem()
    encoder = WindowEncoder(3, 2, 12).double()
    origin = encoder(torch.zeros_like(windows), readout)
    doubled = encoder(2 * windows, readout) - origin
    torch.testing.assert_close(doubled, 2 * (encoder(windows, readout) - origin))
    for row in range(3):
        changed = windows.clone()
        changed[:, row] += 1
        assert not torch.allclose(encoder(changed, readout), encoder(windows, readout))
