"""Which state of a training to keep: four rules on the same trainings.

Run ``python -m benchmarks.reconstruction.selection``; it appends to
``benchmarks/results/selection.csv``, skips what is there, and prints medians and worst seeds. A
training and the judgement of its states take four minutes of a core.

One training (`n_init=1`) with default settings looks at its state 25 times. Each rule keeps the
last state that is within `tol` of the best so far by its measure: the score of free runs against
the rows set aside, the forecast error on those rows, or their product, which is the default; or
simply the last state. Kept states are judged as in :mod:`benchmarks.reconstruction.judge`.
"""

import argparse
import math
import os
import warnings
from unittest.mock import patch

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import joblib
import pandas as pd

from benchmarks.reconstruction.cases import RESULTS, Case, load
from benchmarks.reconstruction.judge import judge
from benchmarks.reconstruction.study import append
from skchaos import ChaoticRNNRegressor
from skchaos._network import attribute_of
from skchaos.core import _training

TABLE = RESULTS / "selection.csv"
CASES = (
    ("roessler", "clean"),
    ("duffing", "clean"),
    ("lorenz38", "clean"),
    ("lorenz", "noise5"),
    ("laser", "clean"),
)
RULES = {
    "last": lambda score, error: 0.0,
    "score": lambda score, error: score,
    "error": lambda score, error: error,
    "score x error": lambda score, error: score * error,
}
N_SEEDS = 5
KEY = ["system", "condition", "seed", "rule"]
SCORES = ["dstsp10", "dstsp30", "dh", "valid_steps"]
FIELDS = [*KEY, "look", *SCORES]


def train(case: Case, seed: int):
    """Return a fitted model, and the states that its training looked at."""
    states, check = [], _training._Member.check

    def noting(member, loss, judged, weights):
        states.append((*judged, {name: value.clone() for name, value in weights.items()}))
        check(member, loss, judged, weights)

    model = ChaoticRNNRegressor(n_init=1, dt=case.dt, random_state=seed)
    with (
        warnings.catch_warnings(),
        patch.object(_training._Member, "check", noting),
    ):
        warnings.simplefilter("ignore")
        model.fit(case.train)
    return model, states


def kept(states, measure, tol: float) -> int:
    """Return the number of the state that a rule keeps."""
    best, at = math.inf, 0
    for i, (score, error, _) in enumerate(states):
        value = measure(score, error)
        best = min(best, value)
        if value <= (1 + tol) * best:
            at = i
    return at


def put(model: ChaoticRNNRegressor, weights: dict) -> ChaoticRNNRegressor:
    """Give a fitted model other weights of its training, as a fit would."""
    for name, value in weights.items():
        setattr(model, attribute_of(name), value.numpy())
    return model


def run(system: str, condition: str, seed: int) -> list[dict]:
    """Train once and return a row of the table for each rule."""
    case = load(system, condition, "choose")
    model, states = train(case, seed)
    judged, rows = {}, []
    for rule, measure in RULES.items():
        at = kept(states, measure, model.tol)
        if at not in judged:
            judged[at] = judge(put(model, states[at][-1]), case)
        row = dict(zip(KEY, (system, condition, seed, rule), strict=True))
        rows.append(row | {"look": at} | {name: judged[at][name] for name in SCORES})
    return rows


def main() -> None:
    """Run what is missing and print medians and the worst of the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=N_SEEDS)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    known = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=KEY)
    done = set(known[KEY[:-1]].itertuples(index=False, name=None))
    wanted = [(*case, seed) for seed in range(arguments.seeds) for case in CASES]
    found = joblib.Parallel(n_jobs=arguments.jobs, return_as="generator_unordered")(
        joblib.delayed(run)(*one) for one in wanted if one not in done
    )
    for rows in found:
        for row in rows:
            append(TABLE, row, FIELDS)
            print(row, flush=True)
    results = pd.read_csv(TABLE).groupby(["system", "condition", "rule"])[SCORES]
    worst = results.max().assign(valid_steps=results.valid_steps.min()).add_prefix("worst_")
    print(results.median().join(worst).round(4).to_string())


if __name__ == "__main__":
    main()
