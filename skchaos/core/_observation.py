"""From data to a latent state: what a forcing step puts in place of the old state.

All ways are affine in a window of recent rows, oldest first, the present row last. They take the
readout and return weight ([model,] state, delay * feature) and bias ([model,] state) of that map.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from skchaos.core._cell import affine


class Affine(nn.Module):
    """An affine map, of one model or of several at once."""

    def __init__(self, in_size: int, out_size: int) -> None:
        super().__init__()
        # Standardised rows or states in, values of order one out: variance 1 / fan-in.
        self.weight = nn.Parameter(torch.empty(out_size, in_size).normal_(std=in_size**-0.5))
        self.bias = nn.Parameter(torch.zeros(out_size))

    def forward(self, rows: Tensor) -> Tensor:
        return affine(rows, self.weight, self.bias)


class Inference(nn.Module, ABC):
    """How a state is inferred from a window."""

    @abstractmethod
    def forward(
        self, readout: nn.Module
    ) -> tuple[Tensor, Tensor]:  # ([model,] state, delay * feature), ([model,] state)
        """Return weight and bias of the map from a window to a state."""

    def forced(
        self,
        like: Tensor,  # (..., state)
    ) -> Tensor:  # (state,)
        """Return 1 for the units that data replace, which are all of them, and 0 for others."""
        return like.new_ones(like.shape[-1])


class PseudoInverse(Inference):
    """Invert the readout by its pseudo-inverse, the way of the paper.

    Mikhaeil, Monfared & Durstewitz, NeurIPS 2022, eq. 10: the readout is affine, x = B h + b, so
    the hidden state of least norm that explains the present row is pinv(B) (x - b). Gradients flow
    through the pseudo-inverse. What the readout does not see (an LSTM's memory) is set to zero.
    """

    def __init__(self, n_features: int, hidden_size: int, state_size: int) -> None:
        super().__init__()
        self.n_features = n_features  # the readout may go on to give other targets
        self.padding = state_size - hidden_size

    def forward(self, readout: Affine) -> tuple[Tensor, Tensor]:
        inverse = _pinv(readout.weight[..., : self.n_features, :])
        bias = -(inverse @ readout.bias[..., : self.n_features, None]).squeeze(-1)
        if self.padding == 0:
            return inverse, bias
        inverse = nn.functional.pad(inverse, (0, 0, 0, self.padding))
        return inverse, nn.functional.pad(bias, (0, self.padding))


def _pinv(
    weight: Tensor,  # ([model,] feature, hidden)
) -> Tensor:  # ([model,] hidden, feature)
    """Return pseudo-inverses, nan for weights that are not finite, at which torch would raise."""
    finite = weight.isfinite().all(-1, keepdim=True).all(-2, keepdim=True)
    invertible = torch.eye(*weight.shape[-2:], dtype=weight.dtype, device=weight.device)
    return torch.linalg.pinv(torch.where(finite, weight, invertible)).where(finite, torch.nan)


class WindowEncoder(Inference):
    """Learn an affine map from a window of recent rows to the whole state.

    By the embedding theorem (Takens 1981) a long enough window determines the state where one row
    does not, and a window averages observation noise.
    """

    def __init__(self, n_delays: int, n_features: int, state_size: int) -> None:
        super().__init__()
        self.affine = Affine(n_delays * n_features, state_size)

    def forward(self, readout: Affine) -> tuple[Tensor, Tensor]:
        return self.affine.weight, self.affine.bias


class Drive(nn.Module):
    """A linear map from standardised inputs to what they add to the hidden part of a state."""

    def __init__(self, n_inputs: int, hidden_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(
            torch.empty(hidden_size, n_inputs).normal_(std=hidden_size**-0.5)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        return affine(inputs, self.weight, self.weight.new_zeros(self.weight.shape[:-1]))


class IdentityReadout(nn.Module):
    """Show the first units as they are; further outputs are read out by an affine map."""

    def __init__(self, hidden_size: int, n_features: int, n_targets: int) -> None:
        super().__init__()
        self.n_features = n_features
        self.rest = Affine(hidden_size, n_targets) if n_targets else None

    def forward(self, hidden: Tensor) -> Tensor:
        shown = hidden[..., : self.n_features]
        return shown if self.rest is None else torch.cat([shown, self.rest(hidden)], dim=-1)


class FirstUnits(Inference):
    """Let the first units be the present row, and begin the others by a learned map of the window.

    Where data replace the state on the way they replace these units, and the others run on: the
    identity teacher forcing of Brenner et al., ICML 2022 (arXiv 2207.02542).
    """

    def __init__(self, n_delays: int, n_features: int, state_size: int) -> None:
        super().__init__()
        self.n_features = n_features
        n_before, n_rest = (n_delays - 1) * n_features, state_size - n_features
        self.affine = Affine(n_before + n_features, n_rest) if n_rest else None
        present = nn.functional.pad(torch.eye(n_features), (n_before, 0))
        self.register_buffer("present", present, persistent=False)  # follows device and precision

    def forward(self, readout: nn.Module) -> tuple[Tensor, Tensor]:
        present, zero = self.present, self.present.new_zeros(self.n_features)
        if self.affine is None:
            return present, zero
        weight, bias = self.affine.weight, self.affine.bias
        models = weight.shape[:-2]  # an axis of models, or none
        weight = torch.cat([present.expand(*models, -1, -1), weight], dim=-2)
        return weight, torch.cat([zero.expand(*models, -1), bias], dim=-1)

    def forced(self, like: Tensor) -> Tensor:
        forced = like.new_zeros(like.shape[-1])
        forced[: self.n_features] = 1.0
        return forced
