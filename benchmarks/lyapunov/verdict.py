"""What the thresholds of the verdict rest on, from the tuning half of the study.

Run from the root of the repository, with the series that systems.py made:

    OMP_NUM_THREADS=1 python benchmarks/lyapunov/verdict.py --cache CACHE

It takes some ten minutes and writes benchmarks/results/lyapunov_verdict.csv. For each series:
growth of the largest exponent in a mean period, with its error; the second exponent's; the factor
by which the map beats a linear one (gain); and by how much more it errs at rows that it was not
fitted to (transfer).
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d
from systems import NOT_CHAOS_TUNING, TUNING, load, make_not_chaos

from skchaos.exponents._choice import transfer_error
from skchaos.exponents._measure import measure
from skchaos.exponents._scaled import Scaled

OUTPUT = Path(__file__).parents[1] / "results" / "lyapunov_verdict.csv"
N_SEEDS = 5
ROWS = (1000, 5000)


def spline(rng, n_rows):
    """Return a smooth curve through a normal number every 20 rows."""
    knots = np.arange(0, n_rows + 20, 20)
    return CubicSpline(knots, rng.standard_normal(len(knots)))(np.arange(n_rows))


def filtered_noise(rng, n_rows):
    """Return normal noise, smoothed over 20 rows."""
    return gaussian_filter1d(rng.standard_normal(n_rows), 20)


def series(cache):
    """Yield kind, name, columns and rows of each series."""
    for system in TUNING:
        made = load(system, 100_000, cache)
        for seed in range(N_SEEDS):
            for n_rows in ROWS:
                rows = made.rows[seed, :n_rows]
                if system.has_full_state:
                    yield "chaos", system.name, "full", seed, rows
                yield "chaos", system.name, "one", seed, rows[:, :1]
    for maker in (*NOT_CHAOS_TUNING, spline, filtered_noise):
        for seed in range(N_SEEDS):
            for n_rows in ROWS:
                rows = make_not_chaos(maker, n_rows, seed)
                yield "not chaos", maker.__name__, "one", seed, rows


def numbers(rows):
    """Return what the verdict looks at; empty where nothing is fitted."""
    scaled = Scaled.of(rows, np.zeros(len(rows), dtype=int))
    measured = measure(scaled, None, 0)
    if measured is None:
        return {}
    fit = measured.fit
    return {
        "growth": measured.rates[0] * scaled.period,
        "growth_error": measured.errors[0] * scaled.period,
        "second": measured.rates[1] * scaled.period if len(measured.rates) > 1 else np.nan,
        "error": fit.error,
        "gain": fit.gain,
        "transfer": transfer_error(fit.states, fit.map.length, 0),
    }


def main():
    """Measure all series, print a summary, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="folder of systems.py")
    cache = parser.parse_args().cache
    found = pd.DataFrame(
        {"kind": kind, "system": name, "observed": observed, "rows": len(rows), "seed": seed}
        | numbers(rows)
        for kind, name, observed, seed, rows in series(cache)
    )
    found.to_csv(OUTPUT, index=False, float_format="%.4g")
    keys = ["kind", "system", "observed", "rows"]
    shown = found.groupby(keys)[["growth", "second", "gain", "transfer"]]
    print(shown.agg(["min", "max"]).to_string(float_format="%.3g"))


if __name__ == "__main__":
    main()
