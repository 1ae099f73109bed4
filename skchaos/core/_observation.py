"""From data to a latent state: what a forcing step puts in place of the old state.

Both ways take a window of recent rows, oldest first, the present row last, (batch, delay,
feature), and the readout, and return the state at the present row, (batch, state).
"""

import torch
from torch import Tensor, nn


class PseudoInverse(nn.Module):
    """Invert the readout by its pseudo-inverse, the way of the paper.

    Mikhaeil, Monfared & Durstewitz, NeurIPS 2022, eq. 10: the readout is affine, x = B h + b, so
    the hidden state of least norm that explains the present row is pinv(B) (x - b). Gradients flow
    through the pseudo-inverse. What the readout does not see (an LSTM's memory) is set to zero.
    """

    def __init__(self, hidden_size: int, state_size: int) -> None:
        super().__init__()
        self.padding = state_size - hidden_size

    def forward(self, windows: Tensor, readout: nn.Linear) -> Tensor:
        row = windows[:, -1]
        n_features = row.shape[-1]  # the readout may go on to give other targets
        inverse = torch.linalg.pinv(readout.weight[:n_features])
        hidden = (row - readout.bias[:n_features]) @ inverse.T
        return nn.functional.pad(hidden, (0, self.padding))


class WindowEncoder(nn.Module):
    """Learn an affine map from a window of recent rows to the whole state.

    By the embedding theorem (Takens 1981) a long enough window determines the state where one row
    does not, and a window averages observation noise.
    """

    def __init__(self, n_delays: int, n_features: int, state_size: int) -> None:
        super().__init__()
        self.affine = nn.Linear(n_delays * n_features, state_size)
        # Standardised rows in, a state of order one out: variance 1 / fan-in.
        nn.init.normal_(self.affine.weight, std=(n_delays * n_features) ** -0.5)
        nn.init.zeros_(self.affine.bias)

    def forward(self, windows: Tensor, readout: nn.Linear) -> Tensor:
        return self.affine(windows.flatten(1))
