"""Recurrent cells: one autonomous step each, with its tangent map in closed form.

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


def _per_unit(
    values: Tensor,  # ([model,] hidden)
) -> Tensor:
    # Against states (model, batch, hidden).
    return values if values.ndim == 1 else values.unsqueeze(-2)


def _product(
    frame: Tensor,  # (..., vector, state)
    weight: Tensor,  # (state_out, state)
) -> Tensor:  # (..., vector, state_out)
    # All orbits as columns of one product, which leaves the state's axis the slowest in memory:
    # nearly twice as fast as rows (MKL), and the next product takes it as it lies.
    moved = weight @ frame.flatten(end_dim=-2).mT
    return moved.mT.unflatten(0, frame.shape[:-1])


class Elman(Cell):
    """Vanilla RNN, ``h' = tanh(W h + b)`` (Elman 1990)."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.weight = self._uniform(hidden_size, hidden_size)
        self.bias = self._uniform(hidden_size)

    def forward(self, state: Tensor) -> Tensor:
        return torch.tanh(affine(state, self.weight, self.bias))

    def tangent(self, state: Tensor, frame: Tensor) -> tuple[Tensor, Tensor]:
        state = self(state)
        slope = 1 - state.square()
        return state, _product(frame, self.weight).mul_(slope.unsqueeze(-2))


class PLRNN(Cell):
    """Piecewise-linear RNN, ``z' = a * z + W max(z, 0) + h`` with zero diagonal in W.

    Durstewitz, PLoS Comput. Biol. 13 (2017), eq. 1; the cell of Mikhaeil et al. 2022, eq. 3.
    """

    def __init__(self, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.weight = self._uniform(hidden_size, hidden_size)
        self.bias = self._uniform(hidden_size)
        self.decay = nn.Parameter(torch.empty(hidden_size).uniform_(0.5, 0.9))

    def coupling(self) -> Tensor:
        """Return W: the diagonal belongs to `decay` alone, or one slope had two parameters."""
        return self.weight - torch.diag_embed(self.weight.diagonal(dim1=-2, dim2=-1))

    def forward(self, state: Tensor) -> Tensor:
        coupled = affine(torch.relu(state), self.coupling(), self.bias)
        return torch.addcmul(coupled, state, _per_unit(self.decay))

    def tangent(self, state: Tensor, frame: Tensor) -> tuple[Tensor, Tensor]:
        active = (state > 0).to(state.dtype).unsqueeze(-2) * frame
        coupled = _product(active, self.coupling())
        return self(state), torch.addcmul(coupled, frame, self.decay)


class GRU(Cell):
    """Gated recurrent unit without inputs (Cho et al. 2014, in torch's arrangement of gates)."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.weight = self._uniform(3 * hidden_size, hidden_size)  # reset, update, candidate
        self.bias = self._uniform(3 * hidden_size)
        self.candidate_bias = self._uniform(hidden_size)  # outside the reset gate

    def _gates(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        pre = affine(state, self.weight, self.bias)
        reset, update, inner = pre.chunk(3, dim=-1)
        reset, update = torch.sigmoid(reset), torch.sigmoid(update)
        return reset, update, inner, torch.tanh(_per_unit(self.candidate_bias) + reset * inner)

    def forward(self, state: Tensor) -> Tensor:
        _, update, _, candidate = self._gates(state)
        return torch.lerp(candidate, state, update)

    def tangent(self, state: Tensor, frame: Tensor) -> tuple[Tensor, Tensor]:
        reset, update, inner, candidate = self._gates(state)
        w_reset, w_update, w_inner = self.weight.chunk(3)
        to_candidate = (1 - update) * (1 - candidate.square())
        by_reset = to_candidate * inner * reset * (1 - reset)
        by_update = (state - candidate) * update * (1 - update)
        # Summed before they meet the frame: one product instead of three.
        jacobian = (to_candidate * reset).unsqueeze(-1) * w_inner
        jacobian.addcmul_(by_reset.unsqueeze(-1), w_reset)
        jacobian.addcmul_(by_update.unsqueeze(-1), w_update)
        jacobian.diagonal(dim1=-2, dim2=-1).add_(update)
        return torch.lerp(candidate, state, update), frame @ jacobian.mT


class LSTM(Cell):
    """Long short-term memory without inputs; the state is (hidden, cell).

    Hochreiter & Schmidhuber 1997, in torch's arrangement of gates: input, forget, cell, output.
    """

    n_parts = 2

    def __init__(self, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.weight = self._uniform(4 * hidden_size, hidden_size)
        self.bias = self._uniform(4 * hidden_size)
        with torch.no_grad():  # remember at first: Jozefowicz et al., ICML 2015, section 3
            self.bias[hidden_size : 2 * hidden_size] += 1.0

    def _gates(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        pre = affine(hidden, self.weight, self.bias)
        enter, keep, fresh, out = pre.chunk(4, dim=-1)
        return torch.sigmoid(enter), torch.sigmoid(keep), torch.tanh(fresh), torch.sigmoid(out)

    def forward(self, state: Tensor) -> Tensor:
        hidden, memory = state.chunk(2, dim=-1)
        enter, keep, fresh, out = self._gates(hidden)
        memory = keep * memory + enter * fresh
        return torch.cat([out * torch.tanh(memory), memory], dim=-1)

    def tangent(self, state: Tensor, frame: Tensor) -> tuple[Tensor, Tensor]:
        hidden, memory = state.chunk(2, dim=-1)
        d_hidden, d_memory = frame.chunk(2, dim=-1)
        enter, keep, fresh, out = self._gates(hidden)
        w_enter, w_keep, w_fresh, w_out = self.weight.chunk(4)
        by_hidden = (fresh * enter * (1 - enter)).unsqueeze(-1) * w_enter
        by_hidden.addcmul_((memory * keep * (1 - keep)).unsqueeze(-1), w_keep)
        by_hidden.addcmul_((enter * (1 - fresh.square())).unsqueeze(-1), w_fresh)
        memory = keep * memory + enter * fresh
        shown = torch.tanh(memory)
        by_memory, by_out = out * (1 - shown.square()), shown * out * (1 - out)
        to_hidden = torch.addcmul(by_memory.unsqueeze(-1) * by_hidden, by_out.unsqueeze(-1), w_out)
        # Of the memory the Jacobian is diagonal: only the hidden half needs a product.
        to_both = torch.cat([to_hidden, by_hidden], dim=-2)
        kept = torch.cat(
            [d_memory * (by_memory * keep).unsqueeze(-2), d_memory * keep.unsqueeze(-2)], dim=-1
        )
        moved = kept + d_hidden @ to_both.mT
        return torch.cat([out * shown, memory], dim=-1), moved


CELLS: dict[str, type[Cell]] = {"elman": Elman, "gru": GRU, "lstm": LSTM, "plrnn": PLRNN}
