"""What part of a default fit the exponent behind `forcing_interval="auto"` takes.

    OMP_NUM_THREADS=1 python benchmarks/lyapunov/budget.py

One default fit of each series, CPU seconds of all of it and of `measure_rows` alone on the same
training rows, written to benchmarks/results/lyapunov_budget.json. Seed 0; some minutes.
"""

import json
import os
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from reservoirpy.datasets import santafe_laser

from skchaos import ChaoticRNNRegressor
from skchaos._plan import measure_rows
from skchaos.datasets import make_lorenz63, make_lorenz96

RESULTS = Path(__file__).parents[1] / "results" / "lyapunov_budget.json"


def series():
    """Return the series by name."""
    return {
        "lorenz, 100,000 rows": make_lorenz63(100_000, rho=38.0, random_state=0),
        "lorenz, 2,000 rows": make_lorenz63(2000, random_state=0),
        "laser, 8,000 rows": np.asarray(santafe_laser(), dtype=float).reshape(-1, 1)[:8000],
        "lorenz96, 20 columns, 20,000 rows": make_lorenz96(20_000, random_state=0),
    }


def cpu_seconds(work, *arguments):
    """Return the CPU seconds of a call."""
    began = time.process_time()
    work(*arguments)
    return time.process_time() - began


def main():
    """Time both, and write what came out."""
    found = {}
    for name, rows in series().items():
        groups = np.zeros(len(rows), dtype=int)
        measuring = cpu_seconds(measure_rows, rows, 1.0, groups)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitting = cpu_seconds(ChaoticRNNRegressor(random_state=0).fit, rows)
        found[name] = {"fit_s": round(fitting, 1), "measure_s": round(measuring, 2)}
        found[name]["part"] = round(measuring / fitting, 4)
        print(name, found[name], flush=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
