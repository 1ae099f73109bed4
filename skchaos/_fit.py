"""From planned rows to trained weights, by one training or more."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch

from skchaos._engine import Engine, one_thread, resolve_device
from skchaos._filter import WindowFilter
from skchaos._mapped import is_mapped, release
from skchaos._network import new_network, resolve_forcing
from skchaos._plan import Plan
from skchaos._reconstruction import comes_to_an_end
from skchaos._series import Series
from skchaos._validation import Validation, driven_steps, judge_models
from skchaos.core import (
    ForcedRNN,
    Progress,
    Sequences,
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
# Scatter of the one-step errors that models of noise-driven series are judged by, at most: above it
# noise is being learned by heart. Below it later states are better, though their errors are not: in
# free runs they remember for longer.
SCATTER_OF_ERRORS = 0.2
# Of the learning rate, for the first training, the second, the first again, ... Some series want
# the small steps and some the large ones (benchmarks/results/sweep.csv, of one or two seeds yet).
RATE_FACTORS = (1.0, 3.0)
# A training is poor where its free runs score worse than this many times what stretches of the
# training rows do. On Duffing rows free runs that live score up to three times as much as these,
# and those that end on a cycle four times or more (benchmarks/restarts.py).
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
    filter : WindowFilter or None
        What takes noise from windows that forecasts begin from.
    start : mapping of str to Tensor or None
        Weights to go on from.
    """

    settings: "ChaoticRNNRegressor"
    plan: Plan
    series: Series
    recorded: Series
    seeds: Sequence[int]
    filter: WindowFilter | None = None
    start: Mapping[str, torch.Tensor] | None = None

    @property
    def shape(self) -> tuple:
        """What jobs must share to be trained in lockstep."""
        settings, plan, series = self.settings, self.plan, self.series
        n_targets = 0 if series.targets is None else series.targets.shape[1]
        network = (settings.cell, plan.n_hidden, plan.n_rectified, settings.state_inference)
        rows = (series.n_features, len(series.input_columns), n_targets)
        window = (plan.n_delays, plan.delay, driven_steps(series, plan.span))
        steps = (plan.forcing_interval, plan.sequence_length, settings.batch_size)
        adapts = settings.forcing_strength == "auto"
        forcing = (settings.forcing, settings.interval_jitter, adapts)
        noise = (plan.is_noise_driven, plan.window_noise > 0)
        return (
            *network,
            *rows,
            *window,
            *steps,
            *forcing,
            *noise,
            self.is_squared,
            settings.max_iter,
            settings.device,
        )

    @property
    def n_context(self) -> int:
        """Rows that a forecast begins from."""
        return 1 + max(self.plan.span, 0 if self.filter is None else self.filter.span)

    @property
    def is_squared(self) -> bool:
        """Whether errors count squared: noise that drives rows is to be missed in the mean."""
        if self.settings.loss == "auto":
            return self.plan.is_noise_driven
        return self.settings.loss == "squared_error"


@dataclass(frozen=True)
class Trained:
    """The best of one or more trainings.

    Attributes
    ----------
    result : TrainingResult
        Of the training that is kept.
    n_init : int
        Trainings made.
    floor : float
        Validation score of the training rows themselves; nan without validation.
    interrupted : bool
        Whether a keyboard interrupt ended them.
    """

    result: TrainingResult
    n_init: int
    floor: float
    interrupted: bool = False

    @property
    def is_poor(self) -> bool:
        """Whether the free runs are far from what the training rows score; not if unknown."""
        return self.result.score > GOOD_ENOUGH * self.floor


def train_models(jobs: Sequence[Job]) -> list[Trained]:
    """Train each job from new weights for each of its seeds and keep the best.

    Jobs are of one shape and run in lockstep. With weights to `start` from, or without validation,
    there is one training.
    """
    known = {_set_aside(job): job for job in jobs}
    prepared = {key: Validation.of(job.plan, job.series) for key, job in known.items()}
    validations = [prepared[_set_aside(job)] for job in jobs]
    found: list[list[TrainingResult]] = [[] for _ in jobs]
    for is_judged in (True, False):
        # Job and attempt of each training.
        runs = [
            (i, attempt)
            for i, job in enumerate(jobs)
            if (validations[i] is not None) == is_judged
            for attempt in range(len(job.seeds) if is_judged and job.start is None else 1)
        ]
        if runs:
            judges = [validations[i] for i, _ in runs] if is_judged else None
            results = _train([(jobs[i], attempt) for i, attempt in runs], judges)
            for (i, _), result in zip(runs, results, strict=True):
                found[i].append(result)
            if any(result.stopped == "interrupted" for result in results):
                break
    nothing = TrainingResult(weights={}, stopped="interrupted")
    found = [results or [nothing] for results in found]
    return [
        _best(job, results, validation)
        for job, results, validation in zip(jobs, found, validations, strict=True)
    ]


def _best(job: Job, results: list[TrainingResult], validation: Validation | None) -> Trained:
    """Keep the best of those whose free runs are good, if any are: by score times forecast error.

    As a training keeps the best of its states, and for the same reason. Before all goes that free
    runs do not end where the rows go on: a cycle may look like the rows for as long as scores look.
    """
    interrupted = any(result.stopped == "interrupted" for result in results)
    floor = np.nan if validation is None else validation.floor
    trained = [Trained(result, len(results), floor, interrupted) for result in results]

    def rank(one: Trained) -> tuple[bool, bool, bool, float, int]:
        result = one.result
        error = 1.0 if one.is_poor else result.error
        is_nothing = result.n_iter == 0
        return is_nothing, ends(job, result), one.is_poor, result.score * error, -result.n_iter

    return trained[0] if len(trained) == 1 else min(trained, key=rank)


def ends(job: Job, result: TrainingResult) -> bool:
    """Tell whether free runs come to an end though the rows do not."""
    shows_chaos = job.plan.lyapunov_exponent > 0  # not so where it is nan
    if not shows_chaos or job.plan.is_noise_driven or result.n_iter == 0:
        return False
    model, series = _new_model(job, 0), job.series
    model.load_state_dict(result.weights)
    inputs = (series.input_scaling, series.input_columns)
    how = (job.plan.offsets, job.plan.is_closed)
    engine = Engine(model.double(), series.scaling, *how, None, *inputs)
    return comes_to_an_end(engine, series, job.settings.dt)


def _set_aside(job: Job) -> tuple:
    """Return what a validation depends on: jobs of one shape have the same window."""
    return id(job.series), *job.plan.train_lengths


def _by_series(jobs: Sequence[Job], make: Callable[[Series], _T]) -> dict[int, _T]:
    """Make something of every series once: jobs share them."""
    return {key: make(series) for key, series in {id(j.series): j.series for j in jobs}.items()}


def _train(
    runs: Sequence[tuple[Job, int]], validations: Sequence[Validation] | None
) -> list[TrainingResult]:
    """Train jobs, each from the seed of the given number."""
    settings = runs[0][0].settings
    device, n_threads = resolve_device(settings.device), torch.get_num_threads()

    def validate(model: ForcedRNN, numbers: list[int]) -> list[tuple[float, float]]:
        return judge_models([validations[i] for i in numbers], model)

    judge = None if validations is None else validate
    try:
        with one_thread(), _progress_bar(settings, len(runs)) as progress:
            models = Stack.of([_new_model(*run) for run in runs], device)
            tables = _by_series([job for job, _ in runs], lambda series: _table(series, device))
            sources = [
                _sequences(job, tables[id(job.series)], _config(job, attempt, n_threads))
                for job, attempt in runs
            ]
            return train(models, sources, validate=judge, progress=progress)
    except KeyboardInterrupt:  # beside the training itself, which sees to its own
        return [TrainingResult(weights={}, stopped="interrupted") for _ in runs]


def _new_model(job: Job, attempt: int) -> ForcedRNN:
    settings, series = job.settings, job.series
    n_targets = 0 if series.targets is None else series.targets.shape[1]
    return new_network(
        settings.cell,
        job.plan.n_hidden,
        n_features=series.n_features,
        n_inputs=len(series.input_columns),
        n_targets=n_targets,
        inference=settings.state_inference,
        n_delays=job.plan.n_delays,
        n_rectified=job.plan.n_rectified,
        seed=job.seeds[attempt],
        weights=job.start,
    )


def _config(job: Job, attempt: int, n_threads: int) -> TrainingConfig:
    settings = job.settings
    tol = min(settings.tol, SCATTER_OF_ERRORS) if job.plan.is_noise_driven else settings.tol
    return TrainingConfig(
        forcing=resolve_forcing(settings, job.plan.forcing_interval, job.plan.is_noise_driven),
        sequence_length=job.plan.sequence_length,
        batch_size=settings.batch_size,
        max_iter=settings.max_iter,
        learning_rate=settings.learning_rate * RATE_FACTORS[attempt % len(RATE_FACTORS)],
        alpha=settings.alpha,
        slow_penalty=settings.slow_penalty,
        check_every=max(1, -(-settings.max_iter // N_CHECKS)),
        patience=settings.n_iter_no_change if settings.early_stopping else None,
        tol=tol,
        seed=job.seeds[attempt],
        window_noise=job.plan.window_noise,
        is_squared=job.is_squared,
        n_threads=n_threads,
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
        return Table(
            table, rows.shape[1], center=center, scale=scale, release=lambda: release(rows)
        )
    rows = torch.as_tensor(series.scaled(slice(None)), dtype=torch.float32, device=device)
    targets = series.scaled_targets
    if targets is not None:
        targets = torch.as_tensor(targets, dtype=torch.float32, device=device)
    if len(series.input_columns) == 0:
        return Table.of(rows, targets)
    inputs = series.input_scaling.apply(series.inputs)
    inputs = torch.as_tensor(inputs, dtype=torch.float32, device=device)
    return Table.of(rows, targets, inputs)


def _sequences(job: Job, table: Table, config: TrainingConfig) -> Sequences:
    return Sequences(
        table,
        lengths=job.series.lengths,
        usable=job.plan.train_lengths,
        offsets=torch.as_tensor(job.plan.offsets),
        config=config,
    )


@contextmanager
def _progress_bar(settings: "ChaoticRNNRegressor", n_models: int) -> Iterator[Progress | None]:
    if not settings.verbose:
        yield None
        return
    from tqdm.auto import tqdm

    at_once = f" {n_models} at once" if n_models > 1 else ""
    with tqdm(total=settings.max_iter, desc=f"training{at_once}", unit="update") as bar:

        def progress(n_iter: int, losses: list[float], scores: list[float]) -> None:
            best = min(scores)
            bar.set_postfix(loss=f"{min(losses):.2e}", free_run=f"{best:.3f}", refresh=False)
            bar.update(n_iter - bar.n)

        yield progress
