"""From planned rows to trained weights, by one training or more."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from skchaos._engine import one_thread, resolve_device
from skchaos._plan import Plan
from skchaos._series import Series
from skchaos._validation import Validation
from skchaos.core import (
    ForcedRNN,
    Progress,
    Sequences,
    SparseForcing,
    TrainingConfig,
    TrainingResult,
    train,
)

if TYPE_CHECKING:
    from skchaos._regressor import ChaoticRNNRegressor

N_CHECKS = 25  # times that training is looked at: finite? validated? stop?
# A training is repeated from new weights where its free runs score worse than this many times what
# stretches of the training rows do. On Duffing rows free runs that live score up to three times as
# much as these, and those that end on a cycle four times or more (benchmarks/restarts.py).
GOOD_ENOUGH = 3.0


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


def train_model(
    settings: "ChaoticRNNRegressor",
    plan: Plan,
    series: Series,
    *,
    start: Mapping[str, np.ndarray] | None,
    seeds: Sequence[int],
) -> Trained:
    """Train on the planned rows, from new weights for each seed until a model is good enough.

    With weights to `start` from, or without validation, there is one training.
    """
    rows = series.scaled_rows
    validation = Validation.of(plan, series, rows)
    trained = Trained(TrainingResult(weights={}), 0, validation.floor if validation else np.nan)
    for seed in seeds[:1] if start is not None or validation is None else seeds:
        trained.n_init += 1
        try:
            with one_thread(), _progress_bar(settings, trained.n_init) as progress:
                model = _new_model(settings, plan, series, seed, start)
                config = _config(settings, plan, seed)
                sequences = _sequences(plan, series, rows, config, next(model.parameters()).device)
                result = train(model, sequences, config, validate=validation, progress=progress)
        except KeyboardInterrupt:  # beside the training itself, which sees to its own
            result = TrainingResult(weights={}, stopped="interrupted")
        best = trained.result
        if (result.score, -result.n_iter) < (best.score, -best.n_iter) or trained.n_init == 1:
            trained.result = result
        trained.interrupted = result.stopped == "interrupted"
        if trained.interrupted or not trained.is_poor:
            break
    return trained


def _new_model(
    settings: "ChaoticRNNRegressor",
    plan: Plan,
    series: Series,
    seed: int,
    start: Mapping[str, np.ndarray] | None,
) -> ForcedRNN:
    n_features = series.rows.shape[1]
    n_targets = 0 if series.targets is None else series.targets.shape[1]
    with torch.random.fork_rng(devices=[]):  # leave the user's generator as it was
        torch.manual_seed(seed)
        model = ForcedRNN(
            settings.cell,
            settings.n_hidden,
            n_features=n_features,
            n_targets=n_targets,
            inference=settings.state_inference,
            n_delays=plan.n_delays,
        )
    if start is not None:
        model.load_state_dict({name: torch.as_tensor(value) for name, value in start.items()})
    return model.to(resolve_device(settings.device))


def _config(settings: "ChaoticRNNRegressor", plan: Plan, seed: int) -> TrainingConfig:
    return TrainingConfig(
        forcing=SparseForcing(plan.forcing_interval),
        sequence_length=plan.sequence_length,
        batch_size=settings.batch_size,
        max_iter=settings.max_iter,
        learning_rate=settings.learning_rate,
        alpha=settings.alpha,
        check_every=max(1, -(-settings.max_iter // N_CHECKS)),
        patience=settings.n_iter_no_change if settings.early_stopping else None,
        tol=settings.tol,
        seed=seed,
    )


def _sequences(
    plan: Plan,
    series: Series,
    rows: np.ndarray,
    config: TrainingConfig,
    device: torch.device,
) -> Sequences:
    targets = series.scaled_targets
    return Sequences(
        torch.as_tensor(rows, dtype=torch.float32, device=device),
        None if targets is None else torch.as_tensor(targets, dtype=torch.float32, device=device),
        lengths=series.lengths,
        usable=plan.train_lengths,
        offsets=torch.as_tensor(plan.offsets),
        config=config,
    )


@contextmanager
def _progress_bar(settings: "ChaoticRNNRegressor", number: int) -> Iterator[Progress | None]:
    if not settings.verbose:
        yield None
        return
    from tqdm.auto import tqdm

    again = f" again ({number} of at most {settings.n_init})" if number > 1 else ""
    with tqdm(total=settings.max_iter, desc=f"training{again}", unit="update") as bar:

        def progress(n_iter: int, loss: float, score: float) -> None:
            bar.set_postfix(loss=f"{loss:.2e}", free_run=f"{score:.3f}", refresh=False)
            bar.update(n_iter - bar.n)

        yield progress
