"""Behind the optimizer: loss of SOAP and of Adam after the same numbers of updates.

Run ``python benchmarks/optimizers.py``; it appends to ``benchmarks/results/optimizers.csv``, skips
what is there, and prints the table. One thread; an hour and a half on one core.

The loss, a mean squared error, is that of the last tenth of the updates, over 10,000 rows, with
default settings but for the learning rate. SOAP whose sides keep their axes, with the decay rate of
Adam, is Adam.
"""

import csv
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from skchaos import ChaoticRNNRegressor
from skchaos.core import _soap
from skchaos.datasets import make_lorenz63, make_roessler

RESULTS = Path(__file__).parent / "results" / "optimizers.csv"
SERIES = {
    "lorenz": lambda seed: make_lorenz63(10_000, rho=38.0, random_state=seed),
    "roessler": lambda seed: make_roessler(10_000, random_state=seed),
}
OPTIMIZERS = {  # longest side that is turned, decay rate of the mean squares
    "soap": (_soap.MAX_SIDE, _soap.SECOND_DECAY),
    "adam": (0, 0.999),
}
LEARNING_RATES = (0.002, 0.006)
N_UPDATES = (1000, 3000, 10_000)
N_SEEDS = 5
FIELDS = ["series", "optimizer", "learning_rate", "n_updates", "seed", "loss"]


def run(series, optimizer, learning_rate, n_updates, seed):
    """Train once and return the mean loss of the last tenth of the updates."""
    _soap.MAX_SIDE, _soap.SECOND_DECAY = OPTIMIZERS[optimizer]
    model = ChaoticRNNRegressor(
        learning_rate=learning_rate,
        max_iter=n_updates,
        n_init=1,
        loss="squared_error",
        early_stopping=False,
        random_state=seed,
    ).fit(SERIES[series](seed))
    n_last = max(1, len(model.loss_curve_) // 10)
    return float(np.mean(model.loss_curve_[-n_last:]))


def main():
    """Run what is missing and print medians over seeds, lowest and highest beside them."""
    known = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame(columns=FIELDS)
    done = set(known[FIELDS[:5]].itertuples(index=False, name=None))
    cases = [
        (series, optimizer, rate, n_updates, seed)
        for seed in range(N_SEEDS)
        for n_updates in N_UPDATES
        for series in SERIES
        for optimizer in OPTIMIZERS
        for rate in LEARNING_RATES
    ]
    for case in cases:
        if case in done:
            continue
        loss = run(*case)
        is_new = not RESULTS.exists()
        with RESULTS.open("a", newline="") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(FIELDS)
            writer.writerow([*case, f"{loss:.4g}"])
        print(*case, loss, flush=True)
    table = pd.read_csv(RESULTS)
    table = table.groupby(FIELDS[:4]).loss.agg(["median", "min", "max"])
    print(table.to_string())


if __name__ == "__main__":
    main()
