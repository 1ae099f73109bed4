"""From data to states: the two ways invert what they say they invert."""

import torch

from skchaos.core._cell import affine
from skchaos.core._observation import Affine, PseudoInverse, WindowEncoder


def make_problem():
    torch.manual_seed(0)
    readout = Affine(6, 2).double()
    torch.nn.init.normal_(readout.bias)
    return readout, torch.randn(5, 2, dtype=torch.float64)


def test_pseudo_inverse_explains_the_present_row_with_the_least_state():
    readout, rows = make_problem()
    state = affine(rows, *PseudoInverse(2, 6, 12)(readout))
    hidden, memory = state.chunk(2, dim=-1)
    torch.testing.assert_close(readout(hidden), rows)
    assert (memory == 0).all()
    kernel = torch.linalg.qr(readout.weight.T, mode="complete").Q[:, 2:]  # what B does not see
    torch.testing.assert_close(hidden @ kernel, torch.zeros(5, 4, dtype=torch.float64))


def test_pseudo_inverse_leaves_further_targets_out():
    readout, _ = make_problem()
    wide = Affine(6, 3).double()
    with torch.no_grad():
        wide.weight[:2], wide.bias[:2] = readout.weight, readout.bias
    inference = PseudoInverse(2, 6, 6)
    for found, wanted in zip(inference(wide), inference(readout), strict=True):
        torch.testing.assert_close(found, wanted)


def test_window_encoder_is_a_map_of_its_own():
    readout, _ = make_problem()
    encoder = WindowEncoder(3, 2, 12)
    weight, bias = encoder(readout)
    assert weight.shape == (12, 6)
    assert weight is encoder.affine.weight
    assert bias is encoder.affine.bias
