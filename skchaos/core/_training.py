"""Training by sparse teacher forcing: a frozen configuration in, a result out."""

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

import torch
from torch import Tensor

from skchaos.core._forcing import SparseForcing
from skchaos.core._model import ForcedRNN

# A guard against the rare steep batch, not a remedy for chaos: over one forcing interval near the
# predictability time gradients grow by a factor of about two, so that it seldom acts.
MAX_GRADIENT_NORM = 5.0
# One cycle (Smith & Topin 2019, arXiv 1708.07120): the learning rate rises over this part of the
# updates and falls over the rest, and Adam's first decay rate goes the other way, so that the last
# updates average over many batches.
WARM_UP = 0.1
MOMENTUM = (0.85, 0.95)  # at the peak of the learning rate, and at zero
MAX_SETBACKS = 5  # returns to the last good state before training gives up

Validation = Callable[[ForcedRNN], float]
Progress = Callable[[int, float, float], None]


@dataclass(frozen=True)
class TrainingConfig:
    """What :func:`train` needs to know beside model and data.

    Parameters
    ----------
    forcing : SparseForcing
        When data replace the state.
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
    check_every : int
        Updates between two checks (finite? validated? stop?).
    tol : float
        Relative scatter of validation scores: a state scores as well as the best so far if its
        score is at most (1 + tol) times the best.
    patience : int or None
        Checks in a row that score worse than that before training stops.
    seed : int
        Of the random generator that draws batches.
    """

    forcing: SparseForcing
    sequence_length: int
    batch_size: int
    max_iter: int
    learning_rate: float
    alpha: float
    check_every: int
    patience: int | None
    tol: float
    seed: int

    def cycle(self, step: int) -> tuple[float, float]:
        """Return learning rate and momentum of update number `step`, counted from zero."""
        warm_up = max(1.0, WARM_UP * self.max_iter)
        rest = max(1.0, self.max_iter - warm_up)
        phase = (step + 1) / warm_up if step + 1 <= warm_up else 1 + (step + 1 - warm_up) / rest
        height = 0.5 * (1 - math.cos(math.pi * phase))  # 0 at phase 0 and 2, 1 at phase 1
        fast, slow = MOMENTUM
        return self.learning_rate * height, slow + (fast - slow) * height


@dataclass
class TrainingResult:
    """What training leaves behind.

    Attributes
    ----------
    weights : dict of Tensor
        Of the last state that scored as well as the best, or of the last one where nothing was
        validated. The last, because it has had the smaller steps.
    loss_curve : list of float
        Mean loss between two checks.
    score : float
        Validation score of those weights; inf before one is validated, and without validation.
    validation_scores : list of float
        Score at each check; empty without validation.
    n_iter : int
        Updates done.
    n_setbacks : int
        How often the loss was not finite and training went back to the last good state.
    stopped : {"max_iter", "early_stopping", "interrupted", "diverged"}
        Why training ended.
    """

    weights: dict[str, Tensor]
    score: float = math.inf
    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    n_iter: int = 0
    n_setbacks: int = 0
    stopped: str = "max_iter"


class Sequences:
    """Random training sequences, cut at the forcing steps, from one or more trajectories.

    Parameters
    ----------
    rows : Tensor of shape (row, feature)
        Trajectories one after the other, standardised.
    targets : Tensor of shape (row, target) or None
        Further values to read out of the state that follows each row.
    lengths : list of int
        Rows of each trajectory.
    usable : list of int
        Leading rows of each trajectory that may be trained on.
    offsets : Tensor of shape (delay,)
        Rows of a window relative to its last one, ascending, ending in 0.
    config : TrainingConfig
        Forcing, sequence length, batch size and seed.
    """

    def __init__(
        self,
        rows: Tensor,
        targets: Tensor | None,
        *,
        lengths: list[int],
        usable: list[int],
        offsets: Tensor,
        config: TrainingConfig,
    ) -> None:
        self.rows, self.targets, self.offsets = rows, targets, offsets
        self.batch_size = config.batch_size
        self.generator = torch.Generator().manual_seed(config.seed)
        starts, n_steps = config.forcing.segments(config.sequence_length)
        self.segment_starts = starts
        steps = torch.arange(1, int(n_steps.max()) + 1)
        self.steps = steps[:, None]
        # Of the last segment only the steps within the sequence count.
        counted = (steps[:, None] <= n_steps).to(rows)  # (time, segment)
        self.weight = (counted / counted.sum()).repeat(1, config.batch_size)[..., None]
        self._index_starts(torch.tensor(lengths), torch.tensor(usable), config.sequence_length)

    def _index_starts(self, n_rows: Tensor, usable: Tensor, sequence_length: int) -> None:
        span = -int(self.offsets[0])
        n_starts = (usable - span - sequence_length).clamp(min=0)
        self.last_start = n_starts.cumsum(0)
        first_row = n_rows.cumsum(0) - n_rows
        # From the running number of a start to its row: add what was left out before it.
        self.shift = first_row + span - (self.last_start - n_starts)

    def draw_starts(self) -> Tensor:
        """Return the rows at which the sequences of a batch start, uniform over all that fit."""
        n_starts = int(self.last_start[-1])
        number = torch.randint(n_starts, (self.batch_size,), generator=self.generator)
        return number + self.shift[torch.searchsorted(self.last_start, number, right=True)]

    def draw(self) -> tuple[Tensor, Tensor]:
        """Return windows (segment, delay, feature) and targets (time, segment, output)."""
        start = self.draw_starts()
        start = (start[:, None] + self.segment_starts).flatten().to(self.rows.device)
        windows = self.rows[start[:, None] + self.offsets.to(start.device)]
        after = (start + self.steps.to(start.device)).clamp(max=self.rows.shape[0] - 1)
        wanted = self.rows[after]
        if self.targets is not None:
            wanted = torch.cat([wanted, self.targets[after - 1]], dim=-1)
        return windows, wanted

    def loss(self, model: ForcedRNN) -> Tensor:
        """Return the mean squared error of one random batch."""
        windows, wanted = self.draw()
        outputs = model(windows, wanted.shape[0])
        weight = self.weight.to(outputs.device) / (self.batch_size * wanted.shape[-1])
        return ((outputs - wanted).square() * weight).sum()


def train(
    model: ForcedRNN,
    sequences: Sequences,
    config: TrainingConfig,
    *,
    validate: Validation | None = None,
    progress: Progress | None = None,
) -> TrainingResult:
    """Fit `model` in place and return the weights to keep.

    Parameters
    ----------
    model : ForcedRNN
        Model; its weights are those of the last update afterwards.
    sequences : Sequences
        Where batches come from.
    config : TrainingConfig
        Everything else.
    validate : callable, optional
        ``model -> score``, lower is better.
    progress : callable, optional
        Called at each check with updates done, mean loss since the last one, and score.

    Returns
    -------
    TrainingResult
        Weights and history. A keyboard interrupt ends training early and is reported in `stopped`.
    """
    result = TrainingResult(weights=_copy(model))
    trainer = _Trainer(model, sequences, config)
    best, waited = math.inf, 0
    try:
        while result.n_iter < config.max_iter:
            n_updates = min(config.check_every, config.max_iter - result.n_iter)
            loss = trainer.advance(result.n_iter, n_updates)
            if not math.isfinite(loss):
                result.n_setbacks += 1
                if result.n_setbacks > MAX_SETBACKS:
                    result.stopped = "diverged"
                    break
                trainer.back_off()
                continue
            trainer.keep()
            result.n_iter += n_updates
            result.loss_curve.append(loss)
            score = math.nan
            if validate is None:
                result.weights = trainer.good_weights
            else:
                score = validate(model)
                result.validation_scores.append(score)
                best = min(best, score)
                if score <= (1 + config.tol) * best:
                    waited, result.weights, result.score = 0, trainer.good_weights, score
                else:
                    waited += 1
            if progress is not None:
                progress(result.n_iter, loss, score)
            if config.patience is not None and waited >= config.patience:
                result.stopped = "early_stopping"
                break
    except KeyboardInterrupt:
        result.stopped = "interrupted"
    return result


class _Trainer:
    """The optimizer, and the last state known to be good."""

    def __init__(self, model: ForcedRNN, sequences: Sequences, config: TrainingConfig) -> None:
        self.model, self.sequences, self.config = model, sequences, config
        self.parameters = list(model.parameters())
        self.optimizer = torch.optim.Adam(
            self.parameters, lr=config.learning_rate, weight_decay=config.alpha, fused=True
        )
        self.step_scale = 1.0
        self.keep()

    def advance(self, first: int, n_updates: int) -> float:
        """Do `n_updates` updates and return their mean loss, not finite if anything is not."""
        total = torch.zeros((), device=self.parameters[0].device)
        for step in range(first, first + n_updates):
            rate, momentum = self.config.cycle(step)
            for group in self.optimizer.param_groups:
                group["lr"] = self.step_scale * rate
                group["betas"] = (momentum, group["betas"][1])
            loss = self.sequences.loss(self.model)
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.parameters, MAX_GRADIENT_NORM)
            self.optimizer.step()
            total += loss.detach()
        with torch.no_grad():  # the state that is kept is the one after the last update
            total = total / n_updates + 0.0 * self.sequences.loss(self.model)
        return float(total)  # the only wait for the device: once a check

    def keep(self) -> None:
        """Remember this state as good."""
        self.good_weights = _copy(self.model)
        self.good_moments = deepcopy(self.optimizer.state_dict())

    def back_off(self) -> None:
        """Return to the last good state with half the step."""
        self.step_scale /= 2
        self.model.load_state_dict(self.good_weights)
        self.optimizer.load_state_dict(self.good_moments)


def _copy(model: ForcedRNN) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
