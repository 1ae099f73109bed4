"""Training by sparse teacher forcing: one or more models in lockstep."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from skchaos.core._gradients import for_many_updates, losses
from skchaos.core._model import ForcedRNN
from skchaos.core._sequences import Batches, Sequences
from skchaos.core._soap import Soap
from skchaos.core._stack import Stack
from skchaos.core._strength import bounding_strengths

# A guard against the rare steep batch, not a remedy for chaos: over one forcing interval near the
# predictability time gradients grow by a factor of about two, so that it seldom acts.
MAX_GRADIENT_NORM = 5.0
MAX_SETBACKS = 5  # returns to the last good state before training gives up
# At once, which bounds memory: updates whose batches are drawn, and models that are validated.
MAX_DRAWN, MAX_JUDGED = 64, 16
# An adaptive forcing strength: updates between two looks at the Jacobians, and the part of what
# they say that is taken over.
LOOK_EVERY, TAKEN_OVER = 20, 0.1

Validation = Callable[[ForcedRNN, list[int]], list[tuple[float, float]]]
Progress = Callable[[int, list[float], list[float]], None]


@dataclass
class TrainingResult:
    """What training leaves behind of one model.

    Attributes
    ----------
    weights : dict of Tensor
        Of the last state that was as good as the best by score times error, or of the last one
        where nothing was validated. The last, because it has had the smaller steps.
    loss_curve : list of float
        Mean loss between two checks.
    score : float
        Validation score of those weights; inf before one is validated, and without validation.
    error : float
        Their forecast error, likewise.
    validation_scores : list of float
        Score at each check; empty without validation.
    n_iter : int
        Updates done.
    n_setbacks : int
        How often the loss was not finite and training went back to the last good state.
    stopped : {"", "max_iter", "early_stopping", "interrupted", "diverged"}
        Why training ended.
    """

    weights: dict[str, Tensor]
    score: float = math.inf
    error: float = math.inf
    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    n_iter: int = 0
    n_setbacks: int = 0
    stopped: str = ""


def train(
    stack: Stack,
    sources: Sequence[Sequences],
    *,
    validate: Validation | None = None,
    progress: Progress | None = None,
) -> list[TrainingResult]:
    """Train the models of a stack and return the weights to keep.

    Each model is trained as it would be alone: what they share are the operations.

    Parameters
    ----------
    stack : Stack
        Models.
    sources : sequence of Sequences
        Where the batches of each model come from, with its configuration. Configurations may
        differ in learning rate, penalty, tolerance, patience and seed.
    validate : callable, optional
        ``(model, numbers) -> [(score, error), ...]``, lower is better: several models as one, and
        which ones. Scores are of free runs, errors of forecasts.
    progress : callable, optional
        Called at each check with updates done, mean losses since the last one, and scores.

    Returns
    -------
    list of TrainingResult
        Weights and history of each model. A keyboard interrupt ends training early and is reported
        in `stopped`.
    """
    members = [_Member(number, source) for number, source in enumerate(sources)]
    program = _Program(stack, members)
    for member, values in zip(members, program.good[0], strict=True):
        member.result.weights = stack.named(values)
    programs = [program]
    try:
        while programs:
            programs += programs.pop().advance_to_check(validate, progress)
    except KeyboardInterrupt:
        for member in members:
            member.result.stopped = member.result.stopped or "interrupted"
    return [member.result for member in members]


class _Member:
    """One of the models of a program, and what is known of it."""

    def __init__(self, number: int, source: Sequences) -> None:
        self.number, self.source, self.config = number, source, source.config
        self.result = TrainingResult(weights={})
        self.step_scale = 1.0
        self.best, self.n_waited = math.inf, 0

    @property
    def n_updates(self) -> int:
        """Updates until the next check."""
        return min(self.config.check_every, self.config.max_iter - self.result.n_iter)

    def set_back(self) -> None:
        """Halve the step, or give up."""
        self.result.n_setbacks += 1
        self.step_scale /= 2
        if self.result.n_setbacks > MAX_SETBACKS:
            self.result.stopped = "diverged"

    def check(
        self, loss: float, judged: tuple[float, float] | None, weights: dict[str, Tensor]
    ) -> None:
        """Take note of a good stretch; nothing is judged without validation."""
        result = self.result
        result.n_iter += self.n_updates
        result.loss_curve.append(loss)
        if judged is None:
            result.weights = weights
        else:
            score, error = judged
            result.validation_scores.append(score)
            # Either alone misleads: one state in many scores well by luck, when steps were still
            # large and forecasts poor; and an exact one may have free runs that die.
            product = score * error
            self.best = min(self.best, product)
            self.n_waited += 1
            if product <= (1 + self.config.tol) * self.best:
                self.n_waited, result.weights = 0, weights
                result.score, result.error = score, error
        if result.n_iter >= self.config.max_iter:
            result.stopped = "max_iter"
        elif self.config.patience is not None and self.n_waited >= self.config.patience:
            result.stopped = "early_stopping"


class _Program:
    """Models in lockstep: their weights, the optimizer, and the last state known to be good.

    Parameters
    ----------
    stack : Stack
        The members.
    members : list of _Member
        With the same number of updates behind them.
    memory : list of Tensor, optional
        State to go on from, but for the weights.
    """

    def __init__(
        self, stack: Stack, members: list[_Member], memory: list[Tensor] | None = None
    ) -> None:
        self.stack, self.members = stack, members
        values = stack.values
        self.batches = Batches([member.source for member in members], values.device)
        self.optimizer = Soap(stack, self.batches.n_threads)
        if memory is not None:
            for own, known in zip(self._state[1:], memory, strict=True):
                own.copy_(known)
        self.add_gradients = for_many_updates(stack, self.batches)
        alpha = values.new_tensor([m.config.alpha for m in members])[:, None]
        slow = values.new_tensor([m.config.slow_penalty for m in members])[:, None]
        # L2 penalties are springs: their strength, and that times where they pull to.
        is_slow, goal = stack.slow_units()
        self.springs, self.pull = alpha + slow * is_slow, slow * is_slow * goal
        self.is_penalised = bool(self.springs.any())
        self.is_adaptive = members[0].config.forcing.is_adaptive
        self.good = [tensor.clone() for tensor in self._state]

    @property
    def _state(self) -> list[Tensor]:
        """Weights, and what is remembered beside them; the first axis is that of models."""
        return [self.stack.values, *self.optimizer.state, self.batches.strength]

    def advance_to_check(
        self, validate: Validation | None, progress: Progress | None
    ) -> "list[_Program]":
        """Train up to the next check, and return the programs that go on from there."""
        losses = self.advance(self.members[0].n_updates)
        finite = [math.isfinite(loss) for loss in losses]
        whole = torch.tensor(finite, device=self.stack.values.device)
        for good, now in zip(self.good, self._state, strict=True):
            good[whole] = now[whole]
        for member in (m for m, ok in zip(self.members, finite, strict=True) if not ok):
            member.set_back()
        healthy = [i for i, ok in enumerate(finite) if ok]
        if healthy:
            self._check(healthy, losses, validate, progress)
        return self._split(healthy)

    def _check(
        self,
        healthy: list[int],
        losses: list[float],
        validate: Validation | None,
        progress: Progress | None,
    ) -> None:
        judged: list[tuple[float, float] | None] = [None] * len(healthy)
        if validate is not None:
            judged = []
            for first in range(0, len(healthy), MAX_JUDGED):
                part = healthy[first : first + MAX_JUDGED]
                numbers = [self.members[i].number for i in part]
                judged += validate(self._stack_of(part).model, numbers)
        for i, pair in zip(healthy, judged, strict=True):
            self.members[i].check(losses[i], pair, self.stack.named(self.good[0][i]))
        if progress is not None:
            shown = [math.nan if pair is None else pair[0] for pair in judged]
            n_iter = self.members[healthy[0]].result.n_iter
            progress(n_iter, [losses[i] for i in healthy], shown)

    def _split(self, healthy: list[int]) -> "list[_Program]":
        """Go on with the healthy models together and with those that were set back alone."""
        groups = [healthy, *([i] for i in range(len(self.members)) if i not in healthy)]
        groups = [[i for i in group if not self.members[i].result.stopped] for group in groups]
        everyone = list(range(len(self.members)))
        if groups[0] == everyone:
            return [self]
        return [self._part(group) for group in groups if group]

    def _part(self, positions: list[int]) -> "_Program":
        members = [self.members[i] for i in positions]
        memory = [tensor[positions] for tensor in self.good[1:]]
        return _Program(self._stack_of(positions), members, memory)

    def _stack_of(self, positions: list[int]) -> Stack:
        """Return the good state of some of the models."""
        return Stack(self.stack.like, self.good[0][positions])

    def advance(self, n_updates: int) -> list[float]:
        """Do `n_updates` updates and return mean losses, not finite where anything is not."""
        first = self.members[0].result.n_iter
        total = self.stack.values.new_zeros(len(self.members))
        for done in range(0, n_updates, MAX_DRAWN):
            batches = self.batches.draw(min(MAX_DRAWN, n_updates - done), first + done)
            steps = range(first + done, first + done + len(batches))
            rates, momenta = self._schedule(steps)
            for step, starts, rate, momentum in zip(steps, batches, rates, momenta, strict=True):
                total += self._update(step, starts, rate, momentum)
            self.batches.release()
        # The state that is kept is the one after the last update.
        total = total / n_updates + 0.0 * losses(self.stack, self.batches, batches[-1])
        return total.tolist()  # the only wait for the device: once a check

    def _schedule(self, steps: range) -> tuple[Tensor, list[float]]:
        """Return rates (update, model, 1), and the momentum that all models share."""
        rates = [
            [member.step_scale * member.config.cycle(step)[0] for member in self.members]
            for step in steps
        ]
        momenta = [self.members[0].config.cycle(step)[1] for step in steps]
        return self.stack.values.new_tensor(rates).unsqueeze(-1), momenta

    def _update(
        self,
        step: int,
        starts: Tensor,  # (model, segment)
        rate: Tensor,  # (model, 1)
        momentum: float,
    ) -> Tensor:  # losses (model,)
        """Do one update: clipped gradients, L2 penalties, SOAP."""
        values, gradients = self.stack.values, self.stack.gradients
        gradients.zero_()
        if self.is_adaptive and step % LOOK_EVERY == 0:
            found, strength = (
                bounding_strengths(self.stack, self.batches, starts),
                self.batches.strength,
            )
            # Where it is nan the next check will see to the model.
            strength.lerp_(found.where(found.isfinite(), strength), TAKEN_OVER)
        loss = self.add_gradients(starts)
        norms = torch.linalg.vector_norm(gradients, dim=1, keepdim=True)
        gradients.mul_((MAX_GRADIENT_NORM / norms).clamp_(max=1.0))
        if self.is_penalised:
            gradients.addcmul_(self.springs, values).sub_(self.pull)
        self.optimizer.update(gradients, step, rate, momentum)
        return loss
