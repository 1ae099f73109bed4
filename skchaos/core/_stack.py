"""Several models as one: their parameters get a leading axis."""

from collections.abc import Sequence
from copy import deepcopy
from itertools import accumulate

import torch
from torch import Tensor, nn

from skchaos.core._model import ForcedRNN


class Stack:
    """Models of one kind, with all the weights of a model in one row.

    Whatever treats weights alike (an optimizer, a copy of a good state) is then one operation for
    all models and all weight matrices.

    Parameters
    ----------
    like : ForcedRNN
        Model of the kind, alone.
    values : Tensor of shape (model, weight)
        Weights, in the order of its parameters.

    Attributes
    ----------
    model : ForcedRNN
        All of them as one module: parameters have a leading axis of models and are views of
        `values`.
    ends : dict of str to int
        Where each parameter ends in a row.
    gradients : Tensor of shape (model, weight)
        Room for gradients; zeros at first.
    """

    def __init__(self, like: ForcedRNN, values: Tensor) -> None:
        self.like, self.values = like, values
        self.gradients = torch.zeros_like(values)
        self.model = deepcopy(like).to(values.device)
        self.names = [name for name, _ in like.named_parameters()]
        self.shapes = [parameter.shape for parameter in like.parameters()]
        sizes = (shape.numel() for shape in self.shapes)
        self.ends = dict(zip(self.names, accumulate(sizes), strict=True))
        for parameter, value in zip(self.model.parameters(), self._pieces(values), strict=True):
            parameter.data = value

    @classmethod
    def of(cls, models: Sequence[ForcedRNN], device: torch.device | None = None) -> "Stack":
        """Stack models, whose weights are copied."""
        rows = [nn.utils.parameters_to_vector(model.parameters()) for model in models]
        return cls(models[0], torch.stack(rows).detach().to(device or rows[0].device))

    def _pieces(self, values: Tensor) -> list[Tensor]:
        pieces = values.split([shape.numel() for shape in self.shapes], dim=-1)
        return [
            piece.unflatten(-1, shape) for piece, shape in zip(pieces, self.shapes, strict=True)
        ]

    def slow_units(self) -> tuple[Tensor, Tensor]:  # both (weight,)
        """Return which weights are to make units keep what they hold, and the values that do."""
        goals = self.like.cell.slow_goals()
        is_slow, goal = torch.zeros_like(self.values[0]), torch.zeros_like(self.values[0])
        for name, shape in zip(self.names, self.shapes, strict=True):
            if name.removeprefix("cell.") in goals:
                n_rest = (shape[0] - shape[0] // 2) * (shape.numel() // shape[0])
                part = slice(self.ends[name] - shape.numel() + n_rest, self.ends[name])
                is_slow[part], goal[part] = 1.0, goals[name.removeprefix("cell.")]
        return is_slow, goal

    def named(self, row: Tensor) -> dict[str, Tensor]:
        """Return copies of the weights in a row by their names."""
        pieces = [piece.clone() for piece in self._pieces(row)]
        return dict(zip(self.names, pieces, strict=True))
