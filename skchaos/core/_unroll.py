"""The recurrence: a cell applied again and again.

:func:`unroll` is the only loop over time in the package's models. The plain loop is the truth;
the others have its signature and agree with it in value and gradient (``tests/core``).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from skchaos.core._cells import GRU, LSTM, Cell, Elman

Unrolled = tuple[Tensor, Tensor]  # hidden (time, batch, hidden), last state (batch, state)


def unroll(
    cell: Cell,
    state: Tensor,  # (batch, state)
    n_steps: int,
) -> Unrolled:
    """Run the cell freely for `n_steps` steps by the fastest backend that it has."""
    return _BACKENDS.get(type(cell), unroll_plain)(cell, state, n_steps)


def unroll_plain(cell: Cell, state: Tensor, n_steps: int) -> Unrolled:
    """Step the cell in a Python loop."""
    hidden = []
    for _ in range(n_steps):
        state = cell(state)
        hidden.append(cell.hidden(state))
    return torch.stack(hidden), state


# torch's recurrent layers are one call for all steps, two to three times faster than the loop at
# the sizes of this field. They insist on an input, so they get a column of zeros with zero weights.


def _no_input(state: Tensor, n_steps: int, n_gates: int) -> tuple[Tensor, Tensor]:
    inputs = state.new_zeros(n_steps, state.shape[0], 1)
    return inputs, state.new_zeros(n_gates, 1)


def _unroll_elman(cell: Elman, state: Tensor, n_steps: int) -> Unrolled:
    inputs, weight = _no_input(state, n_steps, cell.hidden_size)
    weights = [weight, cell.weight, torch.zeros_like(cell.bias), cell.bias]
    hidden, last = torch.rnn_tanh(inputs, state[None], weights, *_LAYER)
    return hidden, last[0]


def _unroll_gru(cell: GRU, state: Tensor, n_steps: int) -> Unrolled:
    inputs, weight = _no_input(state, n_steps, 3 * cell.hidden_size)
    input_bias = torch.cat([cell.bias.new_zeros(2 * cell.hidden_size), cell.candidate_bias])
    weights = [weight, cell.weight, input_bias, cell.bias]
    hidden, last = torch.gru(inputs, state[None], weights, *_LAYER)
    return hidden, last[0]


def _unroll_lstm(cell: LSTM, state: Tensor, n_steps: int) -> Unrolled:
    inputs, weight = _no_input(state, n_steps, 4 * cell.hidden_size)
    weights = [weight, cell.weight, torch.zeros_like(cell.bias), cell.bias]
    parts = [part.contiguous()[None] for part in state.chunk(2, dim=-1)]
    hidden, last_hidden, last_memory = torch.lstm(inputs, parts, weights, *_LAYER)
    return hidden, torch.cat([last_hidden[0], last_memory[0]], dim=-1)


# has_biases, num_layers, dropout, train, bidirectional, batch_first: one plain layer. "train" only
# asks cuDNN to keep what a backward pass needs.
_LAYER = (True, 1, 0.0, True, False, False)

_BACKENDS: dict[type[Cell], Callable[..., Unrolled]] = {
    Elman: _unroll_elman,
    GRU: _unroll_gru,
    LSTM: _unroll_lstm,
}
