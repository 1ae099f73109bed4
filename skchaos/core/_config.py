"""What training needs to know beside model and data."""

import math
from dataclasses import dataclass

from skchaos.core._forcing import Forcing

# One cycle (Smith & Topin 2019, arXiv 1708.07120): the learning rate rises over this part of the
# updates and falls over the rest, and the decay rate of the mean gradient goes the other way, so
# that the last updates average over many batches.
WARM_UP = 0.1
MOMENTUM = (0.85, 0.95)  # at the peak of the learning rate, and at zero


@dataclass(frozen=True)
class TrainingConfig:
    """What :func:`train` needs to know beside model and data.

    Parameters
    ----------
    forcing : Forcing
        When, and how strongly, data replace the state.
    sequence_length : int
        Steps in a training sequence.
    batch_size : int
        Sequences in an update.
    max_iter : int
        Updates at most.
    learning_rate : float
        Peak of the schedule: up by a half cosine, then down to zero by another.
    alpha : float
        L2 penalty.
    slow_penalty : float
        L2 penalty that draws half of the units of a piecewise-linear cell towards keeping what they
        hold.
    check_every : int
        Updates between two checks (finite? validated? stop?).
    tol : float
        Relative scatter of validation: a state is as good as the best so far if its score times
        its forecast error is at most (1 + tol) times the best.
    patience : int or None
        Checks in a row that are worse than that before training stops.
    seed : int
        Of the random generator that draws batches.
    window_noise : float
        Standard deviation of the fresh noise on the rows that states are inferred from, in the
        units of the table; it smooths the map from a window to what follows (Bishop 1995).
    is_squared : bool
        Whether the loss is the mean squared error, and not the mean length of the error of a step.
    n_threads : int
        Threads among which several models are divided.
    """

    forcing: Forcing
    sequence_length: int
    batch_size: int
    max_iter: int
    learning_rate: float
    alpha: float
    check_every: int
    patience: int | None
    tol: float
    seed: int
    window_noise: float = 0.0
    slow_penalty: float = 0.0
    is_squared: bool = False
    n_threads: int = 1

    def cycle(self, step: int) -> tuple[float, float]:
        """Return learning rate and momentum of update number `step`, counted from zero."""
        warm_up = max(1.0, WARM_UP * self.max_iter)
        rest = max(1.0, self.max_iter - warm_up)
        phase = (step + 1) / warm_up if step + 1 <= warm_up else 1 + (step + 1 - warm_up) / rest
        height = 0.5 * (1 - math.cos(math.pi * phase))  # 0 at phase 0 and 2, 1 at phase 1
        fast, slow = MOMENTUM
        return self.learning_rate * height, slow + (fast - slow) * height
