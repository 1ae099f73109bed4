"""Behind the second look of `process_noise="auto"`: rows that are noisy, their exponent undecided.

Run ``python -m benchmarks.undecided``; it appends to ``benchmarks/results/undecided.csv``, skips
what is there, and prints the table. Two cores; about three hours.

The series are simulated flows, short or noisy, that are chaotic but show it only within the error
of their exponent. Each is fitted as deterministic and as driven by noise, from five seeds, and
judged as in the study: what the free run comes to, D_stsp and D_H against clean rows, steps that
forecasts are valid.
"""

import os
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import joblib
import numpy as np
import pandas as pd

from benchmarks.reconstruction.cases import Case
from benchmarks.reconstruction.judge import judge
from benchmarks.reconstruction.study import append
from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_duffing, make_lorenz63, make_lorenz96, make_roessler

RESULTS = Path(__file__).parent / "results" / "undecided.csv"
N_TRUE = 30_000
# Maker, rows, noise in standard deviations, columns seen.
FLOWS = {
    "lorenz_x": (lambda n, seed: make_lorenz63(n, dt=0.03, random_state=seed), 2000, 0.2, [0]),
    "roessler": (lambda n, seed: make_roessler(n, random_state=seed), 3000, 0.05, None),
    "roessler_short": (lambda n, seed: make_roessler(n, random_state=seed), 1000, 0.05, None),
    "roessler_x": (lambda n, seed: make_roessler(n, random_state=seed), 2000, 0.1, [0]),
    "duffing": (lambda n, seed: make_duffing(n, random_state=seed), 1000, 0.3, None),
    "duffing_x": (lambda n, seed: make_duffing(n, random_state=seed), 2000, 0.2, [0]),
    "lorenz96": (lambda n, seed: make_lorenz96(n, random_state=seed), 2000, 0.1, None),
}
KEY = ["series", "process_noise", "seed"]
FIELDS = [*KEY, "data_exponent", "regime", "dstsp30", "dh", "valid_steps", "tail_sd"]


def load(name: str) -> Case:
    """Return a series and what it is judged by."""
    make, n_rows, level, columns = FLOWS[name]
    columns = slice(None) if columns is None else columns
    train, truth = make(n_rows, 3)[:, columns], make(N_TRUE, 4)[:, columns]
    rng = np.random.default_rng(0)
    noisy = [
        rows + level * rows.std(axis=0) * rng.standard_normal(rows.shape) for rows in (train, truth)
    ]
    return Case(noisy[0], [truth], noisy[1], truth, 1.0, np.nan)


def run(name: str, process_noise: bool, seed: int) -> dict:
    """Fit once and return a row of the table."""
    case = load(name)
    model = ChaoticRNNRegressor(process_noise=process_noise, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(case.train)
    report = model.reconstruction_report_
    found = judge(model, case) | {
        "data_exponent": report["data_exponent"],
        "regime": report["regime"],
    }
    key = dict(zip(KEY, (name, process_noise, seed), strict=True))
    return key | {field: found[field] for field in FIELDS[len(KEY) :]}


def main() -> None:
    """Run what is missing and print medians."""
    known = set()
    if RESULTS.exists():
        known = set(pd.read_csv(RESULTS)[KEY].itertuples(index=False, name=None))
    todo = [(n, noise, k) for k in range(5) for noise in (False, True) for n in FLOWS]
    todo = [key for key in todo if key not in known]
    jobs = (joblib.delayed(run)(*key) for key in todo)
    for row in joblib.Parallel(n_jobs=2, return_as="generator_unordered", pre_dispatch=2)(jobs):
        append(RESULTS, row, FIELDS)
        print(row, flush=True)
    table = pd.read_csv(RESULTS)
    of_each = table.groupby(KEY[:2])
    medians = of_each[FIELDS[-4:]].median()
    print(medians.join(of_each.regime.agg(", ".join)).to_string())


if __name__ == "__main__":
    main()
