"""How training is judged: free runs against the rows set aside."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from skchaos._engine import free_run, innovations, sized
from skchaos._plan import MAX_HELD_OUT, Plan
from skchaos._series import Series, is_constant, spread
from skchaos.core import ClosedLoop, ForcedRNN
from skchaos.metrics import power_spectrum_distance, state_space_divergence

N_ORBITS = 32  # a collapse that is rare in time shows in some of them
OUT_OF_RANGE = 1e6  # standard deviations
AT_REST = 1e-2  # standard deviation of an orbit, in that of the rows, that has come to rest
PENALTY_OF_REST = 10.0  # added to the score: as much as if all orbits had come to rest
N_FORECASTS = 500
N_INNOVATIONS, N_ONE_STEP = 5_000, 2_000
# Noise is most of the errors of one step, and small differences between them count.
ERROR_POWER = 4
N_BINS = 10  # coarse, since the rows set aside are few and the counts of bins are noisy
# Of each orbit, and of those how many do not count. A model may forget a slow motion, such as a
# drive, only after thousands of steps.
N_STEPS, N_TRANSIENT = 10_000, 5_000
N_NOISY_STEPS = 4_000  # the same where noise is carried, which takes longer


@dataclass(frozen=True)
class Validation:
    """The score of a model's free runs against the rows set aside; lower is better.

    Where noise drives the series they are held against all rows.

    Attributes
    ----------
    truth : ndarray of shape (n_rows, n_features)
        Rows to compare with, standardised.
    stretch : ndarray of shape (n_stretch, n_features)
        The longest of them without a break.
    windows : ndarray of shape (n_orbits, n_window, n_features)
        Rows that set the states from which free runs begin. They may reach back into the rows
        before, which are trained on.
    inputs : ndarray of shape (n_orbits, n_steps, n_inputs) or None
        What acts on each step of the free runs; None where there are no inputs.
    offsets : ndarray of shape (n_delays,)
        See :class:`Engine`.
    is_closed : bool
        The same.
    varying : ndarray of bool, of shape (n_features,)
        Columns that do not stand still in the stretch, which then has a spectrum to compare.
    floor : float
        The score that stretches of the training rows get in place of free runs; nan where these
        are among the rows that are compared with.
    ahead : ndarray of shape (n_forecasts, n_window + n_steps, n_columns)
        Rows that forecasts begin from and those that follow, one forcing interval long where there
        are as many; inputs are the last columns.
    one_step : pair of ndarrays of shape (n_rows, n_window + 1, n_columns), or None
        Windows with the row after each, of rows to train on and of rows set aside. Where noise
        drives the series free runs carry what a model misses of the former, and it is the latter
        that it forecasts; elsewhere this is None.
    """

    truth: np.ndarray
    stretch: np.ndarray
    windows: np.ndarray
    inputs: np.ndarray | None
    offsets: np.ndarray
    is_closed: bool
    varying: np.ndarray
    floor: float
    ahead: np.ndarray
    one_step: tuple[np.ndarray, np.ndarray] | None

    @classmethod
    def of(cls, plan: Plan, series: Series) -> "Validation | None":
        """Prepare it, or return None where there is nothing to compare with."""
        if plan.train_lengths == series.lengths:
            return None
        known = plan.train_lengths
        if plan.is_noise_driven:  # it may move slowly, by seasons, and one stretch says little
            known = [max(0, n - MAX_HELD_OUT) for n in series.lengths]
        held_out = held_out_rows(series, known)
        ends = np.cumsum(series.lengths)
        firsts = ends - series.lengths + known
        stretch = max(held_out, key=len)
        varying = ~is_constant(stretch)
        if not varying.any():
            return None
        longest = int(np.argmax(ends - firsts))
        # No window reaches across a border.
        first = max(firsts[longest], ends[longest] - series.lengths[longest] + plan.span)
        last = ends[longest] - 1
        if last - first < 2:  # the window leaves nothing to begin from
            return None
        at = np.linspace(first, last, N_ORBITS).astype(int)
        at, n_led = run_rows(series, plan.span, at)
        windows = series.scaled(at[:, None] + np.arange(-plan.span, 1))
        inputs = None
        if n_led:
            inputs = series.input_scaling.apply(series.inputs[at[:, None] + np.arange(n_led)])
        truth, stretch = np.concatenate(held_out)[:, varying], stretch[:, varying]
        n_steps = min(plan.forcing_interval, (last - first) // 2)
        at = np.linspace(first, last - n_steps, N_FORECASTS).astype(int)
        ahead = series.scaled_with_inputs(at[:, None] + np.arange(-plan.span, n_steps + 1))
        one_step, floor = None, np.nan
        if plan.is_noise_driven:
            # As many of every fold of a search, whose models are judged together.
            one_step = tuple(
                rows[np.linspace(0, len(rows) - 1, N_ONE_STEP).astype(int)]
                for rows in innovation_rows(series, plan)
            )
        else:
            trained = stretches(series, plan.train_lengths)[..., varying]
            floor = free_running_score(truth, stretch, trained, inputs is not None)
        runs = (windows, inputs, plan.offsets, plan.is_closed)
        return cls(truth, stretch, *runs, varying, floor, ahead, one_step)

    def score(self, run: np.ndarray) -> float:
        """Score standardised free runs of shape (n_orbits, n_steps, n_features)."""
        run = run[..., self.varying].astype(np.float64)
        return free_running_score(self.truth, self.stretch, run, self.inputs is not None)


def judge_models(validations: Sequence[Validation], model: ForcedRNN) -> list[tuple[float, float]]:
    """Return scores and forecast errors of the models of a stack, each by its own validation."""
    if validations[0].one_step is None:
        errors = forecast_errors(validations, model)
        return list(zip(score_models(validations, model), errors, strict=True))
    seen, unseen = _missed(validations, model)
    errors = unseen.square().mean((-2, -1)).pow(ERROR_POWER).tolist()
    return list(zip(score_models(validations, model, sized(seen, unseen)), errors, strict=True))


def score_models(
    validations: Sequence[Validation], model: ForcedRNN, pool: torch.Tensor | None = None
) -> list[float]:
    """Score free runs of each model of a stack by its own validation: lower is better.

    They carry noise that is drawn from a `pool` (model, innovation, feature), if there is one.
    """
    first = validations[0]
    windows = _gathered([validation.windows for validation in validations], model)
    inputs, n_steps = None, N_STEPS if pool is None else N_NOISY_STEPS
    if first.inputs is not None:
        inputs = _gathered([v.inputs for v in validations], model)
        n_steps = min(n_steps, first.inputs.shape[1])
    n_transient = n_steps * N_TRANSIENT // N_STEPS
    dynamics, at = model, _within(first)
    if first.is_closed:
        dynamics, at = ClosedLoop(model, at), slice(None)
    with torch.no_grad():
        states = dynamics.infer(windows[:, :, at])
    if pool is None:
        run, _ = free_run(dynamics, states, n_steps - n_transient, n_transient, inputs)
    else:
        draws = torch.Generator().manual_seed(0)
        acting = None if inputs is None else inputs.transpose(1, 2)
        noisy = dynamics.noisy_run(states, n_steps, pool, draws, acting)
        run = noisy[:, n_transient:].transpose(1, 2).cpu().numpy()
    return [validation.score(orbits) for validation, orbits in zip(validations, run, strict=True)]


def forecast_errors(validations: Sequence[Validation], model: ForcedRNN) -> list[float]:
    """Return the mean squared error of the forecasts of each model of a stack, standardised."""
    n_rows = min(validation.ahead.shape[1] for validation in validations)
    rows = _gathered([validation.ahead[:, :n_rows] for validation in validations], model)
    n_features, last = model.n_features, validations[0].windows.shape[1] - 1
    future = rows[:, :, last + 1 :, :n_features].transpose(1, 2)  # (model, time, forecast, feature)
    acting = rows[:, :, last:-1, n_features:].transpose(1, 2)
    with torch.no_grad():
        windows = rows[:, :, _within(validations[0]), :n_features]
        foreseen = model(windows, future.shape[1], acting)[..., :n_features]
    return (foreseen - future).double().square().mean((1, 2, 3)).tolist()


def _missed(
    validations: Sequence[Validation], model: ForcedRNN
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return innovations (model, row, feature) of rows to train on, and of rows set aside."""
    trained, held_out = zip(*(validation.one_step for validation in validations), strict=True)
    at = _within(validations[0])
    seen, unseen = (innovations(model, _gathered(x, model), at) for x in (trained, held_out))
    return seen, unseen


def _within(validation: Validation) -> torch.Tensor:
    """Return the numbers of the rows of a window that a state is inferred from."""
    return validation.windows.shape[1] - 1 + torch.as_tensor(validation.offsets)


def _gathered(parts: list[np.ndarray], model: ForcedRNN) -> torch.Tensor:
    """Stack arrays of several models where the models are."""
    parameter = next(model.parameters())
    return torch.as_tensor(np.stack(parts), dtype=parameter.dtype).to(parameter)


def driven_steps(series: Series, span: int) -> int:
    """Return how long free runs are that follow recorded inputs; 0 where there are no inputs.

    Half of the longest trajectory at most, so that they begin in different places.
    """
    if len(series.input_columns) == 0:
        return 0
    return min(N_STEPS, (max(series.lengths) - span) // 2)


def run_rows(series: Series, span: int, at: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the rows that free runs begin from, and how long inputs lead them; 0 without inputs.

    Without inputs these are the given rows, else others, which have enough rows after them: of
    these the inputs alone are followed.
    """
    n_steps = driven_steps(series, span)
    if n_steps == 0:
        return at, 0
    longest = int(np.argmax(series.lengths))
    first = sum(series.lengths[:longest]) + span
    last = first - span + series.lengths[longest] - n_steps
    return np.linspace(first, last, len(at)).astype(int), n_steps


def innovation_rows(series: Series, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Return windows with the row after each, spread over rows to train on and over the others."""
    trained = series.numbers(plan.span, 1, plan.train_lengths)
    held_out = np.setdiff1d(series.numbers(plan.span, 1), trained, assume_unique=True)
    within = np.arange(-plan.span, 2)
    of_trained, of_held_out = (
        series.scaled_with_inputs(spread(at, N_INNOVATIONS)[:, None] + within)
        for at in (trained, held_out)
    )
    return of_trained, of_held_out


def held_out_rows(series: Series, train_lengths: list[int]) -> list[np.ndarray]:
    """Return the standardised rows of each trajectory that are not trained on, if there are any."""
    ends = np.cumsum(series.lengths)
    firsts = ends - series.lengths + train_lengths
    return [series.scaled(slice(a, b)) for a, b in zip(firsts, ends, strict=True) if b > a]


def stretches(series: Series, train_lengths: list[int]) -> np.ndarray:
    """Return stretches of training rows (orbit, step, feature), as a perfect free run would be."""
    longest = int(np.argmax(train_lengths))
    n_rows, start = train_lengths[longest], sum(series.lengths[:longest])
    n_steps = min(N_STEPS - N_TRANSIENT, max(2, n_rows // 4))
    at = start + np.linspace(0, n_rows - n_steps, N_ORBITS).astype(int)
    return series.scaled(at[:, None] + np.arange(n_steps))


def free_running_score(
    truth: np.ndarray, stretch: np.ndarray, run: np.ndarray, may_rest: bool = False
) -> float:
    """Return state space divergence plus power spectrum distance; lower is better.

    Parameters
    ----------
    truth : ndarray of shape (n_rows, n_features)
        All rows set aside.
    stretch : ndarray of shape (n_stretch, n_features)
        The longest stretch without a break, for the spectrum.
    run : ndarray of shape (n_orbits, n_steps, n_features)
        Free runs of the model.
    may_rest : bool
        Whether an orbit may stand still, as with inputs that do.
    """
    if runs_away(run):
        return np.inf
    distances = [power_spectrum_distance(stretch, orbit) for orbit in run]
    score = float(divergence(truth, run.reshape(-1, truth.shape[1])) + np.mean(distances))
    return score + PENALTY_OF_REST if not may_rest and comes_to_rest(run) else score


def runs_away(run: np.ndarray) -> bool:
    """Tell whether standardised rows leave every range in which they could be rows."""
    return not bool((np.abs(run) < OUT_OF_RANGE).all())  # nan neither


def comes_to_rest(run: np.ndarray) -> bool:
    """Tell whether an orbit stands still: one that does shows that the others only do not yet."""
    return bool((run.std(axis=1).max(axis=1) < AT_REST).any())


def divergence(truth: np.ndarray, rows: np.ndarray) -> float:
    """Return how far rows are from others as a distribution, coarsely since these may be few."""
    return state_space_divergence(truth, rows, n_bins=N_BINS, random_state=0)
