"""Seconds of a fit with defaults on 10,000 rows, all safeguards included.

    OMP_NUM_THREADS=1 python -m benchmarks.speed.fit

Lorenz-63: clean, with 5 % noise, one column of it alone, and sampled so coarsely that free runs
close the loop. The fit is what a user gets: `ChaoticRNNRegressor(dt=dt).fit(X)`, which measures
exponent and noise, trains more than once, compares free runs with rows set aside and reports. Wall
seconds on two cores, median over seeds, beside those that 30,000 updates of the textbook's loop
would take (:mod:`benchmarks.speed.textbook`; an LSTM of 30 units, batches of 32 sequences of 100
steps), by 200 of them after each fit. Keep the machine free of anything else. Half an hour.
Writes benchmarks/results/speed_fit.json.
"""

import json
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import torch

from benchmarks.speed.machine import machine
from benchmarks.speed.update import rows, trainings
from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_lorenz63

N_ROWS, N_SEEDS, N_THREADS = 10_000, 3, 2
N_TEXTBOOK, N_TIMED = 30_000, 200
CASES = {  # dt, noise in standard deviations, columns
    "clean": (0.01, 0.0, 3),
    "noise5": (0.01, 0.05, 3),
    "one column": (0.01, 0.0, 1),
    "coarse": (0.1, 0.0, 3),
}
RESULTS = Path(__file__).parents[1] / "results" / "speed_fit.json"


def series(case: str, seed: int) -> tuple[np.ndarray, float]:
    """Return rows and their sampling interval."""
    dt, noise, n_columns = CASES[case]
    X = make_lorenz63(N_ROWS, dt=dt, random_state=seed)[:, :n_columns]
    drawn = np.random.default_rng(seed).standard_normal(X.shape)
    return X + noise * X.std(axis=0) * drawn, dt


def seconds(work) -> float:
    """Return how long some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(case: str, textbook) -> dict:
    """Return seconds of fits, and of the textbook's training beside each."""
    fits, trained = [], []
    for seed in range(N_SEEDS):
        X, dt = series(case, seed)
        model = ChaoticRNNRegressor(dt=dt, random_state=seed)
        torch.set_num_threads(N_THREADS)
        fits.append(seconds(lambda model=model, X=X: model.fit(X)))
        one = seconds(lambda: [textbook.update() for _ in range(N_TIMED)]) / N_TIMED
        trained.append(N_TEXTBOOK * one)
        print(case, seed, f"{fits[-1]:.0f} s, textbook {trained[-1]:.0f} s", flush=True)
    ratios = [long / short for long, short in zip(trained, fits, strict=True)]
    return {
        "case": case,
        "fit_s": fits,
        "textbook_s": trained,
        "median_fit_s": statistics.median(fits),
        "times_as_fast": statistics.median(ratios),
    }


def main() -> None:
    """Measure all cases."""
    warnings.simplefilter("ignore")
    textbook, *_ = trainings("lstm", rows())
    found = {"machine": machine(), "fits": [measure(case, textbook) for case in CASES]}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
