"""The QR method: linear maps, sum rules, and independence of its settings."""

import math

import pytest
import torch

from skchaos.core import CELLS, Cell, DrivenMap, growth_along, make_cell, tangent_dynamics
from skchaos.core._tangent import MAX_SPREAD, _block, _first_frame

PIECEWISE = tuple(CELLS[name] for name in CELLS if name.endswith("plrnn") or name == "al_rnn")


class LinearCell(Cell):
    """A linear map, whose exponents are the logarithms of its eigenvalues' moduli."""

    def __init__(self, matrix):
        super().__init__(matrix.shape[0])
        self.matrix = matrix

    def forward(self, state):
        return state @ self.matrix.T

    def tangent(self, state, frame):
        return state @ self.matrix.T, frame @ self.matrix.T


class BurstCell:
    """A clock, and two oblique directions that once a turn of the clock part by many nats."""

    TURN, BURST = 20, 15.0
    BASIS = torch.tensor([[1.0, 0.6], [0.3, 1.0]], dtype=torch.float64)

    def tangent(self, state, frame):
        burst = torch.where(state[..., :1] % self.TURN == 0, self.BURST, 0.1)
        rates = torch.cat([0.02 * burst, -burst], dim=-1).exp().unsqueeze(-2)
        return state + 1, (frame @ torch.linalg.inv(self.BASIS)) * rates @ self.BASIS


def spectrum(dynamics):
    return dynamics.exponents.mean(dim=0)


def random_cell(name, hidden_size, gain=3.0):
    """Return a cell whose weights are large enough for irregular orbits."""
    torch.manual_seed(4)
    cell = make_cell(name, hidden_size).double()
    with torch.no_grad():
        if not isinstance(cell, PIECEWISE):  # whose orbits would diverge
            cell.weight *= gain
    return cell


def plain_exponents(cell, state, n_steps, n_transient):
    """Return the exponents of one orbit by autograd and a decomposition at each step."""
    frame = _first_frame(state[None], len(state))[0].mT
    total = torch.zeros_like(state)
    for step in range(n_transient + n_steps):
        frame, upper = torch.linalg.qr(torch.func.jacrev(cell)(state) @ frame)
        state = cell(state)
        if step >= n_transient:
            total += upper.diagonal().abs().log()
    return (total / n_steps).detach()


@pytest.mark.parametrize("name", CELLS)
def test_every_exponent_is_that_of_autograd_and_qr_at_each_step(name):
    cell = random_cell(name, 6)
    states = torch.randn(3, cell.state_size, dtype=torch.float64)
    dynamics = tangent_dynamics(cell, states, 60, n_exponents=cell.state_size, n_transient=20)
    assert len(dynamics.block_lengths) < dynamics.block_lengths.sum() == 60
    expected = torch.stack([plain_exponents(cell, state, 60, 20) for state in states])
    # Rounding grows by e^MAX_SPREAD within a block: 1e-16 to 5e-8.
    torch.testing.assert_close(dynamics.exponents, expected, rtol=0, atol=1e-6)


# Factors of the weights by which the smallest exponent is -6 to -15 nats per step, and in PLRNN, by
# its slopes, beyond MAX_SPREAD.
STRONG = {"elman": 12.0, "gru": 16.0, "lstm": 9.0}
STRONG_PIECEWISE = 1e-4


def contracting_cell(name):
    cell = random_cell(name, 6, STRONG.get(name, 1.0))
    if isinstance(cell, PIECEWISE):
        with torch.no_grad():
            cell.weight *= STRONG_PIECEWISE
            cell.decay.copy_(torch.logspace(-0.1, -9, 6))
    return cell


@pytest.mark.parametrize("name", CELLS)
def test_every_exponent_of_a_strong_contraction(name):
    cell = contracting_cell(name)
    states = torch.randn(3, cell.state_size, dtype=torch.float64)
    dynamics = tangent_dynamics(cell, states, 60, n_exponents=cell.state_size, n_transient=20)
    expected = torch.stack([plain_exponents(cell, state, 60, 20) for state in states])
    assert -21 < expected.min() < -6
    # At 15 to 21 nats a step a decomposition at each of them is itself no better than 1e-8.
    torch.testing.assert_close(dynamics.exponents, expected, rtol=0, atol=2e-8)


def test_annihilated_direction_spoils_neither_the_others_nor_other_orbits():
    torch.manual_seed(0)
    whole = torch.randn(4, 4, dtype=torch.float64)
    singular = whole @ torch.diag(torch.tensor([1.0, 1.0, 0.0, 0.0], dtype=torch.float64))

    class Either:
        def tangent(self, state, frame):
            matrix = torch.where(state[..., :1, None] > 0, singular, whole)
            return state, frame @ matrix.mT

    state = torch.tensor([[1.0, 0, 0, 0], [-1.0, 0, 0, 0]], dtype=torch.float64)
    dynamics = tangent_dynamics(Either(), state, 400, n_exponents=4, n_transient=100)
    moduli = torch.linalg.eigvals(singular).abs().sort(descending=True)[0]
    found = dynamics.exponents
    torch.testing.assert_close(found[0, :2].sum(), moduli[:2].log().sum())
    assert (found[0, 2:] < -30).all()
    torch.testing.assert_close(found[1].sum(), torch.linalg.slogdet(whole).logabsdet)


def test_frame_is_orthonormal_to_within_rounding_times_the_spread():
    cell = random_cell("elman", 6)
    state = torch.randn(8, 6, dtype=torch.float64)
    frame = _first_frame(state, 6).expand(8, -1, -1)
    for n_steps in (1, 3, 5):
        state, frame, _, spread = _block(cell, state, frame, n_steps)
        missed = (frame @ frame.mT - torch.eye(6)).abs().amax(dim=(-2, -1))
        assert (missed < 1e-14 * spread.clamp(max=MAX_SPREAD).exp()).all()


def test_linear_map_has_the_logarithms_of_its_eigenvalues():
    torch.manual_seed(0)
    moduli = torch.tensor([1.3, 0.9, 0.2, 1e-3], dtype=torch.float64)
    basis = torch.randn(4, 4, dtype=torch.float64)
    cell = LinearCell(basis @ torch.diag(moduli) @ torch.linalg.inv(basis))
    state = torch.zeros(2, 4, dtype=torch.float64)
    dynamics = tangent_dynamics(cell, state, 300, n_exponents=4, n_transient=100)
    torch.testing.assert_close(spectrum(dynamics), moduli.log(), rtol=1e-6, atol=1e-6)
    assert 1 < dynamics.block_lengths.max() <= MAX_SPREAD / math.log(1.3 / 1e-3)


@pytest.mark.parametrize("factor", [1e-60, 1e60])
def test_frames_that_grow_or_shrink_as_a_whole_stay_in_range(factor):
    moduli = factor * torch.tensor([1.0, 0.5], dtype=torch.float64)
    state = torch.zeros(2, 2, dtype=torch.float64)
    dynamics = tangent_dynamics(
        LinearCell(torch.diag(moduli)), state, 50, n_exponents=2, n_transient=60
    )
    torch.testing.assert_close(spectrum(dynamics), moduli.log())


def test_block_is_done_again_for_the_orbits_that_spread_too_far():
    # In 25 steps the first clock passes one burst of 15.3 nats, the second clock two.
    state = torch.tensor([[1.0, 0.0], [17.0, 0.0]], dtype=torch.float64)
    frame = _first_frame(state, 2).expand(2, -1, -1)
    cell = BurstCell()
    ends, moved, growth, spread = _block(cell, state, frame, 25)
    assert spread[0] < MAX_SPREAD < spread[1]
    one_by_one = 0.0
    for _ in range(25):
        state, frame, gained, _ = _block(cell, state, frame, 1)
        one_by_one = one_by_one + gained
    torch.testing.assert_close(growth, one_by_one, rtol=0, atol=1e-6)
    torch.testing.assert_close(ends, state)
    torch.testing.assert_close(moved.abs(), frame.abs())


def test_smallest_exponent_survives_bursts():
    state = torch.tensor([[0.0, 0.0], [7.0, 0.0]], dtype=torch.float64)
    dynamics = tangent_dynamics(BurstCell(), state, 400, n_exponents=2, n_transient=40)
    mean = (15.0 + 19 * 0.1) / 20
    expected = torch.tensor([0.02 * mean, -mean], dtype=torch.float64)
    torch.testing.assert_close(dynamics.exponents, expected.expand(2, 2), rtol=1e-6, atol=1e-6)
    assert dynamics.block_lengths.max() > 1


@pytest.mark.parametrize("name", CELLS)
def test_exponents_sum_to_the_mean_log_determinant(name):
    cell = random_cell(name, 3)
    states = torch.randn(5, cell.state_size, dtype=torch.float64)
    dynamics = tangent_dynamics(cell, states, 40, n_exponents=cell.state_size, n_transient=0)
    assert dynamics.block_lengths.max() > 1
    expected, state = 0.0, states
    for _ in range(40):
        expected = expected + torch.linalg.slogdet(cell.jacobian(state)).logabsdet.detach()
        state = cell(state)
    torch.testing.assert_close(dynamics.exponents.sum(dim=-1), expected / 40)
    torch.testing.assert_close(dynamics.states, state)


def test_leading_exponents_do_not_depend_on_how_many_are_asked_for():
    torch.manual_seed(5)
    cell = make_cell("elman", 6).double()
    states = torch.randn(3, 6, dtype=torch.float64)
    few, many = (
        spectrum(tangent_dynamics(cell, states, 500, n_exponents=k, n_transient=300))
        for k in (2, 6)
    )
    torch.testing.assert_close(few, many[:2], rtol=0, atol=0.02)


def test_orbits_that_diverge_are_named():
    state = torch.ones(1, 2, dtype=torch.float64)

    class Square(LinearCell):
        def tangent(self, state, frame):
            return state.square() + 1, 2 * state.unsqueeze(-2) * frame

    with pytest.raises(ValueError, match="left the range of float64"):
        tangent_dynamics(Square(torch.eye(2)), state, 50, n_exponents=2, n_transient=50)


def test_growth_along_an_orbit_has_the_exponents_as_its_mean():
    cell = random_cell("gru", 4)
    state, states = torch.randn(4, dtype=torch.float64), []
    for _ in range(300):
        state = cell(state).detach()
        states.append(state)
    growth = growth_along(cell, torch.stack(states), 4)
    expected = plain_exponents(cell, states[0], 300, 0)
    torch.testing.assert_close(growth.mean(dim=0), expected, rtol=0, atol=0.05)


def test_kicks_belong_to_their_orbit_and_step():
    torch.manual_seed(0)
    cell = make_cell("plrnn", 4).double()
    states, kicks = torch.randn(5, 4).double(), torch.randn(40, 5, 4).double()
    driven = DrivenMap(cell, kicks)
    with torch.no_grad():
        found = tangent_dynamics(driven, driven.begin(states), 30, n_exponents=3, n_transient=10)
        moved, growth = states, torch.zeros(5)
        frame = torch.linalg.qr(torch.randn(5, 4, 3).double())[0].mT
        for step in range(40):
            moved, frame = cell.tangent(moved + kicks[step], frame)
            frame, upper = torch.linalg.qr(frame.mT)
            frame = frame.mT
            growth = growth + (step >= 10) * upper[:, 0, 0].abs().log()
    torch.testing.assert_close(found.states[:, :4], moved)
    # Frames align in the transient, whatever they begin with.
    assert (found.exponents[:, 0] - growth / 30).abs().max() < 0.05
