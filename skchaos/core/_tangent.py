"""Lyapunov exponents of a map from its tangent dynamics: the QR method.

Benettin, Galgani, Giorgilli & Strelcyn, Meccanica 15 (1980); Geist, Parlitz & Lauterborn, Prog.
Theor. Phys. 83 (1990).
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from skchaos.core._unroll import kicked

# Between two decompositions tangent vectors turn towards the fastest direction, and rounding there
# drowns the slowest: e^20 leaves it seven of the sixteen digits of float64.
MAX_SPREAD = 20.0  # nats
USUAL = 0.98  # of the orbits are to stay below it; a block is done again for the others
MAX_LENGTH = 100  # steps in a block: what a longer one saves is nothing beside its steps
ALIGNMENT = 200  # steps after which a frame has found the leading directions of a chaotic orbit
TINY = 1e-300  # a direction that is annihilated counts as contracted by this factor


class TangentMap(Protocol):
    """What exponents are computed of: a :class:`skchaos.core.Cell`, or a wrapped function."""

    def tangent(
        self,
        state: Tensor,  # (..., state)
        frame: Tensor,  # (..., vector, state)
    ) -> tuple[Tensor, Tensor]:  # the same, one step later
        """Advance a state and tangent vectors at it."""
        ...


class DrivenMap:
    """A cell whose state is kicked before each step, as a map without time.

    Its states have two numbers more, of which nothing depends smoothly: the orbit and the step.

    Parameters
    ----------
    cell : TangentMap
        What moves a state on.
    kicks : Tensor of shape (time, orbit, hidden)
        What is added to the hidden part of the state before each step.
    """

    def __init__(self, cell: TangentMap, kicks: Tensor) -> None:
        self.cell, self.kicks = cell, kicks

    def begin(
        self,
        states: Tensor,  # (orbit, state)
    ) -> Tensor:  # (orbit, state + 2)
        """Return the states from which the orbits begin."""
        orbit = torch.arange(len(states), dtype=states.dtype, device=states.device)
        return torch.cat([states, orbit[:, None], torch.zeros_like(orbit)[:, None]], dim=1)

    def tangent(self, state: Tensor, frame: Tensor) -> tuple[Tensor, Tensor]:
        """Advance a state and tangent vectors at it."""
        orbit, step = state[..., -2].long(), state[..., -1].long()
        begun = kicked(state[..., :-2], self.kicks[step, orbit])
        ahead, moved = self.cell.tangent(begun, frame[..., :-2])
        rest = torch.stack([state[..., -2], state[..., -1] + 1], dim=-1)
        return torch.cat([ahead, rest], dim=-1), nn.functional.pad(moved, (0, 2))


@dataclass(frozen=True)
class TangentDynamics:
    """Growth of tangent vectors along orbits.

    Attributes
    ----------
    log_growth : Tensor of shape (block, orbit, exponent)
        Nats gained in each block.
    block_lengths : Tensor of shape (block,)
        Steps in each block.
    states : Tensor of shape (orbit, state)
        Where the orbits ended; of a :class:`DrivenMap` with orbit and step.
    """

    log_growth: Tensor
    block_lengths: Tensor
    states: Tensor

    @property
    def exponents(self) -> Tensor:  # (orbit, exponent), nats per step
        """Mean growth along each orbit: its finite-time exponents."""
        return self.log_growth.sum(dim=0) / self.block_lengths.sum()


@torch.no_grad()
def tangent_dynamics(
    cell: TangentMap,
    states: Tensor,  # (orbit, state)
    n_steps: int,
    *,
    n_exponents: int,
    n_transient: int,
) -> TangentDynamics:
    """Follow orthonormal tangent frames along many orbits at once.

    Frames are decomposed as seldom as float64 allows: a block of steps aims at a spread of lengths
    below `MAX_SPREAD` on every orbit, and is done again in smaller ones where it is found above.

    Parameters
    ----------
    cell : TangentMap
        In float64.
    states : Tensor of shape (orbit, state)
        Where the orbits begin.
    n_steps : int
        Steps that count.
    n_exponents : int
        Leading directions to follow.
    n_transient : int
        Steps during which frames align before they count.

    Returns
    -------
    TangentDynamics
        Growth in each block between two decompositions.

    Raises
    ------
    ValueError
        If an orbit leaves the range of float64.
    """
    frame = _first_frame(states, n_exponents).expand(len(states), -1, -1)
    states, frame, _, length = _follow(cell, states, frame, n_transient, 1)
    states, frame, blocks, _ = _follow(cell, states, frame, n_steps, length)
    growth, lengths = zip(*blocks, strict=True)
    return TangentDynamics(torch.stack(growth), torch.tensor(lengths), states)


def _first_frame(states: Tensor, n_exponents: int) -> Tensor:  # (1, exponent, state)
    # In general position: a frame along the axes never aligns where the dynamics keep the axes.
    generator = torch.Generator().manual_seed(0)
    shape = (1, states.shape[1], n_exponents)
    frame = torch.randn(shape, dtype=states.dtype, generator=generator)
    return torch.linalg.qr(frame)[0].mT.to(states.device)


Block = tuple[Tensor, int]  # growth (orbit, exponent), steps


def _follow(
    cell: TangentMap, states: Tensor, frame: Tensor, n_steps: int, length: int
) -> tuple[Tensor, Tensor, list[Block], int]:  # states, frame, blocks, length of the next
    blocks, done = [], 0
    while done < n_steps:
        taken = min(length, n_steps - done)
        states, frame, growth, spread = _block(cell, states, frame, taken)
        if not growth.isfinite().all():
            raise ValueError(
                "An orbit left the range of float64. Exponents are those of orbits that stay "
                "bounded: start from other states, or take a model whose free run does not diverge."
            )
        blocks.append((growth, taken))
        done += taken
        length = _next_length(taken, spread)
    return states, frame, blocks, length


def _next_length(taken: int, spread: Tensor) -> int:
    usual = float(spread.nan_to_num(nan=torch.inf).quantile(USUAL))
    aimed = int(MAX_SPREAD * taken / max(usual, 1e-9))
    return max(1, min(aimed, 2 * taken, MAX_LENGTH))


def _decompose(
    vectors: Tensor,  # (orbit, vector, state)
) -> tuple[Tensor, Tensor]:  # upper triangle (orbit, vector, vector), frame as the vectors
    # Division by the triangle takes a fraction of the time of forming the basis from reflections.
    # That frame is orthonormal but for rounding times e^spread, and it times the triangle is the
    # vectors all the same: the next triangle makes up for what this one missed.
    upper = torch.linalg.qr(vectors.mT, mode="r").R
    return upper, torch.linalg.solve_triangular(upper.mT, vectors, upper=False)


def _block(
    cell: TangentMap, states: Tensor, frame: Tensor, n_steps: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # states, frame, growth, spread (orbit,)
    ends, vectors = states, frame
    for _ in range(n_steps):
        ends, vectors = cell.tangent(ends, vectors)
    upper, frame_ahead = _decompose(vectors)
    growth = torch.diagonal(upper, dim1=-2, dim2=-1).abs().clamp(min=TINY).log()
    # Off the diagonal stands what a slow direction gained along faster ones. Unit length belongs
    # to the range, so that a frame that grows or shrinks as a whole does not overflow.
    fastest = upper.abs().amax(dim=(-2, -1)).clamp(min=1.0).log()
    spread = fastest - growth.amin(dim=-1).clamp(max=0.0)
    redo = ~(spread <= MAX_SPREAD)  # nan too, which an overflow left
    if redo.any() and n_steps == 1:  # no shorter block: pay for the basis itself
        frame_ahead[redo] = torch.linalg.qr(vectors[redo].mT).Q.mT
    elif redo.any():
        first = _block(cell, states[redo], frame[redo], n_steps // 2)
        second = _block(cell, first[0], first[1], n_steps - n_steps // 2)
        ends[redo], frame_ahead[redo] = second[0], second[1]
        growth[redo] = first[2] + second[2]
    return ends, frame_ahead, growth, spread


@torch.no_grad()
def growth_along(
    cell: TangentMap,
    states: Tensor,  # (row, state)
    n_exponents: int,
) -> Tensor:  # (row, exponent), nats per step
    """Carry one tangent frame along given states and return its growth at each of them.

    The frame is first aligned by a pass over the first rows, as far as there are any.
    """
    frame = _first_frame(states, n_exponents)
    for state in states[:ALIGNMENT]:
        _, frame, *_ = _block(cell, state[None], frame, 1)
    growth = []
    for state in states:
        _, frame, gained, _ = _block(cell, state[None], frame, 1)
        growth.append(gained[0])
    return torch.stack(growth)
