"""Behind the two learning rates of a fit: which rate suits which series.

Run ``PYTHONPATH=. python benchmarks/rates.py``; it appends to ``benchmarks/results/rates.csv``,
skips what is there, and prints the table. One thread; two hours on one core.

Single trainings with default settings but for the learning rate, on the trajectories that defaults
are chosen on (:mod:`benchmarks.reconstruction`); scores are those of its judge, `loss` is that of
the last of 25 stretches of the training.
"""

import csv
import os
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd

from benchmarks.reconstruction.cases import load
from benchmarks.reconstruction.judge import judge
from skchaos import ChaoticRNNRegressor

RESULTS = Path(__file__).parent / "results" / "rates.csv"
CASES = (("roessler", "clean"), ("duffing", "clean"), ("lorenz", "noise5"), ("laser", "clean"))
RATES, N_SEEDS = (0.003, 0.006, 0.01), 5
SCORES = ("dstsp10", "dstsp30", "dh", "valid_steps")
FIELDS = ["system", "condition", "learning_rate", "seed", "loss", *SCORES]


def run(system, condition, learning_rate, seed):
    """Train once and return loss and scores."""
    case = load(system, condition, "choose")
    model = ChaoticRNNRegressor(
        learning_rate=learning_rate, n_init=1, dt=case.dt, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(case.train)
    found = judge(model, case)
    return [model.loss_curve_[-1], *(found[name] for name in SCORES)]


def main():
    """Run what is missing and print medians over seeds."""
    known = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame(columns=FIELDS)
    done = set(known[FIELDS[:4]].itertuples(index=False, name=None))
    for seed in range(N_SEEDS):
        for case in CASES:
            for rate in RATES:
                if (*case, rate, seed) in done:
                    continue
                found = run(*case, rate, seed)
                is_new = not RESULTS.exists()
                with RESULTS.open("a", newline="") as file:
                    writer = csv.writer(file)
                    if is_new:
                        writer.writerow(FIELDS)
                    writer.writerow([*case, rate, seed, *(f"{value:.4g}" for value in found)])
                print(*case, rate, seed, *found, flush=True)
    table = pd.read_csv(RESULTS).groupby(FIELDS[:3], sort=False)[FIELDS[4:]]
    print(table.agg(["median", "count"]).to_string())


if __name__ == "__main__":
    main()
