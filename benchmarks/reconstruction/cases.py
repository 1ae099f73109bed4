"""The series of the study: systems, conditions, and the truth that models are judged by.

Every case trains on one trajectory and is judged by others, which are clean: a model is to find the
system, not its noise. Two disjoint sets of trajectories are made of each system, one to choose
defaults on and one to report. Of a recording there is one: its first 80 % are trained on, forecasts
are judged on the rest, and free runs by all rows, since the rest is too short for histograms.

Simulations are kept in a folder, `SKCHAOS_BENCHMARK_CACHE` or one beside the results.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.lyapunov.systems import SYSTEMS as FLOWS_AND_MAPS
from skchaos.datasets import (
    make_duffing,
    make_henon,
    make_lorenz63,
    make_lorenz96,
    make_mackey_glass,
    make_roessler,
)

RESULTS = Path(__file__).parents[1] / "results"
CACHE = Path(os.environ.get("SKCHAOS_BENCHMARK_CACHE", RESULTS / "cache"))
N_ROWS, N_SHORT, N_TRUTHS = 100_000, 1_000, 3
SEEDS = {"choose": 500, "report": 900}  # of the first trajectory of a set
CONDITIONS = ("clean", "noise5", "noise10", "part", "part_noise5", "short")


@dataclass(frozen=True)
class System:
    """How a series is made.

    Attributes
    ----------
    make : callable
        ``(n_rows, seed) -> rows``.
    dt : float
        Sampling interval.
    exponent : str or None
        Where the largest exponent is found: a key of one of the two tables of exponents.
    part : tuple of int
        Columns that are seen where the system is seen in part; empty where there is but one.
    is_map : bool
        Whether a row is an iterate.
    """

    make: Callable
    dt: float
    exponent: tuple | None
    part: tuple[int, ...] = (0,)
    is_map: bool = False


@dataclass(frozen=True)
class Case:
    """What a model gets, and what it is judged by.

    Attributes
    ----------
    train : ndarray of shape (n_rows, n_features)
        Rows to learn from.
    truths : list of ndarray of shape (n_rows, n_features)
        Clean rows that free runs are compared with.
    contexts, future : ndarray of shape (n_rows, n_features)
        Rows to forecast from, with the noise of `train`, and the same without.
    dt, exponent : float
        Sampling interval, and the largest exponent per step (nan where it is not known).
    is_real : bool
        Whether it is a recording.
    """

    train: np.ndarray
    truths: list[np.ndarray]
    contexts: np.ndarray
    future: np.ndarray
    dt: float
    exponent: float
    is_real: bool = False


def _by_maker(maker, **options):
    return lambda n_rows, seed: maker(n_rows, random_state=seed, **options)


def _by_step(name):
    """Return a maker that iterates one of the systems of the study of exponents."""

    def make(n_rows, seed):
        system = FLOWS_AND_MAPS[name]
        rng = np.random.default_rng([seed, *name.encode()])
        x = np.array(system.draw(rng, 1), dtype=complex)
        rows = np.empty((n_rows, len(system.observe(x.real))))
        for t in range(-system.n_transient, n_rows):
            x = system.advance(x)
            if t >= 0:
                rows[t] = system.observe(x.real)[:, 0]
        return rows

    return make


def _stepped(name, **options):
    system = FLOWS_AND_MAPS[name]
    options.setdefault("is_map", system.is_map)
    return System(_by_step(name), system.dt, ("lyapunov", name), **options)


SYSTEMS = {
    "lorenz": System(_by_maker(make_lorenz63), 0.01, ("lorenz63", {"rho": 28.0})),
    "lorenz38": System(
        _by_maker(make_lorenz63, rho=38.0), 0.01, ("lorenz63", {"rho": 38.0}), (0, 1)
    ),
    "roessler": System(_by_maker(make_roessler), 0.1, ("roessler", {"c": 10.0}), (1,)),
    "duffing": System(_by_maker(make_duffing), 0.177, ("duffing", {"delta": 0.1})),
    "lorenz96_10": _stepped("lorenz96_10", part=(0, 1)),
    "lorenz96_20": System(_by_maker(make_lorenz96), 0.05, ("lyapunov", "lorenz96_20"), (0, 1)),
    "kuramoto_sivashinsky": _stepped("kuramoto_sivashinsky", part=(0, 1)),
    "mackey_glass_17": System(
        _by_maker(make_mackey_glass), 1.0, ("lyapunov", "mackey_glass_17"), ()
    ),
    "mackey_glass_30": System(
        _by_maker(make_mackey_glass, delay=30.0), 1.0, ("lyapunov", "mackey_glass_30"), ()
    ),
    "henon": System(_by_maker(make_henon), 1.0, ("lyapunov", "henon"), is_map=True),
    "ikeda": _stepped("ikeda"),
    "chua": _stepped("chua"),
    "chen": _stepped("chen"),
    "sprott_b": _stepped("sprott_b"),
    "hyper_roessler": _stepped("hyper_roessler"),
}


def _laser():
    from reservoirpy.datasets import santafe_laser

    return np.asarray(santafe_laser(), dtype=float).reshape(-1, 1)


def _temperature():
    """Return a year of hours at Greensboro (typical months of several years, put together)."""
    import pvlib
    from pvlib.iotools import read_tmy3

    path = Path(pvlib.__file__).parent / "data" / "723170TYA.CSV"
    frame, _ = read_tmy3(path, map_variables=True)
    return frame[["temp_air"]].to_numpy(dtype=float)


def _heart():
    """Return the second recording of a heart that heartpy ships."""
    # Not imported: the package asks for a part of setuptools that newer ones lack.
    [folder] = find_spec("heartpy").submodule_search_locations
    return np.loadtxt(Path(folder) / "data" / "data2.csv", skiprows=1, delimiter=",", usecols=1)[
        :, None
    ]


RECORDINGS = {"laser": _laser, "temperature": _temperature, "heart": _heart}


def conditions_of(name: str) -> tuple[str, ...]:
    """Return the conditions that a system is studied in."""
    if name in RECORDINGS:
        return ("clean",)
    if not SYSTEMS[name].part:
        return tuple(c for c in CONDITIONS if not c.startswith("part"))
    return CONDITIONS


@cache
def load(name: str, condition: str = "clean", which: str = "report") -> Case:
    """Return a case.

    Parameters
    ----------
    name : str
        System or recording.
    condition : str
        One of `CONDITIONS`.
    which : {"choose", "report"}
        Set of trajectories.
    """
    if name in RECORDINGS:
        rows = RECORDINGS[name]()
        cut = int(0.8 * len(rows))
        return Case(rows[:cut], [rows], rows[cut:], rows[cut:], 1.0, np.nan, is_real=True)
    system = SYSTEMS[name]
    columns = list(system.part) if condition.startswith("part") else slice(None)
    train, *truths = (_trajectory(name, SEEDS[which] + i)[:, columns] for i in range(N_TRUTHS + 1))
    level = 0.1 if "noise10" in condition else 0.05 if "noise5" in condition else 0.0
    rng = np.random.default_rng([SEEDS[which], *name.encode()])
    noisy = [
        rows + level * rows.std(axis=0) * rng.standard_normal(rows.shape)
        for rows in (train, truths[0])
    ]
    if condition == "short":
        noisy[0] = noisy[0][:N_SHORT]
    exponent = largest_exponent(name) * system.dt
    return Case(noisy[0], truths, noisy[1], truths[0], system.dt, exponent)


def _trajectory(name: str, seed: int) -> np.ndarray:
    path = CACHE / f"{name}-{seed}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = SYSTEMS[name].make(N_ROWS, seed)
        if not np.isfinite(rows).all():
            raise RuntimeError(f"An orbit of {name} left its attractor (seed {seed}).")
        np.save(path, rows)
    return np.load(path)


def largest_exponent(name: str) -> float:
    """Return the largest exponent that was computed for a system, per unit of time."""
    table, key = SYSTEMS[name].exponent
    if table == "lyapunov":
        import pandas as pd

        known = pd.read_csv(RESULTS / "lyapunov.csv")
        known = known[(known.system == key) & (known.observed != "real")]
        per_step = known.exact_mean.dropna().median()
        return per_step / SYSTEMS[name].dt
    for row in json.loads((RESULTS / "exponents.json").read_text())["rows"]:
        if row["system"] == table and key.items() <= row["parameters"].items():
            return row["exponents"][0]
    raise KeyError(name)
