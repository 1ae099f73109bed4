"""Lyapunov exponents of a cell from its tangent dynamics: the QR method.

Benettin, Galgani, Giorgilli & Strelcyn, Meccanica 15 (1980); Geist, Parlitz & Lauterborn, Prog.
Theor. Phys. 83 (1990).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from skchaos.core._cells import Cell

# Tangent vectors must not lose the slowest direction between two decompositions: keep the spread
# of their lengths, steps * (lambda_1 - lambda_last), below this many nats in float64.
MAX_SPREAD = 20.0
ALIGNMENT = 200  # steps after which a frame has found the leading directions of a chaotic orbit
TINY = 1e-300  # a direction that is annihilated counts as contracted by this factor


@dataclass(frozen=True)
class TangentDynamics:
    """Growth of tangent vectors along orbits.

    Attributes
    ----------
    log_growth : Tensor of shape (block, orbit, exponent)
        Nats gained in each block.
    block_length : int
        Steps in a block.
    states : Tensor of shape (orbit, state)
        Where the orbits ended.
    """

    log_growth: Tensor
    block_length: int
    states: Tensor


@torch.no_grad()
def tangent_dynamics(
    cell: Cell,
    states: Tensor,  # (orbit, state)
    n_steps: int,
    *,
    n_exponents: int,
    n_transient: int,
) -> TangentDynamics:
    """Follow orthonormal tangent frames along many orbits at once.

    Parameters
    ----------
    cell : Cell
        In float64.
    states : Tensor of shape (orbit, state)
        Where the orbits begin.
    n_steps : int
        Steps that count, rounded down to whole blocks.
    n_exponents : int
        Leading directions to follow.
    n_transient : int
        Steps during which frames align before they count.

    Returns
    -------
    TangentDynamics
        Growth in each block between two decompositions.
    """
    n_orbits = len(states)
    frame = _first_frame(states, n_exponents).expand(n_orbits, -1, -1)
    rates = states.new_zeros(n_orbits, n_exponents)
    for _ in range(n_transient):
        states, frame, growth = _block(cell, states, frame, 1)
        rates += growth / n_transient
    block_length = _block_length(rates) if n_transient else 1
    blocks = []
    for _ in range(max(1, n_steps // block_length)):
        states, frame, growth = _block(cell, states, frame, block_length)
        blocks.append(growth)
    return TangentDynamics(torch.stack(blocks), block_length, states)


def _first_frame(states: Tensor, n_exponents: int) -> Tensor:  # (1, state, exponent)
    # In general position: a frame along the axes never aligns where the dynamics keep the axes.
    generator = torch.Generator().manual_seed(0)
    shape = (1, states.shape[1], n_exponents)
    frame = torch.randn(shape, dtype=states.dtype, generator=generator)
    return torch.linalg.qr(frame)[0].to(states.device)


def _block(cell: Cell, states: Tensor, frame: Tensor, n_steps: int) -> tuple[Tensor, ...]:
    for _ in range(n_steps):
        frame = cell.jacobian(states) @ frame
        states = cell(states)
    frame, upper = torch.linalg.qr(frame)
    growth = torch.diagonal(upper, dim1=-2, dim2=-1).abs().clamp(min=TINY).log()
    return states, frame, growth


def _block_length(rates: Tensor) -> int:
    mean = rates.mean(dim=0)
    spread = float(mean.max() - mean.min())
    return max(1, min(100, int(MAX_SPREAD / max(spread, 1e-9))))


@torch.no_grad()
def growth_along(
    cell: Cell,
    states: Tensor,  # (row, state)
    n_exponents: int,
) -> Tensor:  # (row, exponent), nats per step
    """Carry one tangent frame along given states and return its growth at each of them.

    The frame is first aligned by a pass over the first rows, as far as there are any.
    """
    frame = _first_frame(states, n_exponents)
    for state in states[:ALIGNMENT]:
        _, frame, _ = _block(cell, state[None], frame, 1)
    growth = []
    for state in states:
        _, frame, gained = _block(cell, state[None], frame, 1)
        growth.append(gained[0])
    return torch.stack(growth)
