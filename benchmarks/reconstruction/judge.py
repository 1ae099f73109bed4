"""The scores of a fitted forecaster on a case."""

import warnings
from itertools import permutations

import numpy as np

from benchmarks.reconstruction.cases import Case
from skchaos.metrics import (
    power_spectrum_distance,
    state_space_divergence,
    valid_prediction_time,
)
from skchaos.metrics._scorers import point_forecasts

N_STARTS, N_FORECAST, N_TAIL = 100, 1_000, 10_000
N_LONG = 1_000_000  # steps of the run whose end must still move
MOST = 1e6  # diverging values are cut here, in the units of the data


def judge(model, case: Case, *, n_long: int = 0) -> dict:
    """Return distances of a free run from the truths, and how long forecasts are valid.

    `dstsp10` has 10 bins of +-2 sd, `dstsp30` 30 bins of the range; above three columns they are
    mixtures of Gaussians, of one standard deviation as in the papers, and by Scott's rule. `dh` is
    a Hellinger distance of spectra; `tail_sd` the standard deviation at the end of the run over
    that of the data, of the column where it is least; `valid_steps` the median over starts of the
    steps until the NRMSE passes .4. Where noise drives the model, so that a run is one of many, the
    forecast is the mean of 20, as in the scorers.
    """
    n_context = model.n_context_
    n_free = max(len(case.truths[0]), 25_000, n_long)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a model that diverges is scored, not announced
        free = _cut(model.forecast(n_free, case.contexts[: n_context + 1]))
        horizon = min(N_FORECAST, len(case.future) // 2)
        at = np.linspace(n_context, len(case.future) - horizon, N_STARTS).astype(int)
        contexts = np.stack([case.contexts[i - n_context : i] for i in at])
        ahead = _cut(point_forecasts(model, horizon, contexts))
    future = np.stack([case.future[i : i + horizon] for i in at])
    scale = case.truths[0].std(axis=0)
    valid = valid_prediction_time(future, ahead, scale=scale)
    tail = free[-max(N_TAIL, n_long // 10) :]
    run = free[: max(len(case.truths[0]), 25_000)]
    return distances([(truth, run) for truth in case.truths]) | {
        "tail_sd": float((tail.std(axis=0) / scale).min()),
        "valid_steps": float(np.median(valid)),
    }


def floor(case: Case) -> dict:
    """Return the distances of true trajectories from each other, or of halves."""
    if len(case.truths) > 1:
        return distances(list(permutations(case.truths, 2)))
    half = len(case.truths[0]) // 2
    return distances([(case.truths[0][:half], case.truths[0][half:])])


def distances(pairs) -> dict:
    """Return the mean distances between truths and free runs."""
    method = "binned" if pairs[0][0].shape[1] <= 3 else "mixture"
    # The definitions of the papers, and the finer ones.
    window = {"n_bins": 10, "bin_range": "two_sd", "bandwidth": 1.0}
    options = {"method": method, "random_state": 0}
    coarse = [state_space_divergence(a, b, **options, **window) for a, b in pairs]
    fine = [state_space_divergence(a, b, **options) for a, b in pairs]
    spectra = [power_spectrum_distance(a, b[: len(a)]) for a, b in pairs]
    return {
        "dstsp10": float(np.mean(coarse)),
        "dstsp30": float(np.mean(fine)),
        "dh": float(np.mean(spectra)),
    }


def _cut(rows) -> np.ndarray:
    rows = np.asarray(rows, dtype=float)
    return np.clip(np.nan_to_num(rows, nan=MOST, posinf=MOST, neginf=-MOST), -MOST, MOST)
