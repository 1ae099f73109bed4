"""The loss of a batch and its gradients, of one or more models.

:func:`add_gradients` is what an update consists of beside the optimizer. The plain way, by torch's
automatic differentiation, is the truth; the compiled one agrees with it (``tests/core``).
"""

import functools
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from skchaos.core import _compiled
from skchaos.core._observation import Affine, PseudoInverse
from skchaos.core._sequences import Batches
from skchaos.core._stack import Stack

# The length of an error is its root mean square over the outputs of a step. One of much less than
# this, in standard deviations, counts squared, so that its gradient vanishes with it.
LEAST_LENGTH = 1e-4

Update = Callable[[Tensor], Tensor]  # starts (model, segment) -> losses (model,)
Recorded = Callable[[], Tensor]


def add_gradients(
    stack: Stack,
    batches: Batches,
    starts: Tensor,  # (model, segment)
) -> Tensor:  # losses (model,)
    """Add the gradients of the losses to those of the stack; return the losses.

    A loss is the mean squared error, or the mean length of the error of a step: chaos makes of some
    small errors large ones, and where squares of these count a mean is learned in place of orbits.
    """
    # The loops back know segments, an affine readout and single precision alone.
    is_affine = isinstance(stack.model.readout, Affine)
    is_known = is_affine and not batches.is_chained and stack.values.dtype == torch.float32
    if is_known and _compiled.is_compilable(stack.model.cell, stack.values):
        return add_gradients_compiled(stack, batches, starts)
    return add_gradients_plain(stack, batches, starts)


def for_many_updates(
    stack: Stack,
    batches: Batches,
    record: Callable[[Recorded], Recorded] | None = None,
) -> Update:
    """Return :func:`add_gradients` of one stack as a function from starts to losses.

    On a GPU it is recorded at the first update as a CUDA graph, which one call replays: at these
    sizes launching operations one by one takes longer than they do. (Not with the pseudo-inverse,
    which waits for the host.) `record` may be given to test this without a GPU.
    """
    update = functools.partial(add_gradients, stack, batches)
    waits = isinstance(stack.model.inference, PseudoInverse)
    if record is None and (waits or not batches.rows.is_cuda):
        return update
    return _Replayed(update, stack.gradients, record or record_graph)


class _Replayed:
    """An update whose starts always lie in the same place, as a recording demands."""

    def __init__(
        self, update: Update, gradients: Tensor, record: Callable[[Recorded], Recorded]
    ) -> None:
        self.update, self.gradients, self.record = update, gradients, record
        self.replay: Recorded | None = None

    def __call__(self, starts: Tensor) -> Tensor:
        if self.replay is None:
            before, self.starts = self.gradients.clone(), starts.clone()
            self.replay = self.record(functools.partial(self.update, self.starts))
            self.gradients.copy_(before)  # what recording added does not count
        self.starts.copy_(starts)
        return self.replay().clone()


def record_graph(update: Recorded) -> Recorded:
    """Record the operations of an update on a GPU; what is returned runs them on the same memory.

    Where they cannot be recorded there is a warning, and the update itself is returned.
    """
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):  # handles and buffers that are made at first use
        for _ in range(3):
            update()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            losses = update()
    except RuntimeError as error:
        warnings.warn(
            f"An update could not be recorded as a CUDA graph ({error}); training is slower "
            "without.",
            stacklevel=2,
        )
        return update

    def replay() -> Tensor:
        graph.replay()
        return losses

    return replay


def add_gradients_plain(stack: Stack, batches: Batches, starts: Tensor) -> Tensor:
    """Differentiate automatically."""
    outputs, error = _errors(stack, batches, starts)
    # The derivative of the loss by hand: half the work at these sizes.
    slope, loss = _slope(error, batches)
    pieces = torch.autograd.grad(outputs, list(stack.model.parameters()), slope)
    stack.gradients += torch.cat([piece.flatten(1) for piece in pieces], dim=1)
    return loss


@torch.no_grad()
def losses(stack: Stack, batches: Batches, starts: Tensor) -> Tensor:  # (model,)
    """Return the losses alone."""
    _, error = _errors(stack, batches, starts)
    return _slope(error, batches)[1]


def _slope(error: Tensor, batches: Batches) -> tuple[Tensor, Tensor]:
    """Return the gradient with respect to errors (model, time, segment, output), and losses."""
    weighted = error * batches.weight
    if batches.is_squared:
        return 2 * weighted, (weighted * error).sum((1, 2, 3))
    length = torch.sqrt(error.square().mean(-1, keepdim=True) + LEAST_LENGTH**2)
    # The loss is the sum of length - LEAST_LENGTH, which would round to little.
    loss = (weighted * error / (length + LEAST_LENGTH)).sum((1, 2, 3))
    return weighted / length, loss


def _errors(stack: Stack, batches: Batches, starts: Tensor) -> tuple[Tensor, Tensor]:
    (windows, future), inputs = batches.take(starts), batches.take_inputs(starts)
    if batches.is_chained:
        outputs = stack.model.follow(windows, batches.gate, inputs)
    else:
        outputs = stack.model(windows, future.shape[1], inputs)
    return outputs, outputs.detach() - future


def add_gradients_compiled(
    stack: Stack,
    batches: Batches,
    starts: Tensor,  # (model, segment)
) -> Tensor:  # losses (model,)
    """Run all segments forth and back in one compiled loop (float32 on a CPU; needs numba)."""
    from skchaos.core import _loops as loops

    cell, ends = stack.model.cell, _ends(stack)
    losses = stack.values.new_empty(len(starts))
    of_models = (batches.center, batches.factor, starts, stack.values, stack.gradients, losses)
    of_models = [tensor.numpy() for tensor in of_models]
    tables = (batches.rows.numpy(), batches.windows.numpy())
    n_steps, offsets = batches.n_steps.numpy(), batches.offsets.numpy()
    inputs, least = batches.inputs.numpy(), 0.0 if batches.is_squared else LEAST_LENGTH

    def add(part: slice) -> None:
        center, factor, starts, *rest = (array[part] for array in of_models)
        batch = (*tables, center, factor, starts, n_steps, offsets, inputs, batches.unit, least)
        loops.add_gradients(
            _compiled.kind_of(cell), cell.hidden_size, batches.n_features, batch, ends, *rest
        )

    _compiled.for_models(len(starts), batches.n_threads, add)
    return losses


def _ends(stack: Stack) -> tuple[int, ...]:
    """Return where parameters end in a row of a stack, in the order that the loops want."""
    end = stack.ends
    bias, readout = end["cell.bias"], end["readout.bias"]
    extra = end.get("cell.decay", end.get("cell.candidate_bias", bias))
    window = [end.get(f"inference.affine.{name}", readout) for name in ("weight", "bias")]
    drive = end.get("drive.weight", window[-1])
    return (end["cell.weight"], bias, extra, end["readout.weight"], readout, *window, drive)
