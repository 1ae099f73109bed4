"""From data to a latent state: what a forcing step puts in place of the old state.

Both ways are affine in a window of recent rows, oldest first, the present row last. They take the
readout and return weight ([model,] state, delay * feature) and bias ([model,] state) of that map.
"""

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


class PseudoInverse(nn.Module):
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


class WindowEncoder(nn.Module):
    """Learn an affine map from a window of recent rows to the whole state.

    By the embedding theorem (Takens 1981) a long enough window determines the state where one row
    does not, and a window averages observation noise.
    """

    def __init__(self, n_delays: int, n_features: int, state_size: int) -> None:
        super().__init__()
        self.affine = Affine(n_delays * n_features, state_size)

    def forward(self, readout: Affine) -> tuple[Tensor, Tensor]:
        return self.affine.weight, self.affine.bias
