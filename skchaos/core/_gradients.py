"""The loss of a batch and its gradients, of one or more models.

:func:`add_gradients` is what an update consists of beside the optimizer. The plain way, by torch's
automatic differentiation, is the truth; the compiled one agrees with it (``tests/core``).
"""

import numpy as np
import torch
from torch import Tensor

from skchaos.core import _compiled
from skchaos.core._sequences import Batches
from skchaos.core._stack import Stack


def add_gradients(
    stack: Stack,
    batches: Batches,
    starts: Tensor,  # (model, segment)
) -> Tensor:  # losses (model,)
    """Add the gradients of the mean squared errors to those of the stack; return the errors."""
    if _compiled.is_compilable(stack.model.cell, batches.rows):
        return add_gradients_compiled(stack, batches, starts)
    return add_gradients_plain(stack, batches, starts)


def add_gradients_plain(stack: Stack, batches: Batches, starts: Tensor) -> Tensor:
    """Differentiate automatically."""
    outputs, error = _errors(stack, batches, starts)
    # The derivative of the mean squared error by hand: half the work at these sizes.
    weighted = error * _weight(batches)
    pieces = torch.autograd.grad(outputs, list(stack.model.parameters()), 2 * weighted)
    stack.gradients += torch.cat([piece.flatten(1) for piece in pieces], dim=1)
    return (weighted * error).sum((1, 2, 3))


@torch.no_grad()
def losses(stack: Stack, batches: Batches, starts: Tensor) -> Tensor:  # (model,)
    """Return the mean squared errors alone."""
    _, error = _errors(stack, batches, starts)
    return (error.square() * _weight(batches)).sum((1, 2, 3))


def _errors(stack: Stack, batches: Batches, starts: Tensor) -> tuple[Tensor, Tensor]:
    table, offsets = batches.rows, batches.offsets
    steps = torch.arange(1, int(batches.n_steps.max()) + 1)
    relative = torch.cat([offsets, steps])[:, None].to(table.device)
    at = (starts.unsqueeze(-2) + relative).clamp_(max=len(table) - 1)
    center, factor = (values[:, None, None] for values in (batches.center, batches.factor))
    rows = (table[at] - center) * factor  # (model, delay and time, segment, output)
    windows = rows[:, : len(offsets), :, : batches.n_features].transpose(1, 2)
    outputs = stack.model(windows, len(steps))
    return outputs, outputs.detach() - rows[:, len(offsets) :]


def _weight(batches: Batches) -> Tensor:  # (time, segment, 1)
    """Return the weights of squared errors: of the last segment only some steps count."""
    steps = torch.arange(int(batches.n_steps.max()))[:, None]
    counted = (steps < batches.n_steps).to(batches.rows)
    return (batches.unit * counted).unsqueeze(-1)


def add_gradients_compiled(
    stack: Stack,
    batches: Batches,
    starts: Tensor,  # (model, segment)
) -> Tensor:  # losses (model,)
    """Run all segments forth and back in one compiled loop (float32 on a CPU; needs numba)."""
    from skchaos.core import _loops as loops

    cell = stack.model.cell
    losses = stack.values.new_empty(len(starts))
    table = (batches.rows, batches.center, batches.factor)
    batch = (*table, starts, batches.n_steps, batches.offsets)
    loops.add_gradients(
        _compiled.kind_of(cell),
        cell.hidden_size,
        batches.n_features,
        (*(tensor.numpy() for tensor in batch), np.float32(batches.unit)),
        _ends(stack),
        *(tensor.numpy() for tensor in (stack.values, stack.gradients, losses)),
    )
    return losses


def _ends(stack: Stack) -> tuple[int, ...]:
    """Return where parameters end in a row of a stack, in the order that the loops want."""
    end = stack.ends
    bias, readout = end["cell.bias"], end["readout.bias"]
    extra = end.get("cell.decay", end.get("cell.candidate_bias", bias))
    window = [end.get(f"inference.affine.{name}", readout) for name in ("weight", "bias")]
    return (end["cell.weight"], bias, extra, end["readout.weight"], readout, *window)
