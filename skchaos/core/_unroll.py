"""The recurrence: a cell applied again and again.

:func:`unroll` is the only loop over time in the package's models. The plain loop is the truth;
the others have its signature and agree with it in value and gradient (``tests/core``).
"""

import torch
from torch import Tensor

from skchaos.core import _compiled
from skchaos.core._cells import GRU, LSTM, Cell, Elman
from skchaos.core._compiled import is_compilable

Unrolled = tuple[Tensor, Tensor]  # hidden ([model,] time, batch, hidden), last state


def unroll(
    cell: Cell,
    state: Tensor,  # ([model,] batch, state)
    n_steps: int,
) -> Unrolled:
    """Run the cell freely for `n_steps` steps by the fastest backend there is for it."""
    if not torch.is_grad_enabled() and is_compilable(cell, state):
        return _compiled.run(cell, state, n_steps)
    if type(cell) in _LAYERS and state.ndim == 2:
        return unroll_layer(cell, state, n_steps)
    return unroll_plain(cell, state, n_steps)


def unroll_plain(cell: Cell, state: Tensor, n_steps: int) -> Unrolled:
    """Step the cell in a Python loop."""
    hidden = []
    for _ in range(n_steps):
        state = cell(state)
        hidden.append(cell.hidden(state))
    return torch.stack(hidden, dim=-3), state


def unroll_layer(cell: Cell, state: Tensor, n_steps: int) -> Unrolled:
    """Run all steps by torch's recurrent layer, which is cuDNN's on a GPU.

    Of one model only. The layers insist on an input: they get zeros with zero weights.
    """
    layer, n_gates = _LAYERS[type(cell)]
    inputs = state.new_zeros(n_steps, state.shape[0], 1)
    input_bias = torch.zeros_like(cell.bias)
    if isinstance(cell, GRU):
        input_bias = torch.cat([input_bias[: 2 * cell.hidden_size], cell.candidate_bias])
    rows = n_gates * cell.hidden_size
    weights = [state.new_zeros(rows, 1), cell.weight, input_bias, cell.bias]
    # has_biases, num_layers, dropout, train, bidirectional, batch_first: one plain layer. "train"
    # only asks cuDNN to keep what a backward pass needs.
    options = (True, 1, 0.0, True, False, False)
    parts = [part.contiguous()[None] for part in state.split(cell.hidden_size, dim=-1)]
    hidden, *last = layer(inputs, parts if len(parts) > 1 else parts[0], weights, *options)
    return hidden, torch.cat([part[0] for part in last], dim=-1)


_LAYERS = {Elman: (torch.rnn_tanh, 1), GRU: (torch.gru, 3), LSTM: (torch.lstm, 4)}
