"""The cells there are, and those that squash what they compute."""

import torch
from torch import Tensor

from skchaos.core._cell import Cell, affine, per_unit, product
from skchaos.core._piecewise import (
    PLRNN,
    AlmostLinearRNN,
    ClippedShallowPLRNN,
    DendriticPLRNN,
    ShallowPLRNN,
)


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
        return state, product(frame, self.weight).mul_(slope.unsqueeze(-2))


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
        return reset, update, inner, torch.tanh(per_unit(self.candidate_bias) + reset * inner)

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


CELLS: dict[str, type[Cell]] = {
    "al_rnn": AlmostLinearRNN,
    "clipped_shallow_plrnn": ClippedShallowPLRNN,
    "dendritic_plrnn": DendriticPLRNN,
    "elman": Elman,
    "gru": GRU,
    "lstm": LSTM,
    "plrnn": PLRNN,
    "shallow_plrnn": ShallowPLRNN,
}


def make_cell(name: str, hidden_size: int, n_rectified: int = 0) -> Cell:
    """Return a cell with new weights; with 0 rectifiers it has as many as are usual."""
    n_rectified = n_rectified or CELLS[name].usual_rectified(hidden_size)
    return CELLS[name](hidden_size, *([n_rectified] if n_rectified else []))
