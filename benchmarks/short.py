"""Behind the size of networks and windows for few rows: how clean short series are reconstructed.

Run ``python -m benchmarks.short``; it appends to ``benchmarks/results/short.csv``, skips what is
there, and prints medians. Two cores; about three hours.

The first 1,000 or 3,000 rows of the series that defaults are chosen on, by units of the network and
rows of the window, each from five seeds with one training, judged as in the study.
"""

import os
import warnings
from pathlib import Path
from time import process_time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import joblib
import pandas as pd

from benchmarks.reconstruction.cases import load
from benchmarks.reconstruction.judge import judge
from benchmarks.reconstruction.study import append
from skchaos import ChaoticRNNRegressor

RESULTS = Path(__file__).parent / "results" / "short.csv"
N_ROWS = (1_000, 3_000)
UNITS = (20, 50)
# Few rows that tell the next one, as the fit finds them, and the many of noisy or undecided rows.
FEW = {"lorenz": 1, "lorenz38": 1, "roessler": 1, "duffing": 2}
MANY = 20
KEY = ["system", "n_rows", "n_hidden", "n_delays", "seed"]
FIELDS = [*KEY, "dstsp10", "dstsp30", "dh", "valid_steps", "exponent_ratio", "cpu_s"]


def run(system: str, n_rows: int, n_hidden: int, n_delays: int, seed: int) -> dict:
    """Fit once and return a row of the table."""
    case = load(system, "clean", "choose")
    model = ChaoticRNNRegressor(
        n_hidden=n_hidden, n_delays=n_delays, n_init=1, random_state=seed, dt=case.dt
    )
    began = process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(case.train[:n_rows])
    cpu_s = process_time() - began
    found = judge(model, case) | {"cpu_s": cpu_s}
    found["exponent_ratio"] = model.reconstruction_report_["exponent"] * case.dt / case.exponent
    key = (system, n_rows, n_hidden, n_delays, seed)
    return dict(zip(KEY, key, strict=True)) | {name: found[name] for name in FIELDS[len(KEY) :]}


def main() -> None:
    """Run what is missing and print medians."""
    known = set()
    if RESULTS.exists():
        known = set(pd.read_csv(RESULTS)[KEY].itertuples(index=False, name=None))
    todo = [
        (system, n_rows, n_hidden, n_delays, seed)
        for seed in range(5)
        for n_rows in N_ROWS
        for system, few in FEW.items()
        for n_delays in (few, MANY)
        for n_hidden in UNITS
    ]
    jobs = (joblib.delayed(run)(*key) for key in todo if key not in known)
    for row in joblib.Parallel(n_jobs=2, return_as="generator_unordered", pre_dispatch=2)(jobs):
        append(RESULTS, row, FIELDS)
        print(row, flush=True)
    table = pd.read_csv(RESULTS)
    print(table.groupby(KEY[:-1])[FIELDS[len(KEY) :]].median().to_string())


if __name__ == "__main__":
    main()
