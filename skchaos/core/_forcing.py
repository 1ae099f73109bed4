"""When, and how strongly, data replace the latent state.

At each step z becomes ``z + gate * (inferred - z)`` before the cell moves it on. What a forcing
says is the gate over time; which units it applies to is the inference's to say.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SparseForcing:
    """Replace the state by one inferred from data every `interval` steps.

    Mikhaeil, Monfared & Durstewitz, NeurIPS 2022, eq. 9. Where nothing of the old state survives,
    the stretches between two forcing steps are independent of each other: a sequence of `n_steps`
    steps is a batch of ceil(n_steps / interval) segments, with the same loss and gradient.

    Parameters
    ----------
    interval : int
        Steps between two replacements; 1 is teacher forcing at every step.
    jitter : float
        Intervals are spread evenly from (1 - jitter) to (1 + jitter) times `interval`, in place of
        random ones: segments start at random rows, so that only the mixture of lengths counts. Of
        a sequence that is no multiple of the interval the last one is cut.
    is_partial : bool
        Whether part of the state survives, so that the steps of a sequence are one chain.
    """

    interval: int
    jitter: float = 0.0
    is_partial: bool = False

    @property
    def strength(self) -> float:
        """Part of the difference to the data that is taken away."""
        return 1.0

    @property
    def is_adaptive(self) -> bool:
        """Whether the strength follows the Jacobians of the model."""
        return False

    @property
    def is_chained(self) -> bool:
        """Whether the steps of a sequence depend on all those before them."""
        return self.is_partial

    def lengths(self, n_steps: int) -> Tensor:  # (segment,)
        """Return the intervals that a sequence of `n_steps` steps is cut into."""
        n_segments = -(-n_steps // self.interval)
        factors = torch.linspace(1 - self.jitter, 1 + self.jitter, n_segments)
        if n_segments == 1:
            factors = torch.ones(1)
        steps = (factors * self.interval).clamp(min=1.0)
        ends = steps.cumsum(0).round().long().clamp(max=n_steps)
        ends[-1] = n_steps
        found = ends.diff(prepend=torch.zeros(1, dtype=torch.long))
        return found[found > 0]

    def segments(
        self, n_steps: int
    ) -> tuple[Tensor, Tensor]:  # starts (segment,), lengths (segment,)
        """Return where the segments of a sequence of `n_steps` steps start, and their lengths."""
        lengths = torch.tensor([n_steps]) if self.is_chained else self.lengths(n_steps)
        return lengths.cumsum(0) - lengths, lengths

    def times(self, n_steps: int) -> Tensor:  # (time,)
        """Return 1 where data replace the state before a step, 0 elsewhere."""
        lengths = self.lengths(n_steps)
        times = torch.zeros(n_steps)
        times[lengths.cumsum(0) - lengths] = 1.0
        return times


@dataclass(frozen=True)
class GeneralizedForcing:
    """Draw the state towards the data by a part of the difference at every step.

    Hess, Monfared, Brenner & Durstewitz, ICML 2023 (arXiv 2306.04406). Gradients meet the
    factor 1 - strength at every step, and are bounded where it makes up for the growth along the
    orbit.

    Parameters
    ----------
    strength : float
        Part of the difference, from 0 (a free run) to 1 (teacher forcing at every step).
    is_adaptive : bool
        Whether it only begins there and then follows the Jacobians of the model.
    """

    strength: float
    is_adaptive: bool = False

    @property
    def is_chained(self) -> bool:
        """Whether the steps of a sequence depend on all those before them."""
        return True

    def segments(
        self, n_steps: int
    ) -> tuple[Tensor, Tensor]:  # starts (segment,), lengths (segment,)
        """Return the whole sequence as one segment."""
        return torch.zeros(1, dtype=torch.long), torch.tensor([n_steps])

    def times(self, n_steps: int) -> Tensor:  # (time,)
        """Return 1 where data act on the state before a step, which is everywhere."""
        return torch.ones(n_steps)


Forcing = SparseForcing | GeneralizedForcing
