"""One setting at a time, on the trajectories that defaults are chosen on.

Run ``python -m benchmarks.reconstruction.sweep learning_rate`` (or another of `SWEEPS`); it appends
to ``benchmarks/results/sweep.csv``, skips what is there, and prints the medians. A training takes
two minutes of a core, and several times as long with a cell that has no compiled loops.

Single trainings (`n_init=1`) with default settings but for the one that is swept. The fraction is
that of the predictability time ln 2 / lambda_max of the system, by its equations. Scores are those
of :mod:`benchmarks.reconstruction.judge`; `loss` is that of the last of 25 stretches of training,
`lyapunov_steps` the Lyapunov time 1 / lambda_max in steps.

Rows of "interval_fraction" were measured before contexts were filtered: with noise, forecasts are
valid for longer now. Rows of sweeps that end in "(squared error)" were measured when that was the
loss, noise was taken by a single polynomial, and clean rows had windows of 20: they are kept beside
what replaces them.
"""

import argparse
import math
import os
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import joblib
import pandas as pd

from benchmarks.reconstruction.cases import RESULTS, Case, load
from benchmarks.reconstruction.judge import judge
from benchmarks.reconstruction.study import append, exponent_ratio
from skchaos import ChaoticRNNRegressor

TABLE = RESULTS / "sweep.csv"
CLEAN = (("roessler", "clean"), ("duffing", "clean"), ("lorenz38", "clean"))
NOISY = (("lorenz", "noise5"), ("lorenz", "part_noise5"), ("duffing", "noise5"))
LASER = (("laser", "clean"),)
MANY_COLUMNS = (("lorenz96_20", "clean"),)  # a training takes ten minutes
CASES = {
    # A recording has no equations, so no fraction of a predictability time.
    "interval_fraction": CLEAN + NOISY,
    "noisy_fraction": NOISY,
    "n_hidden": CLEAN + NOISY + LASER + MANY_COLUMNS,
}
N_UPDATES = 20_000  # of 16 sequences; as many sequences in batches of another size
SWEEPS = {
    "learning_rate": (0.003, 0.006, 0.01),
    "interval_fraction": (0.25, 0.5, 0.75, 1.0, 1.5, 2.0),
    "noisy_fraction": (0.2, 0.33, 0.5, 0.75),  # as many intervals, of rows that keep their noise
    "batch_size": (8, 16, 32),
    "loss": ("absolute_error", "squared_error"),
    "cell": (
        *("lstm", "gru", "elman", "plrnn", "shallow_plrnn", "clipped_shallow_plrnn"),
        *("dendritic_plrnn", "al_rnn"),
    ),
    "n_hidden": (25, 50, 100),
    "window": ("20 x 1", "20 x 5", "40 x 1", "40 x 3", "40 x 5"),  # rows x steps between them
}
N_SEEDS = 5
KEY = ["sweep", "value", "system", "condition", "seed"]
SCORES = ["loss", "dstsp10", "dstsp30", "dh", "tail_sd", "valid_steps", "exponent_ratio"]
FIELDS = [*KEY, *SCORES, "lyapunov_steps"]


def settings(sweep: str, value, case: Case) -> dict:
    """Return what is set in place of the default."""
    if sweep.endswith("_fraction"):
        interval = max(1, round(value * math.log(2) / case.exponent))
        kept = {"noise_level": 0} if sweep == "noisy_fraction" else {}
        return {"forcing_interval": interval} | kept
    if sweep == "batch_size":
        return {"batch_size": value, "max_iter": N_UPDATES * 16 // value}
    if sweep == "window":
        return dict(zip(("n_delays", "delay"), map(int, value.split(" x ")), strict=True))
    return {sweep: value}


def run(sweep: str, value, system: str, condition: str, seed: int) -> dict:
    """Train once and return a row of the table."""
    case = load(system, condition, "choose")
    row = dict(zip(KEY, (sweep, value, system, condition, seed), strict=True))
    model = ChaoticRNNRegressor(
        n_init=1, dt=case.dt, random_state=seed, **settings(sweep, value, case)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(case.train)
        row |= judge(model, case)
        row |= {"loss": model.loss_curve_[-1], "exponent_ratio": exponent_ratio(model, case)}
        row["lyapunov_steps"] = 1 / case.exponent
    return row


def shown(value) -> str:
    """Return a value as the table has it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def missing(sweep: str, n_seeds: int) -> list[tuple]:
    """Return what is wanted and not in the table, seed by seed."""
    known = pd.read_csv(TABLE, dtype=str) if TABLE.exists() else pd.DataFrame(columns=KEY)
    done = set(known[KEY].itertuples(index=False, name=None))
    wanted = [
        (sweep, value, *names, seed)
        for seed in range(n_seeds)
        for names in CASES.get(sweep, CLEAN + NOISY + LASER)
        for value in SWEEPS[sweep]
    ]
    return [case for case in wanted if tuple(map(shown, case)) not in done]


def main() -> None:
    """Run what is missing and print medians over seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sweep", choices=SWEEPS)
    parser.add_argument("--seeds", type=int, default=N_SEEDS)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--values", nargs="+", help="only these of the sweep")
    arguments = parser.parse_args()
    rows = joblib.Parallel(n_jobs=arguments.jobs, return_as="generator_unordered")(
        joblib.delayed(run)(*case)
        for case in missing(arguments.sweep, arguments.seeds)
        if arguments.values is None or str(case[1]) in arguments.values
    )
    for row in rows:
        append(TABLE, row, FIELDS)
        print(row, flush=True)
    results = pd.read_csv(TABLE)
    results = results[results.sweep == arguments.sweep]
    grouped = results.groupby(["system", "condition", "value"])[SCORES]
    print(grouped.median().join(grouped.size().rename("n")).round(4).to_string())


if __name__ == "__main__":
    main()
