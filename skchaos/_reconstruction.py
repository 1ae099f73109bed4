"""What a fitted model does when it runs freely, beside what the rows do."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from skchaos._engine import Engine
from skchaos._model_spectrum import standard_errors
from skchaos._plan import MAX_HELD_OUT, MIN_HELD_OUT
from skchaos._series import Series, is_constant
from skchaos._validation import (
    N_NOISY_STEPS,
    N_ORBITS,
    N_STEPS,
    N_TRANSIENT,
    comes_to_rest,
    divergence,
    held_out_rows,
    run_rows,
    runs_away,
    stretches,
)
from skchaos.exponents import MeasuredExponents
from skchaos.exponents._verdict import REGULAR, regime_of_model
from skchaos.metrics import power_spectrum_distance

N_TANGENT_STEPS, N_ALIGNMENT = 1000, 200  # of each orbit, that count and that do not
# The exponents of model and rows differ if they do by this many standard errors, and by more than
# this part of that of the rows.
SIGNIFICANT, TOLERATED = 3.0, 1 / 4
# A divergence this many times that between parts of the rows is a difference.
FAR = 3.0
# So is a spectrum farther away than that, or than this where the floor is lower, ...
FAR_SPECTRUM = 0.1
SMALL_SPREAD, LARGE_SPREAD = 1 / 2, 2.0  # ... and a spread out of this range
TINY = 1e-12
DISTANCES = (
    *("divergence", "spectrum_distance", "divergence_floor", "spectrum_distance_floor", "spread"),
)


@dataclass(frozen=True)
class _Motion:
    """Free runs of a model, standardised, and the growth of small errors along them."""

    run: np.ndarray  # (orbit, step, feature)
    regime: str
    exponent: float
    standard_error: float


def report(
    engine: Engine,
    recorded: Series,
    series: Series,
    train_lengths: list[int],
    measured: MeasuredExponents,
) -> dict[str, Any]:
    """Describe free runs of a fitted model and compare them with the rows.

    Parameters
    ----------
    engine : Engine
        The model, in float64.
    recorded : Series
        Rows as they were given, which free runs begin from.
    series : Series
        Rows that it was trained on, and those set aside; the latter are compared with, or the later
        half where there are none.
    train_lengths : list of int
        Leading rows of each trajectory that it was trained on.
    measured : MeasuredExponents
        Of the training rows.

    Returns
    -------
    dict
        See ``ChaoticRNNRegressor.reconstruction_report_``.
    """
    motion = _free_motion(engine, recorded, measured.dt)
    pieces, alike = held_out_rows(series, train_lengths), stretches(series, train_lengths)
    if not pieces:  # then the later half is held against the earlier
        pieces = held_out_rows(series, [max(n // 2, n - MAX_HELD_OUT) for n in series.lengths])
        alike = stretches(series, [n // 2 for n in series.lengths])
    found = {
        "regime": motion.regime,
        "exponent": motion.exponent,
        "exponent_error": motion.standard_error,
        "data_regime": measured.regime,
        "data_exponent": measured.lambda_max,
        "data_exponent_error": float(measured.standard_errors[0]),
        **_distances(pieces, motion.run, alike),
    }
    found["reasons"] = _reasons(found)
    return found


def comes_to_an_end(engine: Engine, series: Series, dt: float) -> bool:
    """Tell whether free runs end on a fixed point or a cycle, or leave every range."""
    return _free_motion(engine, series, dt).regime in {*REGULAR, "unbounded"}


def _free_motion(engine: Engine, series: Series, dt: float) -> _Motion:
    at = series.numbers(engine.span)
    at = at[np.linspace(0, len(at) - 1, N_ORBITS).astype(int)]  # again where there are few
    rows, inputs = _run_starts(engine, series, at)
    n_steps = N_STEPS if inputs is None else inputs.shape[1]
    if engine.pool is not None:
        n_steps = min(n_steps, N_NOISY_STEPS)
        n_transient = n_steps * N_TRANSIENT // N_STEPS
        run = engine.noisy_run(rows, n_steps - n_transient, n_transient, inputs=inputs)
        regime = "unbounded" if runs_away(run) else "driven by noise"
        return _Motion(run, regime, np.nan, np.nan)
    n_transient, states = n_steps * N_TRANSIENT // N_STEPS, engine.final_states(rows)
    run, ends = engine.settle(states, n_steps - n_transient, n_transient, inputs)
    if runs_away(run):
        return _Motion(run, "unbounded", np.nan, np.nan)
    if inputs is None and comes_to_rest(run):
        return _Motion(run, "fixed point", np.nan, np.nan)
    if inputs is None:
        states, n_steps = ends, N_TANGENT_STEPS + N_ALIGNMENT
    n_tangent = min(N_TANGENT_STEPS, n_steps // 2)  # with inputs along the first steps of the runs
    n_transient = min(N_ALIGNMENT, n_steps - n_tangent)
    dynamics = engine.tangent(
        states, n_tangent, n_exponents=2, n_transient=n_transient, inputs=inputs
    )
    exponents = dynamics.exponents.mean(dim=0).cpu().numpy() / dt
    growth, lengths = dynamics.log_growth.cpu().numpy(), dynamics.block_lengths.numpy()
    errors = standard_errors(growth, lengths) / dt
    regime, _ = regime_of_model(exponents, errors)
    if inputs is not None and exponents[0] < -SIGNIFICANT * errors[0]:
        regime = "follows its inputs"
    elif regime == "fixed point":  # of some iterate of a map, since the orbits do move
        regime = "cycle"
    return _Motion(run, regime, float(exponents[0]), float(errors[0]))


def _run_starts(engine: Engine, series: Series, at: np.ndarray) -> tuple[np.ndarray, Tensor | None]:
    """Return windows as they were given, and standardised inputs of the steps that follow."""
    at, n_steps = run_rows(series, engine.span, at)
    rows = series.given(at[:, None] + np.arange(-engine.span, 1))
    if n_steps == 0:
        return rows, None
    return rows, engine.inputs_of(series.given(at[:, None] + np.arange(n_steps)))


def _distances(pieces: list[np.ndarray], run: np.ndarray, alike: np.ndarray) -> dict[str, float]:
    """Return distances of free runs from rows, and the floors: those of rows that are alike.

    Of columns that vary; nan where there are too few rows to say.
    """
    stretch = max(pieces, key=len)
    varying = ~is_constant(stretch)
    if len(stretch) < MIN_HELD_OUT or not varying.any():
        return dict.fromkeys(DISTANCES, np.nan)
    truth, stretch = np.concatenate(pieces)[:, varying], stretch[:, varying]

    def compare(orbits: np.ndarray) -> list[float]:
        distances = [power_spectrum_distance(stretch, orbit) for orbit in orbits]
        return [divergence(truth, orbits.reshape(-1, orbits.shape[-1])), np.mean(distances)]

    far = [np.inf, 1.0, *compare(alike[..., varying]), np.inf]
    found = dict(zip(DISTANCES, far, strict=True))
    if not runs_away(run):
        run = run[..., varying]
        found["divergence"], found["spectrum_distance"] = compare(run)
        # Rows of a fit that goes on are standardised by those of the fit before.
        spread = run.std(axis=(0, 1)) / alike[..., varying].std(axis=(0, 1))
        found["spread"] = spread[np.argmax(np.abs(np.log(spread + TINY)))]
    return {name: float(value) for name, value in found.items()}


def _reasons(found: dict[str, Any]) -> list[str]:
    """Return in words what speaks against the model."""
    data_moves_on = found["data_exponent"] > 0 and found["data_regime"] not in REGULAR
    reasons = []
    if found["regime"] == "unbounded":
        reasons.append("it runs away to infinity")
    elif found["regime"] in REGULAR and (data_moves_on or found["regime"] == "fixed point"):
        reasons.append(f"it ends on a {found['regime']}")
    elif found["regime"] == "chaos" and found["data_regime"] in REGULAR:
        reasons.append(f"it is chaotic, and the rows are a {found['data_regime']}")
    elif found["data_regime"] == "chaos" and found["regime"] != "follows its inputs":
        error = np.hypot(found["exponent_error"], found["data_exponent_error"])
        allowed = max(SIGNIFICANT * error, TOLERATED * found["data_exponent"])
        if abs(found["exponent"] - found["data_exponent"]) > allowed:
            reasons.append(
                f"its largest exponent is {found['exponent']:.3g}, and that of the rows "
                f"{found['data_exponent']:.3g}"
            )
    if math.isnan(found["divergence"]):
        reasons.append(
            f"it cannot be judged: that takes {MIN_HELD_OUT} rows in one stretch that move, set "
            "aside or in the later half"
        )
    if found["divergence"] > FAR * found["divergence_floor"]:
        reasons.append(
            f"its rows are {found['divergence']:.2g} from yours, and parts of yours "
            f"{found['divergence_floor']:.2g} from each other"
        )
    if found["spectrum_distance"] > max(FAR_SPECTRUM, FAR * found["spectrum_distance_floor"]):
        reasons.append(
            f"its spectrum is {found['spectrum_distance']:.2g} from that of yours, and those of "
            f"parts of yours {found['spectrum_distance_floor']:.2g} from each other"
        )
    if not SMALL_SPREAD <= found["spread"] <= LARGE_SPREAD and np.isfinite(found["spread"]):
        reasons.append(f"it has {found['spread']:.2g} of their standard deviation")
    return reasons
