"""When data replace the latent state."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SparseForcing:
    """Replace the whole state by one inferred from data every `interval` steps.

    Mikhaeil, Monfared & Durstewitz, NeurIPS 2022, eq. 9. Since nothing of the old state survives,
    the stretches between two forcing steps are independent of each other: a sequence of `n_steps`
    steps is a batch of ceil(n_steps / interval) segments, with the same loss and gradient.

    Parameters
    ----------
    interval : int
        Steps between two replacements; 1 is teacher forcing at every step.
    """

    interval: int

    def segments(
        self, n_steps: int
    ) -> tuple[Tensor, Tensor]:  # starts (segment,), lengths (segment,)
        """Return where the segments of a sequence of `n_steps` steps start, and their lengths."""
        starts = torch.arange(0, n_steps, self.interval)
        return starts, (n_steps - starts).clamp(max=self.interval)
