"""Behind `n_init` and its limit: how trainings on the driven Duffing oscillator end, and score.

Run ``python benchmarks/restarts.py``; it appends to ``benchmarks/results/restarts.csv``, skips what
is there, and prints the table. One thread; about a quarter of an hour on one core.

For three training series and four seeds each: the validation score of the state that is kept over
that of the training rows, the standard deviation of x at the end of a free run of 100,000 rows over
that of the data, and D_stsp in 10 bins against a fresh trajectory.
"""

import csv
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd

from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_duffing
from skchaos.metrics import state_space_divergence

RESULTS = Path(__file__).parent / "results" / "restarts.csv"
N_ROWS = 100_000
FIELDS = ["series", "seed", "score_over_floor", "end_sd", "dstsp10"]


def run(series, seed):
    """Train once and return a row of the table."""
    train = make_duffing(N_ROWS, random_state=100 + series)
    truth = make_duffing(N_ROWS, random_state=99)
    model = ChaoticRNNRegressor(n_init=1, random_state=seed).fit(train)
    free = model.forecast(N_ROWS, truth[: model.n_context_])
    divergence = state_space_divergence(truth, free, method="binned", n_bins=10, bin_range="two_sd")
    end_sd = free[-5_000:, 0].std() / truth[:, 0].std()
    return [series, seed, model.validation_score_ / model.validation_floor_, end_sd, divergence]


def main():
    """Run what is missing and print the table, best score first."""
    for series in range(3):
        for seed in range(4):
            known = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame(columns=FIELDS)
            if ((known.series == series) & (known.seed == seed)).any():
                continue
            row = run(series, seed)
            with RESULTS.open("a", newline="") as file:
                writer = csv.writer(file)
                if known.empty:
                    writer.writerow(FIELDS)
                writer.writerow([*row[:2], *(f"{value:.4g}" for value in row[2:])])
            print(row, flush=True)
    print(pd.read_csv(RESULTS).sort_values("score_over_floor").to_string(index=False))


if __name__ == "__main__":
    main()
