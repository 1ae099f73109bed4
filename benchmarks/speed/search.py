"""A search over forcing intervals: GridSearchCV against ChaoticRNNRegressorCV, two processes each.

    OMP_NUM_THREADS=1 python benchmarks/speed/search.py

Eight intervals from 4 to 128 steps, three folds, two seeds: 48 fits of Lorenz-63 (rho 38, 10,000
rows), 1,000 updates each, no rows set aside within a fold. Wall time, without the last fit on all
rows; the searches take turns, three times. Writes benchmarks/results/speed_search.json.
"""

import json
import statistics
import time
from pathlib import Path

import numpy as np
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from benchmarks.speed.machine import machine
from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_lorenz63
from skchaos.metrics import state_space_divergence_scorer
from skchaos.model_selection import ChaoticRNNRegressorCV

INTERVALS = [4, 8, 16, 24, 32, 48, 64, 128]
N_TURNS, N_FOLDS, N_SEEDS, N_JOBS = 3, 3, 2, 2
RESULTS = Path(__file__).parents[1] / "results" / "speed_search.json"


def searches():
    """Return the searches by name."""
    model = ChaoticRNNRegressor(
        dt=0.01, max_iter=1_000, early_stopping=False, n_init=1, random_state=0
    )
    grid = {"forcing_interval": INTERVALS}
    shared = {"cv": TimeSeriesSplit(N_FOLDS), "refit": False, "n_jobs": N_JOBS}
    scored = {"scoring": state_space_divergence_scorer}
    return {
        "grid": GridSearchCV(
            model, grid | {"random_state": list(range(N_SEEDS))}, **shared, **scored
        ),
        "lockstep": ChaoticRNNRegressorCV(model, grid, n_seeds=N_SEEDS, **shared, **scored),
        "halving": ChaoticRNNRegressorCV(
            model, grid, n_seeds=N_SEEDS, factor=3, **shared, **scored
        ),
    }


def scores_by_interval(search) -> dict[int, np.ndarray]:
    """Return the scores of each interval, over folds and seeds (and of its last round)."""
    results, found = search.cv_results_, {}
    splits = sorted(name for name in results if name.startswith("split"))
    for i, params in enumerate(results["params"]):
        scores = [results[name][i] for name in splits]
        interval = params["forcing_interval"]
        if "iter" in results:
            found[interval] = scores
        else:
            found.setdefault(interval, []).extend(scores)
    return {interval: np.array(values) for interval, values in found.items()}


def main() -> None:
    X = make_lorenz63(10_000, rho=38.0, random_state=0)
    times, tables = {}, {}
    for _ in range(N_TURNS):
        for name, search in searches().items():
            began = time.perf_counter()
            search.fit(X)
            times.setdefault(name, []).append(time.perf_counter() - began)
            tables[name] = scores_by_interval(search)
            print(name, f"{times[name][-1]:.1f} s", flush=True)
    ratios = {
        name: statistics.median(a / b for a, b in zip(times[name], times["grid"], strict=True))
        for name in ("lockstep", "halving")
    }
    shown = {
        name: {k: [float(v.mean()), float(v.std() / len(v) ** 0.5)] for k, v in table.items()}
        for name, table in tables.items()
    }
    results = {
        "machine": machine(),
        "wall_s": times,
        "ratio_to_grid": ratios,
        "mean_and_error": shown,
    }
    print(json.dumps(results, indent=1))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
