"""How far E1 is from saturated where neighbours are still false, and where hardly any are.

Run from the root of the repository, with one thread:

    OMP_NUM_THREADS=1 python benchmarks/embedding.py

It takes about a minute and writes benchmarks/results/embedding.csv: for each system, seed and
number of delays, Cao's E1 and the share of neighbours whose distance grows more than tenfold by the
next row, which are false by the first criterion of Kennel, Brown & Abarbanel (1992) [1]_.
skchaos/neighbors/_embedding.py reads its threshold of E1 from it.

References
----------
.. [1] Kennel, M. B., Brown, R. & Abarbanel, H. D. I. (1992). Determining embedding dimension for
   phase-space reconstruction using a geometrical construction. Physical Review A, 45, 3403-3411.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from skchaos.datasets import (
    make_henon,
    make_logistic,
    make_lorenz63,
    make_mackey_glass,
    make_roessler,
)
from skchaos.neighbors import choose_delay
from skchaos.neighbors._embedding import _some_windows, _standardised, neighbor_growth

RESULTS = Path(__file__).parent / "results" / "embedding.csv"
N_SAMPLES = 10_000
N_DELAYS = 6
FALSE = 10.0
SYSTEMS = {
    "logistic": lambda seed, noise: make_logistic(N_SAMPLES, noise=noise, random_state=seed),
    "henon": lambda seed, noise: make_henon(
        N_SAMPLES, columns=["x"], noise=noise, random_state=seed
    ),
    "lorenz63": lambda seed, noise: make_lorenz63(
        N_SAMPLES, columns=["x"], noise=noise, random_state=seed
    ),
    "roessler": lambda seed, noise: make_roessler(
        N_SAMPLES, columns=["x"], noise=noise, random_state=seed
    ),
    "mackey_glass": lambda seed, noise: make_mackey_glass(
        N_SAMPLES, noise=noise, random_state=seed
    ),
}


def measure(X, seed):
    """Return delay, E1 and the share of false neighbours for 1, 2, ... delays."""
    choice = choose_delay(X)
    rows, segments = _standardised(X, None)
    window = max(1, round(choice.mean_period))
    windows, times = _some_windows(rows, segments, choice.delay, N_DELAYS + 2, window, seed)
    growth, _ = neighbor_growth(windows, times, window)
    spread = growth.mean(axis=1)
    return choice.delay, spread[1:] / spread[:-1], (growth > FALSE).mean(axis=1)[:-1]


def main():
    """Measure all systems and write the table."""
    table = []
    for name, make in SYSTEMS.items():
        for noise in (0.0, 0.02):
            for seed in range(3):
                delay, e1, false = measure(make(seed, noise), seed)
                table += [
                    (name, noise, seed, delay, d + 1, e1[d], false[d]) for d in range(N_DELAYS)
                ]
    columns = ["system", "noise", "seed", "delay", "n_delays", "e1", "false_neighbors"]
    frame = pd.DataFrame(table, columns=columns)
    frame.round(4).to_csv(RESULTS, index=False)
    for column in ("e1", "false_neighbors"):
        spread = frame.groupby(["system", "noise", "n_delays"])[column].agg(["min", "max"])
        print(f"{column}\n{spread.unstack().round(3).to_string()}")


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
