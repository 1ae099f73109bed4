"""What is left of noise: in training rows (smoother), and in the last row of a context (filter).

Run ``python -m benchmarks.reconstruction.noise``; it appends to ``benchmarks/results/noise.csv``,
skips cases that are there, and prints the table. No network is trained; a case takes a few minutes
of a core.

Trajectories that defaults are chosen on. `error` is the root mean square over columns of what rows
differ from those without noise, in standard deviations of the columns: of training rows for
"recorded" and "smoother", of the last row of 20,000 contexts in another trajectory for "filter".
`size` is the part that acts alone: rows on each side, or before, and leading components in products
of two and of three; "chosen" is what the package makes of all, a stack of smoothers and the best of
filters. The affine filter is a ridge regression on so many rows.
"""

import argparse
import os
from unittest.mock import patch

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from benchmarks.reconstruction.cases import RESULTS, SEEDS, SYSTEMS, _trajectory, load
from benchmarks.reconstruction.study import append
from skchaos import ChaoticRNNRegressor, _filter, _noise
from skchaos._filter import WindowFilter
from skchaos._prepare import prepare

TABLE = RESULTS / "noise.csv"
CASES = [
    (system, condition)
    for system in ("lorenz", "roessler", "duffing", "lorenz96_10")
    for condition in ("noise5", "noise10", "part_noise5")
]
FIELDS = ["system", "condition", "what", "size", "error"]
N_CONTEXTS = 20_000
LAST = np.array([0])  # the window whose rows are judged


def run(system: str, condition: str) -> list[dict]:
    """Return the rows of the table for one case."""
    case = load(system, condition, "choose")
    columns = list(SYSTEMS[system].part) if condition.startswith("part") else slice(None)
    truth = _trajectory(system, SEEDS["choose"])[:, columns]
    job = prepare(ChaoticRNNRegressor(dt=case.dt), case.train)
    scale, lengths = job.recorded.scaling.scale, job.plan.train_lengths
    cut = lengths[0]

    def smoothed(rows):
        return _size_of(((rows - truth) / scale)[:cut])

    found = [
        ("recorded", "", smoothed(case.train)),
        ("smoother", "chosen", smoothed(job.series.rows)),
    ]
    for half_width in _noise.HALF_WIDTHS:
        for products in _noise.N_IN_PRODUCTS:
            with (
                patch.object(_noise, "HALF_WIDTHS", (half_width,)),
                patch.object(_noise, "N_IN_PRODUCTS", (products,)),
            ):
                alone = _noise.without_noise(job.recorded, lengths, "auto", 0.05)
            found.append(("smoother", f"{half_width} {products}", smoothed(alone.rows)))
    contexts, future = (job.recorded.scaling.apply(rows) for rows in (case.contexts, case.future))
    at = np.linspace(max(_filter.N_ROWS), len(contexts) - 1, N_CONTEXTS).astype(int)

    def filtered(one):
        return _size_of(one.apply(contexts, at, contexts[at][:, None])[:, 0] - future[at])

    chosen = WindowFilter.choose(job.recorded, job.series, lengths, LAST)
    found.append(("filter", "chosen", filtered(chosen)))
    for n_rows in _filter.N_ROWS:
        for products in _filter.N_IN_PRODUCTS:
            with (
                patch.object(_filter, "N_ROWS", (n_rows,)),
                patch.object(_filter, "N_IN_PRODUCTS", (products,)),
            ):
                one = WindowFilter.choose(job.recorded, job.series, lengths, LAST)
            error = _size_of(contexts[at] - future[at]) if one is None else filtered(one)
            found.append(("filter", f"{n_rows} {products}", error))
        window = np.arange(1 - n_rows, 1)
        known = _filter.spread(np.arange(n_rows, cut), _filter.MAX_FITTED)
        rows, clean = (series.scaled(slice(None)) for series in (job.recorded, job.series))
        affine = Ridge(alpha=1e-6 * len(known)).fit(_flat(rows, known, window), clean[known])
        guess = affine.predict(_flat(contexts, at, window)).reshape(future[at].shape)
        found.append(("filter", f"{n_rows} affine", _size_of(guess - future[at])))
    return [dict(zip(FIELDS, (system, condition, *row), strict=True)) for row in found]


def _flat(rows, at, window) -> np.ndarray:
    return rows[at[:, None] + window].reshape(len(at), -1)


def _size_of(error: np.ndarray) -> float:
    return float(np.sqrt(np.mean(error**2)))


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--systems", nargs="+", default=[*dict(CASES)])
    arguments = parser.parse_args()
    known = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=FIELDS)
    done = set(known[FIELDS[:2]].itertuples(index=False, name=None))
    for case in CASES:
        if case[0] in arguments.systems and case not in done:
            for row in run(*case):
                append(TABLE, row, FIELDS)
    rows = pd.read_csv(TABLE).fillna("")
    rows["case"] = rows.system + " " + rows.condition
    table = rows.pivot_table(index=["what", "size"], columns="case", values="error", sort=False)
    print(table.round(4).to_string())


if __name__ == "__main__":
    main()
