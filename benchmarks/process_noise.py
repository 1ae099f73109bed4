"""Behind `process_noise`: free runs of series that noise drives, by window noise and interval.

Run ``PYTHONPATH=. python benchmarks/process_noise.py``; it appends to
``benchmarks/results/process_noise.csv``, skips what is there, and prints medians over seeds. One
thread; half an hour on one core. Single trainings of 5,000 updates.

    temperature  hours of a year, the first 80 % trained on; distances are from all rows
    oscillator   a damped oscillator that is struck at random: an autoregression of second order,
                 10,000 rows; distances are from another 10,000

Columns: D_stsp in 30 bins of the range, D_H, and the standard deviation of free runs (the least of
three stretches) over that of the rows. The first line of a series are the floors: halves, or two
orbits, of the series itself; "linear" is a linear autoregression on 30 rows, which carries noise in
the same way; "without" are free runs of the network without noise.
"""

import csv
import os
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from benchmarks.reconstruction.cases import load
from skchaos import ChaoticRNNRegressor, _plan
from skchaos.metrics import power_spectrum_distance, state_space_divergence

RESULTS = Path(__file__).parent / "results" / "process_noise.csv"
N_ROWS, N_FREE, N_UPDATES, N_SEEDS = 10_000, 30_000, 5_000, 3
N_LINEAR = 30  # rows that the linear autoregression looks back
SETTINGS = {  # window noise at most, and the forcing interval
    "without": (0.1, 1),
    "none": (0.0, 1),
    "0.05": (0.05, 1),
    "0.1": (0.1, 1),
    "0.2": (0.2, 1),
    "0.1, 4 steps": (0.1, 4),
}
FIELDS = ["series", "window_noise", "seed", "dstsp", "dh", "sd"]


def oscillator(seed):
    """Return an oscillator of period 20 and decay time 30 that is struck at random."""
    rng = np.random.default_rng(seed)
    rows, decay = np.zeros(N_ROWS + 1000), np.exp(-1 / 30)
    for t in range(2, len(rows)):
        rows[t] = 2 * decay * np.cos(2 * np.pi / 20) * rows[t - 1] - decay**2 * rows[t - 2]
        rows[t] += rng.standard_normal()
    return rows[1000:, None]


def make(series):
    """Return rows to train on, and those to compare with."""
    if series == "temperature":
        case = load("temperature")
        return case.train, case.truths[0]
    return oscillator(0), oscillator(1)


def scores(truth, run):
    """Return distances from the truth, and how much the quietest third of a run moves."""
    parts = np.array_split(run, 3)
    return [
        state_space_divergence(truth, run),
        np.mean([power_spectrum_distance(truth, part) for part in parts]),
        min(part.std() for part in parts) / truth.std(),
    ]


def linear_run(train, seed):
    """Return a free run of a linear autoregression that carries what it missed of its rows."""
    windows = np.lib.stride_tricks.sliding_window_view(train[:, 0], N_LINEAR + 1)
    center = train.mean()
    model = Ridge(fit_intercept=False).fit(windows[:, :-1] - center, windows[:, -1] - center)
    missed = windows[:, -1] - center - model.predict(windows[:, :-1] - center)
    drawn = np.random.default_rng(seed).choice(missed, N_FREE)
    rows = np.concatenate([train[-N_LINEAR:, 0] - center, np.empty(N_FREE)])
    for t in range(N_FREE):
        rows[N_LINEAR + t] = rows[t : t + N_LINEAR] @ model.coef_ + drawn[t]
    return rows[N_LINEAR:, None] + center


def run(series, setting, seed):
    """Fit a model and return the scores of its free run."""
    train, truth = make(series)
    if setting == "floor":
        return scores(*(np.array_split(truth, 2) if series == "temperature" else (truth, train)))
    if setting == "linear":
        return scores(truth, linear_run(train, seed))
    _plan.MAX_WINDOW_NOISE, interval = SETTINGS[setting]
    model = ChaoticRNNRegressor(
        forcing_interval=interval,
        max_iter=N_UPDATES,
        n_init=1,
        process_noise=True,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(train).set_params(process_noise=setting != "without")
    return scores(truth, model.forecast(N_FREE))


def main():
    """Run what is missing and print medians over seeds."""
    known = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame(columns=FIELDS)
    done = set(known[FIELDS[:3]].astype({"window_noise": str}).itertuples(index=False, name=None))
    for seed in range(N_SEEDS):
        for series in ("temperature", "oscillator"):
            for setting in ("floor", "linear", *SETTINGS):
                if (series, setting, seed) in done or (seed and setting == "floor"):
                    continue
                found = run(series, setting, seed)
                is_new = not RESULTS.exists()
                with RESULTS.open("a", newline="") as file:
                    writer = csv.writer(file)
                    if is_new:
                        writer.writerow(FIELDS)
                    writer.writerow([series, setting, seed, *(f"{v:.4g}" for v in found)])
                print(series, setting, seed, *found, flush=True)
    table = pd.read_csv(RESULTS).groupby(FIELDS[:2], sort=False)[FIELDS[3:]]
    print(table.median().round(3).to_string())


if __name__ == "__main__":
    main()
