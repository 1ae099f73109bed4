"""Piecewise-linear cells: between the kinks of their rectifiers they are affine maps.

Fixed points, cycles and bifurcations of a fitted one follow from linear algebra.
"""

import torch
from torch import Tensor, nn

from skchaos.core._cell import Cell, affine, per_unit, product

# What a factor of a bounded cell stays below, also where a float32 tanh rounds to one.
MOST_DAMPING = 1 - 2.0**-20
# Schmidt, Koppe, Monfared, Beutelspacher & Durstewitz, ICLR 2021 (arXiv 1910.03471).
SLOW_GOALS = {"decay": 1.0, "weight": 0.0, "bias": 0.0}


class PLRNN(Cell):
    """Piecewise-linear RNN, ``z' = a * z + W max(z, 0) + h`` with zero diagonal in W.

    Durstewitz, PLoS Comput. Biol. 13 (2017), eq. 1; the cell of Mikhaeil et al. 2022, eq. 3.
    """

    def __init__(self, hidden_size: int) -> None:
        super().__init__(hidden_size)
        self.weight = self._uniform(hidden_size, hidden_size)
        self.bias = self._uniform(hidden_size)
        self.decay = nn.Parameter(torch.empty(hidden_size).uniform_(0.5, 0.9))

    def slow_goals(self) -> dict[str, float]:
        return SLOW_GOALS

    def coupling(self) -> Tensor:
        """Return W: the diagonal belongs to `decay` alone, or one slope had two parameters."""
        return self.weight - torch.diag_embed(self.weight.diagonal(dim1=-2, dim2=-1))

    def forward(self, state: Tensor) -> Tensor:
        coupled = affine(torch.relu(state), self.coupling(), self.bias)
        return torch.addcmul(coupled, state, per_unit(self.decay))

    def tangent(self, state: Tensor, frame: Tensor) -> tuple[Tensor, Tensor]:
        active = (state > 0).to(state.dtype).unsqueeze(-2) * frame
        coupled = product(active, self.coupling())
        return self(state), torch.addcmul(coupled, frame, self.decay)


class DendriticPLRNN(PLRNN):
    """PLRNN whose units see each other through a spline, a sum of shifted rectifiers.

    ``z' = a * z + W phi(z) + h`` with ``phi(z) = sum_b s_b max(z - t_b, 0)``, where each unit has
    thresholds t_b of its own. Brenner et al., ICML 2022 (arXiv 2207.02542).

    Parameters
    ----------
    hidden_size : int
        Units.
    n_rectified : int
        Rectifiers in the spline of a unit.
    """

    def __init__(self, hidden_size: int, n_rectified: int) -> None:
        super().__init__(hidden_size)
        bound = n_rectified**-0.5
        self.slope = nn.Parameter(torch.empty(n_rectified).uniform_(-bound, bound))
        # Spread over where the units are when the readout gives standardised rows.
        self.threshold = nn.Parameter(torch.empty(n_rectified, hidden_size).uniform_(-2.0, 2.0))

    @classmethod
    def usual_rectified(cls, hidden_size: int) -> int:
        return 10

    def _above(self, state: Tensor) -> tuple[Tensor, Tensor]:  # both ([model,] ..., basis, hidden)
        """Return how far units are above their thresholds, and slopes that broadcast with it."""
        threshold, slope = self.threshold, self.slope.unsqueeze(-1)
        if threshold.ndim == 3:  # with an axis of models, states have one of orbits
            threshold, slope = threshold.unsqueeze(1), slope.unsqueeze(1)
        return state.unsqueeze(-2) - threshold, slope

    def forward(self, state: Tensor) -> Tensor:
        above, slope = self._above(state)
        coupled = affine((slope * torch.relu(above)).sum(-2), self.coupling(), self.bias)
        return torch.addcmul(coupled, state, per_unit(self.decay))

    def tangent(self, state: Tensor, frame: Tensor) -> tuple[Tensor, Tensor]:
        above, slope = self._above(state)
        steepness = (slope * (above > 0)).sum(-2)
        coupled = product(steepness.unsqueeze(-2) * frame, self.coupling())
        return self(state), torch.addcmul(coupled, frame, self.decay)


class ShallowPLRNN(Cell):
    """PLRNN with one hidden layer of rectifiers, ``z' = a * z + W max(V z + v, 0) + h``.

    Hess, Monfared, Brenner & Durstewitz, ICML 2023 (arXiv 2306.04406).

    Parameters
    ----------
    hidden_size : int
        Units.
    n_rectified : int
        Rectifiers in the hidden layer.
    """

    def __init__(self, hidden_size: int, n_rectified: int) -> None:
        super().__init__(hidden_size)
        self.inner_weight = self._uniform(n_rectified, hidden_size)
        self.inner_bias = self._uniform(n_rectified)
        bound = n_rectified**-0.5
        self.weight = nn.Parameter(torch.empty(hidden_size, n_rectified).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        self.decay = nn.Parameter(torch.empty(hidden_size).uniform_(0.5, 0.9))

    @classmethod
    def usual_rectified(cls, hidden_size: int) -> int:
        return 2 * hidden_size

    def slow_goals(self) -> dict[str, float]:
        return SLOW_GOALS

    def damping(self) -> Tensor:
        """Return the factors a."""
        return self.decay

    def layer(self, state: Tensor) -> tuple[Tensor, Tensor]:  # both (..., n_rectified)
        """Return what the hidden layer gives, and its slopes."""
        inner = affine(state, self.inner_weight, self.inner_bias)
        return torch.relu(inner), (inner > 0).to(inner.dtype)

    def forward(self, state: Tensor) -> Tensor:
        coupled = affine(self.layer(state)[0], self.weight, self.bias)
        return torch.addcmul(coupled, state, per_unit(self.damping()))

    def tangent(self, state: Tensor, frame: Tensor) -> tuple[Tensor, Tensor]:
        moved = product(frame, self.inner_weight) * self.layer(state)[1].unsqueeze(-2)
        return self(state), torch.addcmul(product(moved, self.weight), frame, self.damping())


class ClippedShallowPLRNN(ShallowPLRNN):
    """Shallow PLRNN with bounded orbits, ``z' = a * z + W [max(V z + v, 0) - max(V z, 0)] + h``.

    Hess et al. 2023: the bracket never exceeds the size of v, so that orbits are bounded where each
    factor a is below one in size, as a tanh of `decay` times a little less than one is.
    """

    def slow_goals(self) -> dict[str, float]:
        return {}  # a factor is never 1

    def damping(self) -> Tensor:
        return MOST_DAMPING * torch.tanh(self.decay)

    def layer(self, state: Tensor) -> tuple[Tensor, Tensor]:
        inner = affine(state, self.inner_weight, torch.zeros_like(self.inner_bias))
        shifted = inner + per_unit(self.inner_bias)
        slope = (shifted > 0).to(inner.dtype) - (inner > 0).to(inner.dtype)
        return torch.relu(shifted) - torch.relu(inner), slope


class AlmostLinearRNN(Cell):
    """Linear units and a few rectified ones, ``z' = a * z + W phi(z) + h``.

    phi rectifies the last `n_rectified` units and passes the others on. Brenner, Hemmer, Monfared &
    Durstewitz, NeurIPS 2024 (arXiv 2410.14240).

    Parameters
    ----------
    hidden_size : int
        Units.
    n_rectified : int
        Units that are rectified.
    """

    def __init__(self, hidden_size: int, n_rectified: int) -> None:
        super().__init__(hidden_size)
        self.n_linear = hidden_size - n_rectified
        self.weight = self._uniform(hidden_size, hidden_size)
        self.bias = self._uniform(hidden_size)
        self.decay = nn.Parameter(torch.empty(hidden_size).uniform_(0.5, 0.9))

    @classmethod
    def usual_rectified(cls, hidden_size: int) -> int:
        return -(-hidden_size // 5)

    def slow_goals(self) -> dict[str, float]:
        return SLOW_GOALS

    def forward(self, state: Tensor) -> Tensor:
        linear, rest = state.tensor_split([self.n_linear], dim=-1)
        coupled = affine(torch.cat([linear, torch.relu(rest)], dim=-1), self.weight, self.bias)
        return torch.addcmul(coupled, state, per_unit(self.decay))

    def tangent(self, state: Tensor, frame: Tensor) -> tuple[Tensor, Tensor]:
        slope = (state > 0).to(state.dtype)
        slope[..., : self.n_linear] = 1.0
        coupled = product(slope.unsqueeze(-2) * frame, self.weight)
        return self(state), torch.addcmul(coupled, frame, self.decay)
