"""From which interval on a state is better carried than inferred anew at every step.

Run ``python -m benchmarks.reconstruction.closing``; it appends to
``benchmarks/results/closing.csv``, skips what is there, and prints medians over seeds. A training
takes half a minute of a core, the whole an hour for each seed.

Maps, and flows sampled so coarsely that errors double within a few rows, none of which is a case
of the study; then the same flows sampled more and more finely. (Lorenz-96 sampled every .05, which
is a case of the study, has 9 to 11 steps and 30 rows a period, and is as good either way.) Each is
fitted with the interval ln 2 / lambda_max, over which the state is carried on, and with an interval
of 1 step, where free runs close the loop. Single trainings (`n_init=1`) of 5,000 updates on 20,000
rows, clean and with 5 % noise, are judged by other trajectories as in
:mod:`benchmarks.reconstruction.judge`. `steps` is ln 2 / lambda_max in rows, and so is the mean
period.
"""

import argparse
import math
import os
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import joblib
import numpy as np
import pandas as pd
import torch

from benchmarks.reconstruction.cases import RESULTS, Case, largest_exponent
from benchmarks.reconstruction.judge import judge
from benchmarks.reconstruction.study import append, exponent_ratio
from skchaos import ChaoticRNNRegressor, LyapunovSpectrum
from skchaos.datasets import make_lorenz63, make_roessler
from skchaos.neighbors._scales import mean_period

TABLE = RESULTS / "closing.csv"
N_ROWS, N_TRANSIENT, N_UPDATES, N_SEEDS = 20_000, 1_000, 5_000, 3
KEY = ["system", "condition", "interval", "seed"]
SCORES = ["dstsp30", "dh", "tail_sd", "valid_steps", "exponent_ratio"]
FIELDS = ["steps", "mean_period", *KEY, "forcing_interval", *SCORES, "dstsp10", "regime"]
NOISE = {"clean": 0.0, "noise5": 0.05}


def logistic(x):
    """Return the logistic map in its chaotic range."""
    return 3.99 * x * (1 - x)


def coupled_logistic(x):
    """Return two logistic maps that see a tenth of each other."""
    own = 3.9 * x * (1 - x)
    return 0.9 * own + 0.1 * own.flip(-1)


def tinkerbell(x):
    """Return the Tinkerbell map, quadratic in the plane."""
    x, y = x.unbind(-1)
    ahead = x**2 - y**2 + 0.9 * x - 0.6013 * y, 2 * x * y + 2.0 * x + 0.5 * y
    return torch.stack(ahead, -1)


def burgers(x):
    """Return the map that is made of the equation of Burgers."""
    x, y = x.unbind(-1)
    return torch.stack([0.75 * x - y**2, 1.75 * y + x * y], -1)


def cubic_map(x):
    """Return Holmes's cubic map, also called Duffing's."""
    x, y = x.unbind(-1)
    return torch.stack([y, -0.2 * x + 2.75 * y - y**3], -1)


MAPS = {  # with where orbits begin
    "logistic": (logistic, (0.2,)),
    "cubic_map": (cubic_map, (0.2, 0.2)),
    "tinkerbell": (tinkerbell, (-0.72, -0.64)),
    "burgers": (burgers, (-0.1, 0.1)),
    "coupled_logistic": (coupled_logistic, (0.2, 0.3)),
}
FLOWS = {  # with the exponent by their equations and the sampling interval
    f"{name}_{dt:g}": (maker, name, dt)
    for maker, name, steps in (
        (make_lorenz63, "lorenz", (0.01, 0.02, 0.05, 0.1, 0.2)),
        (make_roessler, "roessler", (0.1, 0.3, 0.6, 1.2)),
    )
    for dt in steps
}


def make(system: str, seed: int) -> np.ndarray:
    """Return rows of a trajectory."""
    if system in FLOWS:
        maker, _, dt = FLOWS[system]
        return maker(N_ROWS, dt=dt, random_state=seed)
    step, start = MAPS[system]
    nudge = 1e-3 * np.random.default_rng(seed).standard_normal(len(start))
    x = torch.tensor(start, dtype=torch.float64) + torch.as_tensor(nudge)
    rows = []
    for _ in range(N_TRANSIENT + N_ROWS):
        x = step(x)
        rows.append(x)
    return torch.stack(rows[N_TRANSIENT:]).numpy()


def exponent_per_step(system: str) -> float:
    """Return the largest exponent by the equations."""
    if system in FLOWS:
        _, name, dt = FLOWS[system]
        return largest_exponent(name) * dt
    return LyapunovSpectrum(MAPS[system][0], n_exponents=1).fit(make(system, 0)).lambda_max_


def load(system: str, condition: str) -> Case:
    """Return a case; trajectories are those of this script alone."""
    train, *truths = (make(system, seed) for seed in range(1, 5))
    rng = np.random.default_rng(0)
    train, contexts = (
        rows + NOISE[condition] * rows.std(axis=0) * rng.standard_normal(rows.shape)
        for rows in (train, truths[0])
    )
    return Case(train, truths, contexts, truths[0], 1.0, exponent_per_step(system))


def run(system: str, condition: str, interval: str, seed: int) -> dict:
    """Train once and return a row of the table."""
    case = load(system, condition)
    steps = math.log(2) / case.exponent
    model = ChaoticRNNRegressor(
        forcing_interval=1 if interval == "closed" else max(2, round(steps)),
        n_init=1,
        max_iter=N_UPDATES,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(case.train)
        found = judge(model, case) | {"exponent_ratio": exponent_ratio(model, case)}
    row = dict(zip(KEY, (system, condition, interval, seed), strict=True))
    found |= {"steps": steps, "forcing_interval": model.forcing_interval_}
    found["mean_period"] = mean_period(case.truths[0], np.zeros(N_ROWS, dtype=int))
    return row | found | {"regime": model.reconstruction_report_["regime"]}


def main() -> None:
    """Run what is missing and print medians over seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--systems", nargs="+", default=[*MAPS, *FLOWS], choices=[*MAPS, *FLOWS])
    parser.add_argument("--seeds", type=int, default=N_SEEDS)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    known = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=KEY)
    done = set(known[KEY].itertuples(index=False, name=None))
    wanted = [
        case
        for seed in range(arguments.seeds)
        for system in arguments.systems
        for condition in NOISE
        for interval in ("carried", "closed")
        if (case := (system, condition, interval, seed)) not in done
    ]
    rows = joblib.Parallel(n_jobs=arguments.jobs, return_as="generator_unordered")(
        joblib.delayed(run)(*case) for case in wanted
    )
    for row in rows:
        append(TABLE, row, FIELDS)
        print(row, flush=True)
    results = pd.read_csv(TABLE).sort_values("steps")
    grouped = results.groupby(["steps", "system", "condition", "interval"])[SCORES]
    print(grouped.median().join(grouped.size().rename("n")).round(4).to_string())


if __name__ == "__main__":
    main()
