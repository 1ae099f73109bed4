"""A model behind numpy arrays: where the shell's words and the core's words meet.

Shell: rows in the units of the data, float64. Core: standardised windows and states on a device.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from skchaos._plan import Plan
from skchaos._series import Scaling, Series, is_constant
from skchaos.core import (
    CELLS,
    ForcedRNN,
    Progress,
    Sequences,
    SparseForcing,
    TangentDynamics,
    TrainingConfig,
    TrainingResult,
    growth_along,
    tangent_dynamics,
    train,
)
from skchaos.metrics import power_spectrum_distance, state_space_divergence

if TYPE_CHECKING:
    from skchaos._regressor import ChaoticRNNRegressor

N_CHECKS = 25  # times that training is looked at: finite? validated? stop?
N_VALIDATION_ORBITS = 32  # a collapse that is rare in time shows in some of them
N_VALIDATION_BINS = 10  # coarse, since the rows set aside are few and the counts of bins are noisy
# Of each orbit; the first half does not count. A model may forget a slow motion, such as a drive,
# only after thousands of steps.
N_VALIDATION_STEPS = 10_000
# A training is repeated from new weights where its free runs score worse than this many times what
# stretches of the training rows do. On Duffing rows free runs that live score about as these, and
# those that end on a cycle four times as much or more (benchmarks/restarts.py).
GOOD_ENOUGH = 3.0
CHUNK = 10_000  # steps or rows handled at once, which bounds the memory of long calls


def resolve_device(device: str) -> torch.device:
    """Return the torch device that `device` names; "auto" is a CUDA GPU where there is one.

    Raises
    ------
    ValueError
        If it is neither "auto" nor a CPU or CUDA device.
    RuntimeError
        If a GPU is asked for that is not there.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.partition(":")[0] not in ("cpu", "cuda"):  # others lack float64, or hold no numbers
        raise ValueError(
            f"device={device!r} is not one to compute on: use 'auto' (a CUDA GPU where there is "
            "one), 'cpu', 'cuda' or 'cuda:1'."
        )
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise RuntimeError(
            f"device={device!r} is not available here ({str(error).splitlines()[0]}). Use "
            "device='auto' (a GPU where there is one) or device='cpu'."
        ) from error
    return torch.device(device)


def state_size(estimator: "ChaoticRNNRegressor") -> int:
    """Return the length of the state of a fitted model, or of one that is still to be fitted."""
    if hasattr(estimator, "cell_"):
        return CELLS[estimator.cell_](estimator.n_hidden_).state_size
    estimator._validate_params()
    return CELLS[estimator.cell](estimator.n_hidden).state_size


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: the products are small, and the order of sums stays the same."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


class Engine:
    """Inference and free runs of a model, in the units of the data.

    Parameters
    ----------
    model : ForcedRNN
        On its device, in its precision.
    scaling : Scaling
        Of the columns of the series.
    offsets : ndarray of shape (n_delays,)
        Rows of a window relative to its last one, ascending, ending in 0.
    """

    def __init__(
        self,
        model: ForcedRNN,
        scaling: Scaling,
        offsets: np.ndarray,
    ) -> None:
        self.model, self.scaling = model, scaling
        self.offsets = offsets
        parameter = next(model.parameters())
        self.device, self.dtype = parameter.device, parameter.dtype

    @property
    def span(self) -> int:
        """Steps from the first to the last row of a window."""
        return -int(self.offsets[0])

    def _tensor(self, rows: np.ndarray) -> Tensor:
        return torch.as_tensor(self.scaling.apply(rows), dtype=self.dtype, device=self.device)

    @one_thread()
    @torch.no_grad()
    def states(self, rows: np.ndarray) -> Tensor:  # (row, state)
        """Infer the state at every row; before the first row stands the first row again."""
        index = np.clip(np.arange(len(rows))[:, None] + self.offsets, 0, None)
        return self.model.infer(self._tensor(rows)[index])

    @one_thread()
    @torch.no_grad()
    def final_states(self, contexts: np.ndarray) -> Tensor:  # (context, state)
        """Infer the state at the end of contexts of shape (n_contexts, n_rows, n_features)."""
        return self.model.infer(self._tensor(contexts[:, contexts.shape[1] - 1 + self.offsets]))

    @one_thread()
    @torch.no_grad()
    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Return what one step from every row reads out, standardised: (n_rows, n_outputs)."""
        outputs = []
        for first in range(0, len(rows), CHUNK):
            lead = max(0, first + int(self.offsets[0]))
            states = self.states(rows[lead : first + CHUNK])[first - lead :]
            outputs.append(self.model.readout(self.model.cell.hidden(self.model.cell(states))))
        return torch.cat(outputs).double().cpu().numpy()

    @one_thread()
    def free_run(self, states: Tensor, n_steps: int) -> np.ndarray:
        """Continue `states` to (n_states, n_steps, n_features) in the units of the data."""
        pieces = []
        chunk = max(1, CHUNK // len(states))
        for first in range(0, n_steps, chunk):
            rows, states = self.model.free_run(states, min(chunk, n_steps - first))
            pieces.append(rows.transpose(0, 1).double().cpu().numpy())
        return self.scaling.undo(np.concatenate(pieces, axis=1))

    @one_thread()
    def tangent(
        self, states: Tensor, n_steps: int, *, n_exponents: int, n_transient: int
    ) -> TangentDynamics:
        """Follow tangent frames along free orbits (see :func:`skchaos.core.tangent_dynamics`)."""
        return tangent_dynamics(
            self.model.cell, states, n_steps, n_exponents=n_exponents, n_transient=n_transient
        )

    @one_thread()
    def local_growth(self, states: Tensor, n_exponents: int) -> np.ndarray:
        """Return the growth of tangent vectors along given states (see `growth_along`)."""
        return growth_along(self.model.cell, states, n_exponents).cpu().numpy()


def restore(estimator: "ChaoticRNNRegressor") -> Engine:
    """Rebuild the fitted model in float64 from the attributes of the estimator."""
    model = ForcedRNN(
        estimator.cell_,
        estimator.n_hidden_,
        n_features=len(estimator.mean_),
        n_targets=len(estimator.target_mean_),
        inference=estimator.state_inference_,
        n_delays=estimator.n_delays_,
    ).double()
    weights = {name: torch.tensor(value) for name, value in estimator._weights().items()}
    model.load_state_dict(weights)
    offsets = (np.arange(estimator.n_delays_) + 1 - estimator.n_delays_) * estimator.delay_
    scaling = Scaling(estimator.mean_, estimator.scale_)
    return Engine(model.to(resolve_device(estimator.device)), scaling, offsets)


@dataclass
class Trained:
    """The best of one or more trainings.

    Attributes
    ----------
    result : TrainingResult
        Of the one that is kept.
    n_init : int
        Trainings made.
    floor : float
        Validation score of the training rows themselves; nan without validation.
    """

    result: TrainingResult
    n_init: int
    floor: float


def train_model(
    settings: "ChaoticRNNRegressor",
    plan: Plan,
    series: Series,
    *,
    start: Mapping[str, np.ndarray] | None,
    seeds: Sequence[int],
) -> Trained:
    """Train on the planned rows, from new weights for each seed until a model is good enough.

    With weights to `start` from there is one training.
    """
    device = resolve_device(settings.device)
    rows = series.scaled_rows
    validation = _Validation.of(plan, series, rows)
    if start is not None or validation is None:
        seeds = seeds[:1]
    best, n_init = None, 0
    with one_thread():
        for seed in seeds:
            n_init += 1
            model = _new_model(settings, plan, series, seed)
            if start is not None:
                weights = {name: torch.as_tensor(value) for name, value in start.items()}
                model.load_state_dict(weights)
            config = _config(settings, plan, seed)
            sequences = _sequences(plan, series, rows, config, device)
            with _progress_bar(settings, n_init) as progress:
                result = train(
                    model.to(device), sequences, config, validate=validation, progress=progress
                )
            if best is None or (result.score, -result.n_iter) < (best.score, -best.n_iter):
                best = result
            if result.stopped == "interrupted":
                best.stopped = "interrupted"
                break
            if validation is not None and best.score <= GOOD_ENOUGH * validation.floor:
                break
    return Trained(best, n_init, np.nan if validation is None else validation.floor)


def _new_model(settings: "ChaoticRNNRegressor", plan: Plan, series: Series, seed: int) -> ForcedRNN:
    n_features = series.rows.shape[1]
    n_targets = 0 if series.targets is None else series.targets.shape[1]
    with torch.random.fork_rng(devices=[]):  # leave the user's generator as it was
        torch.manual_seed(seed)
        return ForcedRNN(
            settings.cell,
            settings.n_hidden,
            n_features=n_features,
            n_targets=n_targets,
            inference=settings.state_inference,
            n_delays=plan.n_delays,
        )


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


@dataclass(frozen=True)
class _Validation:
    """The score of a model's free runs against the rows set aside; lower is better.

    Attributes
    ----------
    truth : ndarray of shape (n_rows, n_features)
        All rows set aside, standardised.
    stretch : ndarray of shape (n_stretch, n_features)
        The longest of them without a break.
    windows : ndarray of shape (n_orbits, n_window, n_features)
        Rows that set the states from which free runs begin. They may reach back into the rows
        before, which are trained on.
    offsets : ndarray of shape (n_delays,)
        See :class:`Engine`.
    varying : ndarray of bool, of shape (n_features,)
        Columns that do not stand still in the stretch, which then has a spectrum to compare.
    floor : float
        The score that stretches of the training rows get in place of free runs.
    """

    truth: np.ndarray
    stretch: np.ndarray
    windows: np.ndarray
    offsets: np.ndarray
    varying: np.ndarray
    floor: float

    @classmethod
    def of(cls, plan: Plan, series: Series, rows: np.ndarray) -> "_Validation | None":
        """Prepare it, or return None where there is nothing to compare with."""
        if plan.train_lengths == series.lengths:
            return None
        ends = np.cumsum(series.lengths)
        firsts = ends - series.lengths + plan.train_lengths
        held_out = [rows[a:b] for a, b in zip(firsts, ends, strict=True) if b > a]
        stretch = max(held_out, key=len)
        varying = ~is_constant(stretch)
        if not varying.any():
            return None
        first = int(firsts[np.argmax(ends - firsts)])
        at = np.linspace(first, first + len(stretch) - 1, N_VALIDATION_ORBITS).astype(int)
        windows = rows[at[:, None] + np.arange(-plan.span, 1)]
        truth, stretch = np.concatenate(held_out)[:, varying], stretch[:, varying]
        trained = _stretches(series, plan, rows[:, varying])
        floor = free_running_score(truth, stretch, trained)
        return cls(truth, stretch, windows, plan.offsets, varying, floor)

    def __call__(self, model: ForcedRNN) -> float:
        n_features = self.windows.shape[2]
        unit = Scaling(np.zeros(n_features), np.ones(n_features))  # rows are standardised
        engine = Engine(model, unit, self.offsets)
        run = engine.free_run(engine.final_states(self.windows), N_VALIDATION_STEPS)
        run = run[:, N_VALIDATION_STEPS // 2 :, self.varying]
        return free_running_score(self.truth, self.stretch, run)


def _stretches(series: Series, plan: Plan, rows: np.ndarray) -> np.ndarray:
    """Return stretches of training rows (orbit, step, feature), as a perfect free run would be."""
    longest = int(np.argmax(plan.train_lengths))
    n_rows, start = plan.train_lengths[longest], sum(series.lengths[:longest])
    n_steps = min(N_VALIDATION_STEPS // 2, max(2, n_rows // 4))
    at = start + np.linspace(0, n_rows - n_steps, N_VALIDATION_ORBITS).astype(int)
    return rows[at[:, None] + np.arange(n_steps)]


def free_running_score(truth: np.ndarray, stretch: np.ndarray, run: np.ndarray) -> float:
    """Return state space divergence plus power spectrum distance; lower is better.

    Parameters
    ----------
    truth : ndarray of shape (n_rows, n_features)
        All rows set aside.
    stretch : ndarray of shape (n_stretch, n_features)
        The longest stretch without a break, for the spectrum.
    run : ndarray of shape (n_orbits, n_steps, n_features)
        Free runs of the model.
    """
    if not np.isfinite(run).all():
        return np.inf
    divergence = state_space_divergence(
        truth, run.reshape(-1, truth.shape[1]), n_bins=N_VALIDATION_BINS, random_state=0
    )
    distances = [power_spectrum_distance(stretch, orbit) for orbit in run]
    return float(divergence + np.mean(distances))


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
