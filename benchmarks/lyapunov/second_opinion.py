"""Slopes of divergence curves beside known exponents: where to read them, and when not to.

Run from the root of the repository, with one thread:

    OMP_NUM_THREADS=1 python benchmarks/lyapunov/second_opinion.py

It takes some ten minutes, most of them to integrate systems, prints the rows as it goes and writes
benchmarks/results/second_opinion.csv. For each series: the slope over the exponent for windows that
end after some fraction of the way to the plateau, and the rise of the curve from the beginning of
the window to the plateau (nats), which is what tells growth from none.
"""

import csv
from pathlib import Path

import numpy as np

from skchaos import datasets
from skchaos.neighbors import _divergence, divergence_curve

COMMAND = "OMP_NUM_THREADS=1 python benchmarks/lyapunov/second_opinion.py"
OUTPUT = Path(__file__).parents[1] / "results" / "second_opinion.csv"
FRACTIONS = (0.4, 0.5, 0.6, 0.75)
N_SEEDS = 3
SYSTEMS = (
    (datasets.make_logistic, 2000),
    (datasets.make_henon, 2000),
    (datasets.make_lorenz63, 10_000),
    (datasets.make_roessler, 10_000),
    (datasets.make_mackey_glass, 10_000),
)


def series(seed):
    """Yield name, rows, sampling interval and exponent; nan where nothing grows."""
    rng = np.random.default_rng(seed)
    for make, n_rows in SYSTEMS:
        made = make(n_rows, return_bunch=True, random_state=seed)
        name = make.__name__.removeprefix("make_")
        yield name, made.data, made.dt, made.exponents[0]
        if made.data.shape[1] > 1:
            yield f"{name}, one column", made.data[:, :1], made.dt, made.exponents[0]
        noise = 0.05 * made.data.std(axis=0) * rng.standard_normal(made.data.shape)
        yield f"{name}, 5 % noise", made.data + noise, made.dt, made.exponents[0]
    steps = rng.standard_normal((5000, 3))
    yield "noise, one column", steps[:, :1], 1.0, np.nan
    yield "noise, three columns", steps, 1.0, np.nan
    red = np.zeros(5000)
    for i in range(1, 5000):
        red[i] = 0.95 * red[i - 1] + steps[i, 0]
    yield "red noise", red[:, None], 1.0, np.nan
    time = 0.1 * np.arange(5000) + seed
    yield "cycle", np.sin(time)[:, None], 0.1, np.nan
    yield "torus", (np.sin(time) + np.sin(1.618 * time))[:, None], 0.1, np.nan


def measure(rows, dt):
    """Return the slope for each fraction, and the rise."""
    # The rule under test is switched off: every curve has a window.
    rise, _divergence.MIN_RISE = _divergence.MIN_RISE, -np.inf
    slopes = []
    for fraction in FRACTIONS:
        _divergence.WAY_TO_PLATEAU = fraction
        found = divergence_curve(rows, dt=dt)
        slopes.append(found.slope)
    _divergence.MIN_RISE = rise
    begin = found.curve[np.searchsorted(found.lags, found.window[0])]
    return slopes, np.median(found.curve[-(len(found.curve) // 3 + 1) :]) - begin


def main():
    """Measure all series, and write a row for each."""
    table = []
    for seed in range(N_SEEDS):
        for name, rows, dt, exponent in series(seed):
            slopes, rise = measure(rows, dt)
            table.append(
                {"series": name, "seed": seed, "rise": round(rise, 3)}
                | {
                    f"over_{f}": round(s / exponent, 3)
                    for f, s in zip(FRACTIONS, slopes, strict=True)
                }
            )
            print(*table[-1].values(), flush=True)
    with OUTPUT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, table[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    clean = [row for row in table if "noise" not in row["series"] and row["rise"] > np.log(2)]
    for fraction in FRACTIONS:
        off = [abs(row[f"over_{fraction}"] - 1) for row in clean]
        print(f"{fraction}: median error {np.median(off):.3f}, largest {max(off):.3f}")


if __name__ == "__main__":
    main()
