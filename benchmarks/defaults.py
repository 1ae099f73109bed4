"""Behind three defaults: the part of the predictability time to force at, window, and batch size.

Run ``python benchmarks/defaults.py``; it appends to ``benchmarks/results/defaults.csv``, skips what
is there, and prints medians and ranges over seeds. Fits are shorter than the default (6,000 updates
of 16 sequences, or as many sequences in other batches) and judged by a fresh true trajectory:
D_stsp in 30 bins over 50,000 free-running rows (10 bins of +-2 sd for Duffing, whose floor in 30
bins is near one). One thread; about an hour on one core.

Rows keep their noise, and errors count squared. What is in the table was measured with Adam, before
SOAP; ``python -m benchmarks.reconstruction.sweep`` has the same settings one at a time and replaces
it. These are the systems that the defaults were chosen on; ``reconstruction.py`` has other
trajectories of them, another Lorenz system, and the laser.
"""

import argparse
import csv
import math
import os
import warnings
from functools import cache
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd

from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_duffing, make_lorenz63
from skchaos.metrics import state_space_divergence

RESULTS = Path(__file__).parent / "results" / "defaults.csv"
DEFAULT = {"fraction": 0.75, "window": (20, 1), "batch_size": 16}  # window: rows, steps apart
CASES = [
    *({"fraction": fraction} for fraction in (0.2, 1 / 3, 0.75, 1.0, 1.5)),
    *({"window": window} for window in ((1, 1), (6, 4))),
    {"batch_size": 32},
]
N_SEQUENCES = 96_000  # in one fit
SYSTEMS = {
    # name: generator, true exponent per step (benchmarks/results/exponents.json), noise
    "lorenz": (make_lorenz63, 0.009054, 0.0),
    "lorenz noisy": (make_lorenz63, 0.009054, 0.05),
    "duffing": (make_duffing, 0.12837 * 0.177, 0.0),
}


@cache
def load(system):
    """Return rows to train on and to judge by, and the exponent per step."""
    make, exponent, noise = SYSTEMS[system]
    return (
        make(50_000, noise=noise, random_state=10),
        make(50_000, random_state=11),
        exponent,
    )


def run(system, case, seed):
    """Fit one model and return its divergence from a fresh trajectory."""
    train, truth, exponent = load(system)
    n_delays, delay = case["window"]
    model = ChaoticRNNRegressor(
        forcing_interval=round(case["fraction"] * math.log(2) / exponent),
        n_delays=n_delays,
        delay=delay,
        batch_size=case["batch_size"],
        max_iter=N_SEQUENCES // case["batch_size"],
        loss="squared_error",
        noise_level=0,
        n_init=1,
        random_state=seed,
    ).fit(train)
    free = model.forecast(len(truth), truth[: model.n_context_])
    options = {"n_bins": 10, "bin_range": "two_sd"} if system == "duffing" else {}
    return state_space_divergence(truth, free, method="binned", **options)


def key_of(system, case, seed):
    """Return the first cells of a row of the table."""
    window = "{} x {}".format(*case["window"])
    return [system, round(case["fraction"], 3), window, case["batch_size"], seed]


def append(row):
    """Add one row to the table on disk."""
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["system", "fraction", "window", "batch_size", "seed", "dstsp"])
        writer.writerow(row)


def main():
    """Run what is missing and print medians and ranges."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS))
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    for seed in range(arguments.seeds):
        for system in arguments.systems:
            for case in ({**DEFAULT, **case} for case in CASES):
                key = key_of(system, case, seed)
                known = pd.read_csv(RESULTS).to_numpy()[:, :5].tolist() if RESULTS.exists() else []
                if key in known:
                    continue
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    divergence = run(system, case, seed)
                append([*key, f"{divergence:.5g}"])
                print(*key, f"{divergence:.4f}", flush=True)
    print(*table(pd.read_csv(RESULTS)), sep="\n")


def table(results):
    """Return lines of a table of medians over seeds, with their range, highest and lowest."""
    scores = results.groupby(["window", "batch_size", "fraction", "system"]).dstsp
    lines = [
        f"{'window':<8}{'batch':>6}{'part':>7}  " + "".join(f"{s:<26}" for s in SYSTEMS).rstrip()
    ]
    for window, batch_size, fraction in scores.median().unstack().index:
        line = f"{window:<8}{batch_size:>6}{fraction:>7.2g}  "
        for system in SYSTEMS:
            values = scores.get_group((window, batch_size, fraction, system))
            text = f"{values.median():.3g} ({values.min():.3g} to {values.max():.3g})"
            line += f"{text:<26}"
        lines.append(line.rstrip())
    return lines


if __name__ == "__main__":
    main()
