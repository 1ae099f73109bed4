"""Defaults against baselines: every system in every condition, five seeds.

Run ``python -m benchmarks.reconstruction.study``; it appends to
``benchmarks/results/reconstruction_study.csv`` and skips what is there, so that it can be stopped
and started at will. ``--set choose`` runs on the trajectories that defaults are chosen on, and only
on the systems of that half of the coin (:mod:`benchmarks.reconstruction.coin`).

Budget: a fit of skchaos, and one of the clipped network, takes three minutes of a core (of twenty
columns fourteen), a tuned echo state network one, the other baselines seconds; the whole, some 90
cases of five seeds, 60 hours of a core. ``--jobs`` runs cases side by side, each on one thread.

Maps are of the half that was not to be looked at. Their first rows, in
``reconstruction_as_it_fell.csv``, were failures, which led to closed loops, chosen on other maps
(:mod:`benchmarks.reconstruction.closing`); the rows of skchaos of Henon and Ikeda are of after it.

Columns, beside those of :mod:`benchmarks.reconstruction.judge`: `exponent_ratio` is the largest
exponent of the fitted model over that of the system (of skchaos alone, whose tangent is known),
`regime` what the report of the fit says of its free run, `cpu_s` the seconds of a fit.
"""

import argparse
import csv
import os
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import joblib
import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator

from benchmarks.reconstruction.cases import (
    RECORDINGS,
    RESULTS,
    SYSTEMS,
    Case,
    conditions_of,
    load,
)
from benchmarks.reconstruction.coin import halves
from benchmarks.reconstruction.judge import N_LONG, floor, judge
from skchaos import ChaoticRNNRegressor, LyapunovSpectrum
from skchaos.baselines import (
    DelayRidgeForecaster,
    EchoStateForecaster,
    MeanForecaster,
    PolynomialMapForecaster,
)

TABLE = RESULTS / "reconstruction_study.csv"
N_SEEDS = 5
# Of each of 32 orbits: with fewer the exponent of a weakly chaotic system is off by some percent.
EXPONENT_STEPS = 10_000
UNFORCED = 200  # steps that the network without forcing runs freely in training
MODELS = ("floor", "skchaos", "mean", "cubic map", "delay ridge", "echo state", "clipped lstm")
# The systems of the paper, of which the end of a run of 10^6 steps is to move as the data do.
LONG = (("lorenz38", "clean"), ("lorenz38", "part"), ("roessler", "clean"), ("duffing", "clean"))
RANDOM = ("skchaos", "echo state", "clipped lstm")  # the others are the same for every seed
# Their terms are beyond what the baselines take.
POLYNOMIALS, MOST_OF_POLYNOMIALS = ("cubic map", "delay ridge"), 20  # columns
KEY = ["set", "system", "condition", "model", "seed"]
SCORES = ["dstsp10", "dstsp30", "dh", "tail_sd", "valid_steps"]
FITTED = ["exponent_ratio", "regime", "noise_level", "process_noise", "interval", "cpu_s"]
FIELDS = [*KEY, *SCORES, *FITTED]


def make_model(name: str, dt: float, seed: int):
    """Return an unfitted forecaster."""
    if name == "skchaos":
        return ChaoticRNNRegressor(dt=dt, random_state=seed)
    if name == "clipped lstm":
        return ChaoticRNNRegressor(
            forcing_interval=UNFORCED,
            loss="squared_error",
            noise_level=0,
            process_noise=False,
            dt=dt,
            random_state=seed,
        )
    baselines = {
        "mean": MeanForecaster,
        "cubic map": PolynomialMapForecaster,
        "delay ridge": DelayRidgeForecaster,
    }
    return baselines[name]() if name in baselines else EchoStateForecaster(random_state=seed)


def run(which: str, system: str, condition: str, name: str, seed: int) -> dict:
    """Fit one model on one case and return a row of the table."""
    case = load(system, condition, which)
    row = dict(zip(KEY, (which, system, condition, name, seed), strict=True))
    if name == "floor":
        return row | floor(case)
    if name in POLYNOMIALS and case.train.shape[1] > MOST_OF_POLYNOMIALS:
        return row  # which has no scores
    model = make_model(name, case.dt, seed)
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(case.train)
        row["cpu_s"] = time.process_time() - began
        is_long = name == "skchaos" and (system, condition) in LONG
        row |= judge(model, case, n_long=N_LONG if is_long else 0)
        if name == "skchaos":
            row |= describe(model, case)
    return row


def exponent_ratio(model: ChaoticRNNRegressor, case: Case) -> float:
    """Return the largest exponent of a model over that of the system."""
    try:
        found = LyapunovSpectrum(FrozenEstimator(model), n_exponents=1, n_steps=EXPONENT_STEPS)
        found.fit(case.train[:20_000])
    except ValueError:  # an orbit that diverges has none
        return np.nan
    return found.lambda_max_ * case.dt / case.exponent


def describe(model: ChaoticRNNRegressor, case: Case) -> dict:
    """Return what the fit found, and what its own report says of it."""
    return {
        "exponent_ratio": exponent_ratio(model, case),
        "regime": model.reconstruction_report_["regime"],
        "process_noise": float(np.mean(model.process_noise_)),
        "noise_level": float(np.mean(model.noise_level_)),
        "interval": model.forcing_interval_,
    }


def missing(arguments) -> list[tuple]:
    """Return what is wanted and not in the table, seed by seed."""
    table = arguments.table
    known = pd.read_csv(table) if table.exists() else pd.DataFrame(columns=KEY)
    done = set(known[KEY].itertuples(index=False, name=None))
    wanted = [
        (arguments.set, system, condition, name, seed)
        for seed in range(arguments.seeds)
        for system in arguments.systems
        for condition in conditions_of(system)
        for name in arguments.models
        if (seed == 0 or name in RANDOM) and condition in arguments.conditions
    ]
    return [case for case in wanted if case not in done]


def append(table: Path, row: dict, fields: list[str]) -> None:
    """Add one row to the table on disk."""
    is_new = not table.exists()
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})


def main() -> None:
    """Run what is missing and print medians over seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=["choose", "report"], default="report")
    parser.add_argument("--systems", nargs="+", default=[*SYSTEMS, *RECORDINGS])
    conditions = ["clean", "noise5", "noise10", "part", "part_noise5", "short"]
    parser.add_argument("--conditions", nargs="+", default=conditions, choices=conditions)
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--seeds", type=int, default=N_SEEDS)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--table", type=Path, default=TABLE)
    arguments = parser.parse_args()
    if arguments.set == "choose":
        chosen_on, _ = halves()
        arguments.systems = [name for name in arguments.systems if name in chosen_on]
    rows = joblib.Parallel(n_jobs=arguments.jobs, return_as="generator_unordered")(
        joblib.delayed(run)(*case) for case in missing(arguments)
    )
    for row in rows:
        append(arguments.table, row, FIELDS)
        print(row, flush=True)
    results = pd.read_csv(arguments.table)
    columns = [*SCORES, "exponent_ratio", "cpu_s"]
    print(results.groupby(KEY[:-1])[columns].median().round(4).to_string())


if __name__ == "__main__":
    main()
