"""Behind two defaults: the part of the predictability time to force at, and the window of rows.

Run ``python benchmarks/defaults.py``; it appends to ``benchmarks/results/defaults.csv``, skips what
is there, and prints the medians over seeds. Fits are shorter than the default (3,000 updates) and
judged by a fresh true trajectory: D_stsp in 30 bins over 50,000 free-running rows (10 bins of
+-2 sd for Duffing, whose floor in 30 bins is near one). One thread; about 40 minutes on one core.

The systems are the ones that the defaults were chosen on; ``reconstruction.py`` uses other
trajectories of three of them, and the laser.
"""

import argparse
import csv
import math
import os
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd

from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_duffing, make_lorenz63
from skchaos.metrics import state_space_divergence

RESULTS = Path(__file__).parent / "results" / "defaults.csv"
FRACTIONS = [0.2, 0.4, 0.75, 1.0, 1.5]
WINDOWS = [(1, 1), (6, 4), (20, 1)]  # rows, steps between them
SYSTEMS = {
    # name: generator, options, true exponent per step (benchmarks/results/exponents.json), noise
    "lorenz": (make_lorenz63, {}, 0.009054, 0.0),
    "lorenz noisy": (make_lorenz63, {}, 0.009054, 0.05),
    "duffing": (make_duffing, {}, 0.12837 * 0.177, 0.0),
}


def run(system, fraction, window, seed):
    """Fit one model and return its divergence from a fresh trajectory."""
    make, options, exponent, noise = SYSTEMS[system]
    train = make(50_000, noise=noise, random_state=10, **options)
    truth = make(50_000, random_state=11, **options)
    n_delays, delay = window
    model = ChaoticRNNRegressor(
        forcing_interval=round(fraction * math.log(2) / exponent),
        n_delays=n_delays,
        delay=delay,
        max_iter=3_000,
        random_state=seed,
    ).fit(train)
    free = model.forecast(len(truth), truth[: model.n_context_])
    options = {"n_bins": 10, "bin_range": "two_sd"} if system == "duffing" else {}
    return state_space_divergence(truth, free, method="binned", **options)


def main():
    """Run what is missing and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    cases = [(f, (20, 1)) for f in FRACTIONS] + [(0.4, window) for window in WINDOWS[:-1]]
    for seed in range(arguments.seeds):
        for system in SYSTEMS:
            for fraction, window in cases:
                row = [system, fraction, f"{window[0]} x {window[1]}", seed]
                known = pd.read_csv(RESULTS).to_numpy()[:, :4].tolist() if RESULTS.exists() else []
                if row in known:
                    continue
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    divergence = run(system, fraction, window, seed)
                new = not RESULTS.exists()
                with RESULTS.open("a", newline="") as file:
                    writer = csv.writer(file)
                    if new:
                        writer.writerow(["system", "fraction", "window", "seed", "dstsp"])
                    writer.writerow([*row, f"{divergence:.5g}"])
                print(*row, f"{divergence:.4f}", flush=True)
    table = pd.read_csv(RESULTS)
    print(table.pivot_table("dstsp", ["system", "window"], "fraction", "median").round(4))


if __name__ == "__main__":
    main()
