"""The optimizer: Adam in the eigenbasis of Shampoo's preconditioners.

Vyas et al., "SOAP: improving and stabilizing Shampoo using Adam", ICLR 2025 (arXiv 2409.11321). The
weights of a matrix are turned to the axes along which its gradients vary independently, where
steps of a size of their own are worth more than along the weights themselves. On Lorenz-63 and
Roessler rows 3,000 updates give a lower loss than 10,000 of Adam's (benchmarks/optimizers.py; of
one seed so far).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from skchaos.core._stack import Stack

# The values of the paper: decay rates of the mean squares and of the covariances, updates between
# two turns of the basis.
SECOND_DECAY, COVARIANCE_DECAY, TURN_EVERY = 0.95, 0.95, 10
EPSILON = 1e-8
MAX_SIDE = 256  # a side that is longer keeps its axes: its basis would cost more than the update


@dataclass(frozen=True)
class _Side:
    """One side of a weight matrix: how gradients vary along it, and the axes of that."""

    covariance: Tensor  # (model, gate, side, side)
    basis: Tensor  # (model, gate, side, axis)

    def meet(self, second_moment: Tensor) -> None:
        """Take in the gradient's second moment along this side."""
        self.covariance.lerp_(second_moment, 1 - COVARIANCE_DECAY)

    def turn(self) -> None:
        """Turn the basis towards the eigenvectors, by one step of orthogonal iteration."""
        self.basis.copy_(torch.linalg.qr(self.covariance @ self.basis).Q)


class Soap:
    """SOAP for the models of a stack, each as if it were alone.

    Parameters
    ----------
    stack : Stack
        Models, whose weights are changed in place.

    Attributes
    ----------
    state : list of Tensor
        All that it remembers; the first axis is that of models.
    """

    def __init__(self, stack: Stack) -> None:
        values = stack.values
        self.stack = stack
        # Along the axes, as the steps are.
        self.mean, self.square = torch.zeros_like(values), torch.zeros_like(values)
        self.matrices = []  # slice of a row, shape (gate, row, column), left side, right side
        for name, shape in zip(stack.names, stack.shapes, strict=True):
            if len(shape) == 2 and 1 < min(shape) <= MAX_SIDE:
                end = stack.ends[name]
                shape = _by_gate(shape, stack.like.cell.hidden_size)
                sides = [_new_side(values, shape[0], size) for size in shape[1:]]
                self.matrices.append((slice(end - shape.numel(), end), shape, *sides))
        sides = [side for *_, left, right in self.matrices for side in (left, right) if side]
        tensors = [tensor for side in sides for tensor in (side.covariance, side.basis)]
        self.state = [self.mean, self.square, *tensors]

    def update(
        self,
        gradients: Tensor,  # (model, weight)
        step: int,
        rate: Tensor,  # (model, 1)
        momentum: float,
    ) -> None:
        """Do update number `step`, counted from zero."""
        turned = gradients.clone()
        for part, shape, left, right in self.matrices:
            gradient = gradients[:, part].unflatten(1, shape)
            if left:
                left.meet(gradient @ gradient.mT)
            if right:
                right.meet(gradient.mT @ gradient)
            # Not at once: the first few gradients do not span a side.
            if (step + 1) % TURN_EVERY == 0:
                mean = _from_axes(self.mean[:, part].unflatten(1, shape), left, right)
                for side in (left, right):
                    if side:
                        side.turn()
                _put(self.mean, part, _to_axes(mean, left, right))
            _put(turned, part, _to_axes(gradient, left, right))
        self.mean.lerp_(turned, 1 - momentum)
        self.square.mul_(SECOND_DECAY).addcmul_(turned, turned, value=1 - SECOND_DECAY)
        # Both means start at zero and are scaled up by what that takes away.
        unbiased = math.sqrt(1 - SECOND_DECAY ** (step + 1))
        spread = self.square.sqrt().add_(unbiased * EPSILON)
        heading = (self.mean / spread).mul_(rate * (unbiased / (1 - momentum ** (step + 1))))
        for part, shape, left, right in self.matrices:
            _put(heading, part, _from_axes(heading[:, part].unflatten(1, shape), left, right))
        self.stack.values.sub_(heading)


def _by_gate(shape: torch.Size, hidden_size: int) -> torch.Size:
    """Split rows into those of each gate: matrices of their own, whose short sides turn cheaply."""
    n_gates, rest = divmod(shape[0], hidden_size)
    return torch.Size((1, *shape) if rest or not n_gates else (n_gates, hidden_size, shape[1]))


def _new_side(values: Tensor, n_gates: int, size: int) -> _Side | None:
    if size > MAX_SIDE:
        return None
    like = {"dtype": values.dtype, "device": values.device}
    basis = torch.eye(size, **like).repeat(len(values), n_gates, 1, 1)
    return _Side(torch.zeros_like(basis), basis)


def _put(rows: Tensor, part: slice, matrices: Tensor) -> None:
    rows[:, part] = matrices.flatten(1)


def _to_axes(matrix: Tensor, left: _Side | None, right: _Side | None) -> Tensor:
    if left:
        matrix = left.basis.mT @ matrix
    return matrix @ right.basis if right else matrix


def _from_axes(matrix: Tensor, left: _Side | None, right: _Side | None) -> Tensor:
    if left:
        matrix = left.basis @ matrix
    return matrix @ right.basis.mT if right else matrix
