"""The recurrence: a cell applied again and again.

The loops over time of states that are carried on are here: free ones, of which the plain one is the
truth and the others have its signature and agree with it in value and gradient (``tests/core``),
and one along which data act on the state.
"""

import torch
from torch import Tensor, nn

from skchaos.core import _compiled
from skchaos.core._cell import Cell
from skchaos.core._cells import GRU, LSTM, Elman
from skchaos.core._compiled import is_compilable

Unrolled = tuple[Tensor, Tensor]  # hidden ([model,] time, batch, hidden), last state


def unroll(
    cell: Cell,
    state: Tensor,  # ([model,] batch, state)
    n_steps: int,
    kicks: Tensor | None = None,  # ([model,] time, batch, hidden)
) -> Unrolled:
    """Run the cell for `n_steps` steps by the fastest backend there is for it.

    Kicks, where there are any, are added to the hidden part of the state before each step.
    """
    if not torch.is_grad_enabled() and is_compilable(cell, state):
        return _compiled.run(cell, state, n_steps, kicks)
    if kicks is None and type(cell) in _LAYERS and (state.ndim == 2 or len(state) == 1):
        return unroll_layer(cell, state, n_steps)
    return unroll_plain(cell, state, n_steps, kicks)


def unroll_plain(cell: Cell, state: Tensor, n_steps: int, kicks: Tensor | None = None) -> Unrolled:
    """Step the cell in a Python loop."""
    hidden = []
    for step in range(n_steps):
        if kicks is not None:
            state = kicked(state, kicks[..., step, :, :])
        state = cell(state)
        hidden.append(cell.hidden(state))
    return torch.stack(hidden, dim=-3), state


def kicked(
    state: Tensor,  # (..., state)
    kick: Tensor,  # (..., hidden)
) -> Tensor:  # (..., state)
    """Add a kick to the hidden part of a state."""
    return state + nn.functional.pad(kick, (0, state.shape[-1] - kick.shape[-1]))


def unroll_forced(
    cell: Cell,
    inferred: Tensor,  # ([model,] time, batch, state)
    gate: Tensor,  # ([model,] time)
    forced: Tensor,  # (state,)
    kicks: Tensor | None = None,  # ([model,] time, batch, hidden)
) -> tuple[Tensor, Tensor]:  # states before each step, and after it: ([model,] time, batch, state)
    """Step the cell from the first of some inferred states, drawn towards the others on the way.

    Before each step ``z + gate * forced * (inferred - z)`` takes the place of z, and is kicked.
    """
    state = inferred[..., 0, :, :]
    before, after = [], []
    for step in range(inferred.shape[-3]):
        pull = gate[..., step, None, None] * forced
        state = torch.lerp(state, inferred[..., step, :, :], pull)
        if kicks is not None:
            state = kicked(state, kicks[..., step, :, :])
        before.append(state)
        state = cell(state)
        after.append(state)
    return torch.stack(before, dim=-3), torch.stack(after, dim=-3)


def unroll_layer(cell: Cell, state: Tensor, n_steps: int) -> Unrolled:
    """Run all steps by torch's recurrent layer, which is cuDNN's on a GPU.

    Of one model only, with the axis of models or without. The layers insist on an input: they get
    zeros with zero weights.
    """
    layer, n_gates = _LAYERS[type(cell)]
    inputs = state.new_zeros(n_steps, state.shape[-2], 1)
    weight, bias = cell.weight.flatten(0, -2), cell.bias.flatten()
    input_bias = torch.zeros_like(bias)
    if isinstance(cell, GRU):
        input_bias = torch.cat([input_bias[: 2 * cell.hidden_size], cell.candidate_bias.flatten()])
    weights = [state.new_zeros(n_gates * cell.hidden_size, 1), weight, input_bias, bias]
    # has_biases, num_layers, dropout, train, bidirectional, batch_first: one plain layer. "train"
    # only asks cuDNN to keep what a backward pass needs.
    options = (True, 1, 0.0, True, False, False)
    parts = state.flatten(0, -2).split(cell.hidden_size, dim=-1)
    parts = [part.contiguous()[None] for part in parts]
    hidden, *last = layer(inputs, parts if len(parts) > 1 else parts[0], weights, *options)
    last = torch.cat([part[0] for part in last], dim=-1)
    return hidden.view(*state.shape[:-2], *hidden.shape), last.view_as(state)


_LAYERS = {Elman: (torch.rnn_tanh, 1), GRU: (torch.gru, 3), LSTM: (torch.lstm, 4)}
