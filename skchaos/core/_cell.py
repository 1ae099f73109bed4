"""What a recurrent cell is: one autonomous step, with its tangent map in closed form.

A cell maps a state to the next state. It has no inputs: data enter only where a state is inferred
from them (:mod:`skchaos.core._observation`). Steps broadcast over leading axes; loops over time
live in :mod:`skchaos.core._unroll`.

Parameters may have a leading axis of models (:class:`skchaos.core.Stack`), which states then have
too. Tangent maps are those of one model.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Cell(nn.Module, ABC):
    """One step of an autonomous recurrence, ``state -> state``.

    Parameters
    ----------
    hidden_size : int
        Number of units that the readout sees.
    """

    n_parts = 1  # how many vectors of hidden_size make up a state; the first is the hidden one

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size

    @classmethod
    def usual_rectified(cls, hidden_size: int) -> int:
        """Return how many rectifiers to take where nobody says; 0 where there is no choice."""
        return 0

    def slow_goals(self) -> dict[str, float]:
        """Return the values of parameters at which units keep what they hold; none if they cannot.

        The first axis of each parameter is that of units. Units that keep their value whatever it
        is are a line of fixed points, on which slow motions can be built.
        """
        return {}

    @property
    def state_size(self) -> int:
        """Length of a state vector."""
        return self.n_parts * self.hidden_size

    def hidden(
        self,
        state: Tensor,  # (..., state)
    ) -> Tensor:  # (..., hidden)
        """Return the part of the state that the readout sees."""
        return state[..., : self.hidden_size]

    @abstractmethod
    def forward(
        self,
        state: Tensor,  # (..., state)
    ) -> Tensor:  # (..., state)
        """Advance the state by one step."""

    @abstractmethod
    def tangent(
        self,
        state: Tensor,  # (..., state)
        frame: Tensor,  # (..., vector, state)
    ) -> tuple[Tensor, Tensor]:  # the same, one step later
        """Advance a state and tangent vectors at it: `J v` for each `v` of the frame."""

    def jacobian(
        self,
        state: Tensor,  # (..., state)
    ) -> Tensor:  # (..., state_out, state_in)
        """Return the derivative of the next state with respect to this one."""
        axes = torch.eye(state.shape[-1], dtype=state.dtype, device=state.device)
        frame = axes.expand(*state.shape, -1)
        return self.tangent(state, frame)[1].mT

    def _uniform(self, *shape: int) -> nn.Parameter:
        # torch's own initialisation of recurrent layers: U(-1/sqrt(hidden), 1/sqrt(hidden)).
        bound = self.hidden_size**-0.5
        return nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))


def affine(
    rows: Tensor,  # ([model,] ..., in)
    weight: Tensor,  # ([model,] out, in)
    bias: Tensor,  # ([model,] out)
) -> Tensor:  # ([model,] ..., out)
    """Return ``rows @ weight.T + bias``, of one model or of several at once."""
    if weight.ndim == 2:
        return nn.functional.linear(rows, weight, bias)
    # Columns, and thus rows of a unit: several times faster where there are few outputs.
    moved = torch.baddbmm(bias.unsqueeze(-1), weight, rows.flatten(1, -2).mT).mT
    return moved.unflatten(1, rows.shape[1:-1])


def per_unit(
    values: Tensor,  # ([model,] hidden)
) -> Tensor:
    # Against states (model, batch, hidden).
    return values if values.ndim == 1 else values.unsqueeze(-2)


def product(
    frame: Tensor,  # (..., vector, state)
    weight: Tensor,  # (state_out, state)
) -> Tensor:  # (..., vector, state_out)
    # All orbits as columns of one product, which leaves the state's axis the slowest in memory:
    # nearly twice as fast as rows (MKL), and the next product takes it as it lies.
    moved = weight @ frame.flatten(end_dim=-2).mT
    return moved.mT.unflatten(0, frame.shape[:-1])
