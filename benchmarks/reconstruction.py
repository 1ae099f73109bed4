"""How well the default ChaoticRNNRegressor reconstructs four systems, beside cheap baselines.

Run ``python benchmarks/reconstruction.py``; it appends to
``benchmarks/results/reconstruction.csv``, skips what is there, and prints the table of medians.
One thread; about an hour on one core. No default was chosen on these trajectories (the laser, of
which there is one, was looked at while the window was chosen).

    lorenz38       Lorenz-63, rho 38, dt .01: 100,000 rows, judged by fresh trajectories
    lorenz28noisy  Lorenz-63, rho 28, dt .01: 100,000 rows with 5 % noise, judged by clean ones
    duffing        driven Duffing oscillator, three columns, dt .177: as lorenz38
    laser          Santa Fe laser, first 80 % of 10,093 rows; forecasts are judged on the last 20 %,
                   which alone are too few for histograms, so that free runs are judged by all rows

Divergences are means over three fresh trajectories of 100,000 rows: one of them may hold a rare
excursion that counts for more than a model's errors. The floor is what these are apart themselves.

Columns: D_stsp in 10 bins of +-2 sd and in 30 bins of the data's range, D_H at smoothing 20, the
standard deviation of the last 5,000 of all free-running rows over that of the data, valid
prediction time (NRMSE .4, median of 100 starts, steps), seconds of CPU.
"""

import argparse
import csv
import os
import time
import warnings
from functools import cache
from itertools import permutations
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from reservoirpy.datasets import santafe_laser

from skchaos import ChaoticRNNRegressor, LyapunovSpectrum
from skchaos._baselines import (
    DelayRidgeForecaster,
    EchoStateForecaster,
    MeanForecaster,
    PolynomialMapForecaster,
)
from skchaos.datasets import make_duffing, make_lorenz63
from skchaos.metrics import (
    power_spectrum_distance,
    state_space_divergence,
    valid_prediction_time,
)

RESULTS = Path(__file__).parent / "results" / "reconstruction.csv"
N_ROWS = 100_000
N_STARTS, N_FORECAST = 100, 1_000
BASELINES = {
    "mean": MeanForecaster,
    "cubic map": PolynomialMapForecaster,
    "delay ridge": DelayRidgeForecaster,
    "echo state": EchoStateForecaster,
}


@cache
def load(system):
    """Return rows to train on, truths to judge free runs by, rows to forecast, and dt."""
    if system == "laser":
        rows = np.asarray(santafe_laser(), dtype=float).reshape(-1, 1)
        cut = int(0.8 * len(rows))
        return rows[:cut], [rows], rows[cut:], 1.0
    make, dt = (make_duffing, 0.177) if system == "duffing" else (make_lorenz63, 0.01)
    options = {"rho": 38.0} if system == "lorenz38" else {}
    noise = 0.05 if system == "lorenz28noisy" else 0.0
    train = make(N_ROWS, noise=noise, random_state=2, **options)
    truths = [make(N_ROWS, random_state=seed, **options) for seed in (3, 4, 5)]
    return train, truths, truths[0], dt


def judge(model, truths, held_out):
    """Return the scores of one fitted forecaster."""
    n_free = max(len(truths[0]), 25_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a baseline that diverges is scored, not announced
        free = np.asarray(model.forecast(n_free, truths[0][: model.n_context_ + 1]))
    free = np.clip(np.nan_to_num(free, nan=1e6, posinf=1e6, neginf=-1e6), -1e6, 1e6)
    last = len(held_out) - N_FORECAST
    at = np.linspace(model.n_context_, last, N_STARTS).astype(int)
    contexts = np.stack([held_out[i - model.n_context_ : i] for i in at])
    future = np.stack([held_out[i : i + N_FORECAST] for i in at])
    ahead = np.clip(np.nan_to_num(model.forecast(N_FORECAST, contexts), nan=1e6), -1e6, 1e6)
    valid = valid_prediction_time(future, ahead, scale=truths[0].std(axis=0))
    return distances([(truth, free) for truth in truths]) | {
        "tail_sd": float((free[-5_000:].std(axis=0) / truths[0].std(axis=0)).min()),
        "valid_steps": float(np.median(valid)),
    }


def distances(pairs):
    """Return the mean distances between truths and free runs."""
    window = {"n_bins": 10, "bin_range": "two_sd"}
    coarse = [state_space_divergence(a, b, method="binned", **window) for a, b in pairs]
    fine = [state_space_divergence(a, b, method="binned") for a, b in pairs]
    spectra = [power_spectrum_distance(a, b[: len(a)]) for a, b in pairs]
    return {
        "dstsp10": float(np.mean(coarse)),
        "dstsp30": float(np.mean(fine)),
        "dh": float(np.mean(spectra)),
    }


def run(system, name, seed):
    """Fit one model and return a row of the table."""
    train, truths, held_out, dt = load(system)
    began = time.process_time()
    if name == "skchaos":
        model = ChaoticRNNRegressor(dt=dt, random_state=seed)
    else:
        accepts = BASELINES[name]().get_params()
        model = BASELINES[name](**({"random_state": seed} if "random_state" in accepts else {}))
    model.fit(train)
    seconds = time.process_time() - began
    row = {"system": system, "model": name, "seed": seed, "cpu_s": seconds}
    row |= judge(model, truths, held_out)
    if name == "skchaos":
        row["interval"] = model.forcing_interval_
        row["lambda_data"] = model.lyapunov_exponent_
        row["n_init"] = model.n_init_
        if system != "laser":
            row |= spectrum(model, train)
    return row


def spectrum(model, train):
    """Return the leading exponents of a fitted model, per unit of time."""
    from sklearn.frozen import FrozenEstimator

    found = LyapunovSpectrum(FrozenEstimator(model), n_exponents=4).fit(train[:20_000])
    return {f"lambda{i + 1}": value for i, value in enumerate(found.exponents_)}


def floor(system):
    """Return the distances of true trajectories from each other, or of halves."""
    _, truths, _, _ = load(system)
    if system == "laser":
        half = len(truths[0]) // 2
        pairs = [(truths[0][:half], truths[0][half:])]
    else:
        pairs = list(permutations(truths, 2))
    return {"system": system, "model": "floor", "seed": 0} | distances(pairs)


FIELDS = [
    *(
        "system",
        "model",
        "seed",
        "cpu_s",
        "n_init",
        "interval",
        "lambda_data",
        "dstsp10",
        "dstsp30",
        "dh",
    ),
    *("tail_sd", "valid_steps", "lambda1", "lambda2", "lambda3", "lambda4"),
]


def append(row):
    """Add one row to the table on disk."""
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


TITLES = {
    "lorenz38": ("Lorenz-63, clean", "dstsp10"),
    "lorenz28noisy": ("Lorenz-63, 5 % noise", "dstsp30"),
    "duffing": ("driven Duffing, drive's sine missing", "dstsp10"),
    "laser": ("real laser, one column", "dstsp30"),
}


def markdown(results, column=None):
    """Return lines of a table of medians over seeds, with the range where there are several.

    Of `column`, or of the D_stsp that suits each system.
    """
    models = ["skchaos", *list(BASELINES)[::-1], *([] if column else ["floor"])]
    lines = ["| | " + " | ".join(models) + " |", "|---" * (len(models) + 1) + "|"]
    for system, (title, suited) in TITLES.items():
        cells = []
        for model in models:
            chosen = (results.system == system) & (results.model == model)
            values = results.loc[chosen, column or suited]
            spec = ".0f" if column else ".3g"
            text = f"{values.median():{spec}}"
            if len(values) > 1:
                text += f" ({values.min():{spec}} to {values.max():{spec}})"
            cells.append(f"**{text}**" if model == "skchaos" else text)
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def main():
    """Run what is missing and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--systems", nargs="+", default=["lorenz38", "lorenz28noisy", "duffing", "laser"]
    )
    parser.add_argument("--models", nargs="+", default=["floor", "skchaos", *BASELINES])
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    for seed in range(arguments.seeds):
        for system in arguments.systems:
            for name in arguments.models:
                if seed and name not in ("skchaos", "echo state"):
                    continue  # nothing random in it
                if RESULTS.exists():
                    known = pd.read_csv(RESULTS)
                    key = (known.system == system) & (known.model == name) & (known.seed == seed)
                    if key.any():
                        continue
                row = floor(system) if name == "floor" else run(system, name, seed)
                append(row)
                print(row, flush=True)
    results = pd.read_csv(RESULTS)
    table = results.groupby(["system", "model"]).median(numeric_only=True)
    print(table.drop(columns="seed").round(4).to_string())
    print("\nD_stsp\n", *markdown(results), sep="\n")
    print("\nvalid prediction time, steps\n", *markdown(results, "valid_steps"), sep="\n")


if __name__ == "__main__":
    main()
