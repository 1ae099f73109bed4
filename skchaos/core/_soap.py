"""The optimizer: Adam in the eigenbasis of Shampoo's preconditioners.

Vyas et al., "SOAP: improving and stabilizing Shampoo using Adam", ICLR 2025 (arXiv 2409.11321). The
weights of a matrix are turned to the axes along which its gradients vary independently, where
steps of a size of their own are worth more than along the weights themselves. On Lorenz-63 and
Roessler rows 3,000 updates give a lower loss than 10,000 of Adam's (benchmarks/optimizers.py; of
one seed so far, and from before biases were turned with their matrices).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from skchaos.core import _compiled
from skchaos.core._stack import Stack

# The values of the paper: decay rates of the mean squares and of the covariances, updates between
# two turns of the basis.
SECOND_DECAY, COVARIANCE_DECAY, TURN_EVERY = 0.95, 0.95, 10
EPSILON = 1e-8
MAX_SIDE = 512  # a side that is longer keeps its axes: its basis would cost more than the update


@dataclass(frozen=True)
class _Side:
    """One side of a weight matrix: how gradients vary along it, and the axes of that.

    Empty where it is too long to have axes of its own.
    """

    covariance: Tensor  # (model, side, side)
    basis: Tensor  # (model, side, axis)

    @classmethod
    def new(cls, values: Tensor, size: int) -> "_Side":
        size = size if size <= MAX_SIDE else 0
        axes = torch.eye(size, dtype=values.dtype, device=values.device)
        basis = axes.repeat(len(values), 1, 1)
        return cls(torch.zeros_like(basis), basis)

    @property
    def turns(self) -> bool:
        """Whether it has axes of its own."""
        return self.basis.numel() > 0

    def meet(self, second_moment: Tensor) -> None:
        """Take in the gradient's second moment along this side."""
        self.covariance.lerp_(second_moment, 1 - COVARIANCE_DECAY)

    def turn(self) -> None:
        """Turn the basis towards the eigenvectors, by one step of orthogonal iteration."""
        self.basis.copy_(torch.linalg.qr(self.covariance @ self.basis).Q)


@dataclass(frozen=True)
class _Matrix:
    """A weight matrix of each model: where it is in a row of weights, and its sides.

    A bias that follows it there is its last column, as the weight of a unit that is always one: its
    gradients go with those of the others. The methods are the plain way, and the truth;
    :mod:`skchaos.core._loops` has a compiled one.
    """

    first: int
    shape: tuple[int, int]  # rows, and columns with the bias
    has_bias: bool
    left: _Side
    right: _Side

    @property
    def part(self) -> slice:
        """Where it is, with its bias."""
        return slice(self.first, self.first + self.shape[0] * self.shape[1])

    @property
    def place(self) -> tuple[int, int, int, bool]:
        """The same as the loops want it."""
        return (self.first, *self.shape, self.has_bias)

    @property
    def memory(self) -> tuple[Tensor, ...]:
        """What it remembers."""
        sides = (self.left, self.right)
        return tuple(tensor for side in sides for tensor in (side.covariance, side.basis))

    def to_axes(self, turns: bool, gradients: Tensor, mean: Tensor, turned: Tensor) -> None:
        """Take in gradients and put them, along the axes, into `turned` (all (model, weight)).

        Where the axes turn before, the mean, which lies along them, turns too.
        """
        gradient = self._of(gradients)
        if self.left.turns:
            self.left.meet(gradient @ gradient.mT)
        if self.right.turns:
            self.right.meet(gradient.mT @ gradient)
        if turns:
            unturned = self._turned_back(self._of(mean))
            for side in (self.left, self.right):
                if side.turns:
                    side.turn()
            self._put(mean, self._turned(unturned))
        self._put(turned, self._turned(gradient))

    def from_axes(self, steps: Tensor) -> None:
        """Turn steps (model, weight) from the axes to the weights, in place."""
        self._put(steps, self._turned_back(self._of(steps)))

    def _pieces(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return views of the matrix and of its bias, both (model, row, column)."""
        n_rows, n_columns = self.shape
        sizes = (n_columns - self.has_bias, int(self.has_bias))
        pieces = rows[:, self.part].split([n_rows * size for size in sizes], dim=1)
        return tuple(
            piece.unflatten(1, (n_rows, size)) for piece, size in zip(pieces, sizes, strict=True)
        )

    def _of(self, rows: Tensor) -> Tensor:  # (model, row, column)
        return torch.cat(self._pieces(rows), dim=-1)

    def _put(self, rows: Tensor, matrices: Tensor) -> None:
        weight, bias = self._pieces(rows)
        weight.copy_(matrices[..., : weight.shape[-1]])
        bias.copy_(matrices[..., weight.shape[-1] :])

    def _turned(self, matrix: Tensor) -> Tensor:
        if self.left.turns:
            matrix = self.left.basis.mT @ matrix
        return matrix @ self.right.basis if self.right.turns else matrix

    def _turned_back(self, matrix: Tensor) -> Tensor:
        if self.left.turns:
            matrix = self.left.basis @ matrix
        return matrix @ self.right.basis.mT if self.right.turns else matrix


class Soap:
    """SOAP for the models of a stack, each as if it were alone.

    Parameters
    ----------
    stack : Stack
        Models, whose weights are changed in place.
    n_threads : int
        Threads that compiled loops divide the models among.
    is_compiled : bool, optional
        Whether to take compiled loops. None takes them where they can be had.

    Attributes
    ----------
    state : list of Tensor
        All that it remembers; the first axis is that of models.
    """

    def __init__(
        self, stack: Stack, n_threads: int = 1, *, is_compiled: bool | None = None
    ) -> None:
        values = stack.values
        self.stack, self.n_threads = stack, n_threads
        if is_compiled is None:
            is_compiled = values.device.type == "cpu" and _compiled.has_compiler()
        self.is_compiled = is_compiled
        # Along the axes, as the steps are.
        self.mean, self.square = torch.zeros_like(values), torch.zeros_like(values)
        self.matrices = []
        for name, shape in zip(stack.names, stack.shapes, strict=True):
            if len(shape) == 2 and 1 < min(shape) <= MAX_SIDE:
                first, bias = stack.ends[name] - shape.numel(), name.replace("weight", "bias")
                has_bias = stack.ends.get(bias) == stack.ends[name] + shape[0]
                size = (shape[0], shape[1] + has_bias)
                sides = [_Side.new(values, n) for n in size]
                self.matrices.append(_Matrix(first, size, has_bias, *sides))
        memory = [tensor for matrix in self.matrices for tensor in matrix.memory]
        self.state = [self.mean, self.square, *memory]

    def update(
        self,
        gradients: Tensor,  # (model, weight)
        step: int,
        rate: Tensor,  # (model, 1)
        momentum: float,
    ) -> None:
        """Do update number `step`, counted from zero."""
        turned = gradients.clone()
        # Not at once: the first few gradients do not span a side.
        self._to_axes((step + 1) % TURN_EVERY == 0, gradients, turned)
        self.mean.lerp_(turned, 1 - momentum)
        self.square.mul_(SECOND_DECAY).addcmul_(turned, turned, value=1 - SECOND_DECAY)
        # Both means start at zero and are scaled up by what that takes away.
        unbiased = math.sqrt(1 - SECOND_DECAY ** (step + 1))
        spread = self.square.sqrt().add_(unbiased * EPSILON)
        steps = torch.div(self.mean, spread, out=turned)
        steps.mul_(rate * (unbiased / (1 - momentum ** (step + 1))))
        self._from_axes(steps)
        self.stack.values.sub_(steps)

    def _to_axes(self, turns: bool, gradients: Tensor, turned: Tensor) -> None:
        if not self.is_compiled:
            for matrix in self.matrices:
                matrix.to_axes(turns, gradients, self.mean, turned)
            return
        from skchaos.core import _loops as loops

        rows = [tensor.numpy() for tensor in (gradients, self.mean, turned)]

        def work(models: slice) -> None:
            of_models = [array[models] for array in rows]
            for matrix in self.matrices:
                sides = tuple(tensor.numpy()[models] for tensor in matrix.memory)
                loops.to_axes(matrix.place, sides, COVARIANCE_DECAY, turns, *of_models)

        _compiled.for_models(len(gradients), self.n_threads, work)

    def _from_axes(self, steps: Tensor) -> None:
        if not self.is_compiled:
            for matrix in self.matrices:
                matrix.from_axes(steps)
            return
        from skchaos.core import _loops as loops

        def work(models: slice) -> None:
            for matrix in self.matrices:
                axes = (side.basis.numpy()[models] for side in (matrix.left, matrix.right))
                loops.from_axes(matrix.place, *axes, steps.numpy()[models])

        _compiled.for_models(len(steps), self.n_threads, work)
