"""From planned rows to trained weights, by one training or more."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch

from skchaos._engine import one_thread, resolve_device
from skchaos._mapped import is_mapped, release
from skchaos._plan import Plan
from skchaos._series import Series
from skchaos._validation import Validation, score_free_runs
from skchaos.core import (
    ForcedRNN,
    Progress,
    Sequences,
    SparseForcing,
    Stack,
    Table,
    TrainingConfig,
    TrainingResult,
    train,
)

if TYPE_CHECKING:
    from skchaos._regressor import ChaoticRNNRegressor

_T = TypeVar("_T")

N_CHECKS = 25  # times that training is looked at: finite? validated? stop?
# A training is repeated from new weights where its free runs score worse than this many times what
# stretches of the training rows do. On Duffing rows free runs that live score up to three times as
# much as these, and those that end on a cycle four times or more (benchmarks/restarts.py).
GOOD_ENOUGH = 3.0


@dataclass(frozen=True)
class Job:
    """One model to train.

    Attributes
    ----------
    settings : ChaoticRNNRegressor
        Parameters.
    plan : Plan
        What they come to on these rows.
    series : Series
        Rows to train on.
    recorded : Series
        The same as they were given.
    seeds : sequence of int
        Of the trainings, at most as many.
    start : mapping of str to ndarray or None
        Weights to go on from.
    """

    settings: "ChaoticRNNRegressor"
    plan: Plan
    series: Series
    recorded: Series
    seeds: Sequence[int]
    start: Mapping[str, np.ndarray] | None = None

    @property
    def shape(self) -> tuple:
        """What jobs must share to be trained in lockstep."""
        settings, plan, series = self.settings, self.plan, self.series
        n_targets = 0 if series.targets is None else series.targets.shape[1]
        network = (settings.cell, settings.n_hidden, plan.n_rectified, settings.state_inference)
        rows = (series.rows.shape[1], n_targets, plan.n_delays, plan.delay)
        steps = (plan.forcing_interval, plan.sequence_length, settings.batch_size)
        return (*network, *rows, *steps, settings.max_iter, settings.device)


@dataclass
class Trained:
    """The best of one or more trainings.

    Attributes
    ----------
    result : TrainingResult
        Of the training that is kept.
    n_init : int
        Trainings begun.
    floor : float
        Validation score of the training rows themselves; nan without validation.
    interrupted : bool
        Whether a keyboard interrupt ended the last one.
    """

    result: TrainingResult
    n_init: int
    floor: float
    interrupted: bool = False

    @property
    def is_poor(self) -> bool:
        """Whether the free runs are far from what the training rows score; not if unknown."""
        return self.result.score > GOOD_ENOUGH * self.floor

    def consider(self, result: TrainingResult) -> None:
        """Keep a further training if it is better."""
        self.n_init += 1
        best = self.result
        if (result.score, -result.n_iter) < (best.score, -best.n_iter) or self.n_init == 1:
            self.result = result
        self.interrupted = result.stopped == "interrupted"


def train_models(jobs: Sequence[Job]) -> list[Trained]:
    """Train each job from new weights for each of its seeds until a model is good enough.

    Jobs are of one shape and run in lockstep. With weights to `start` from, or without validation,
    there is one training.
    """
    known = {_set_aside(job): job for job in jobs}
    prepared = {key: Validation.of(job.plan, job.series) for key, job in known.items()}
    validations = [prepared[_set_aside(job)] for job in jobs]
    floors = [np.nan if v is None else v.floor for v in validations]
    trained = [Trained(TrainingResult(weights={}), 0, floor) for floor in floors]
    for attempt in range(max(len(job.seeds) for job in jobs)):
        wanted = [i for i, job in enumerate(jobs) if _is_wanted(job, trained[i], attempt)]
        for is_judged in (True, False):
            group = [i for i in wanted if (validations[i] is not None) == is_judged]
            if any(one.interrupted for one in trained):
                return trained
            if group:
                judges = [validations[i] for i in group] if is_judged else None
                results = _train([jobs[i] for i in group], attempt, judges)
                for i, result in zip(group, results, strict=True):
                    trained[i].consider(result)
    return trained


def _is_wanted(job: Job, best: Trained, attempt: int) -> bool:
    """Tell whether a job needs one more training."""
    if attempt == 0:
        return True
    return attempt < len(job.seeds) and job.start is None and best.is_poor


def _set_aside(job: Job) -> tuple:
    """Return what a validation depends on: jobs of one shape have the same window."""
    return id(job.series), *job.plan.train_lengths


def _by_series(jobs: Sequence[Job], make: Callable[[Series], _T]) -> dict[int, _T]:
    """Make something of every series once: jobs share them."""
    return {key: make(series) for key, series in {id(j.series): j.series for j in jobs}.items()}


def _train(
    jobs: Sequence[Job],
    attempt: int,
    validations: Sequence[Validation] | None,
) -> list[TrainingResult]:
    settings = jobs[0].settings
    device = resolve_device(settings.device)

    def validate(model: ForcedRNN, numbers: list[int]) -> list[float]:
        return score_free_runs([validations[i] for i in numbers], model)

    judge = None if validations is None else validate

    try:
        with one_thread(), _progress_bar(settings, attempt + 1) as progress:
            models = Stack.of([_new_model(job, attempt) for job in jobs], device)
            tables = _by_series(jobs, lambda series: _table(series, device))
            sources = [_sequences(job, tables[id(job.series)], attempt) for job in jobs]
            return train(models, sources, validate=judge, progress=progress)
    except KeyboardInterrupt:  # beside the training itself, which sees to its own
        return [TrainingResult(weights={}, stopped="interrupted") for _ in jobs]


def _new_model(job: Job, attempt: int) -> ForcedRNN:
    settings, series = job.settings, job.series
    n_targets = 0 if series.targets is None else series.targets.shape[1]
    with torch.random.fork_rng(devices=[]):  # leave the user's generator as it was
        torch.manual_seed(job.seeds[attempt])
        model = ForcedRNN(
            settings.cell,
            settings.n_hidden,
            n_features=series.rows.shape[1],
            n_targets=n_targets,
            inference=settings.state_inference,
            n_delays=job.plan.n_delays,
            n_rectified=job.plan.n_rectified,
        )
    if job.start is not None:
        model.load_state_dict({n: torch.as_tensor(value) for n, value in job.start.items()})
    return model


def _config(job: Job, attempt: int) -> TrainingConfig:
    settings = job.settings
    return TrainingConfig(
        forcing=SparseForcing(job.plan.forcing_interval),
        sequence_length=job.plan.sequence_length,
        batch_size=settings.batch_size,
        max_iter=settings.max_iter,
        learning_rate=settings.learning_rate,
        alpha=settings.alpha,
        check_every=max(1, -(-settings.max_iter // N_CHECKS)),
        patience=settings.n_iter_no_change if settings.early_stopping else None,
        tol=settings.tol,
        seed=job.seeds[attempt],
    )


def _table(series: Series, device: torch.device) -> Table:
    """Put standardised rows and targets on a device, or leave rows where they are in a file."""
    rows = series.rows
    # In a worker of joblib ordinary rows, which are float64, are mapped as well.
    if is_mapped(rows):
        center, scale = (torch.as_tensor(v) for v in (series.scaling.mean, series.scaling.scale))
        with warnings.catch_warnings():  # that they cannot be written to, which nobody wants
            warnings.simplefilter("ignore", UserWarning)
            table = torch.from_numpy(rows)
        return Table(table, rows.shape[1], center, scale, lambda: release(rows))
    rows = torch.as_tensor(series.scaled(slice(None)), dtype=torch.float32, device=device)
    targets = series.scaled_targets
    if targets is not None:
        targets = torch.as_tensor(targets, dtype=torch.float32, device=device)
    return Table.of(rows, targets)


def _sequences(job: Job, table: Table, attempt: int) -> Sequences:
    return Sequences(
        table,
        lengths=job.series.lengths,
        usable=job.plan.train_lengths,
        offsets=torch.as_tensor(job.plan.offsets),
        config=_config(job, attempt),
    )


@contextmanager
def _progress_bar(settings: "ChaoticRNNRegressor", number: int) -> Iterator[Progress | None]:
    if not settings.verbose:
        yield None
        return
    from tqdm.auto import tqdm

    again = f" again ({number} of at most {settings.n_init})" if number > 1 else ""
    with tqdm(total=settings.max_iter, desc=f"training{again}", unit="update") as bar:

        def progress(n_iter: int, losses: list[float], scores: list[float]) -> None:
            best = min(scores)
            bar.set_postfix(loss=f"{min(losses):.2e}", free_run=f"{best:.3f}", refresh=False)
            bar.update(n_iter - bar.n)

        yield progress
