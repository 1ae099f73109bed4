"""Largest exponents by skchaos.lyapunov_exponents against those along the very same rows.

Run from the root of the repository; what the output has already is skipped, so that it can be
stopped at any time, and rows that should be measured again are deleted first:

    python benchmarks/lyapunov/study.py --cache DIR --output benchmarks/results/lyapunov.csv
    python benchmarks/lyapunov/study.py --cache DIR --peer-data DIR2 --rows 5000 --seeds 3

DIR is what systems.py filled; series that it lacks are made there. The second line writes clean
single columns for peers.py instead: DIR2/HALF-ROWS-SEED-expert.npz has the systems that peers.py
knows settings for; what is in -default.npz needs its option `--settings default`.

All arguments of the method are its defaults, and so is its sampling interval of 1: exponents are
per row. `CLAIMED` are the cases that claims rest on, with all seeds; the rest of the cross product
of rows, noise and columns has `FEW` seeds, and so have `SLOW` systems at 100,000 rows. Noise is
white and Gaussian, added to each column in units of that column's standard deviation over the rows
used; it is the same for all levels.

    half            tuning, held_out and fresh, as systems.py says; real for recordings
    rows, noise, observed, seed
                    the case; observed is full (all columns) or one (the first column)
    series          CRC-32 of that one column, which peers.py writes too
    exact           largest exponent along these rows, nan where there is none or nobody knows it
    exact_mean      mean of `exact` over all seeds: the attractor's own, nearly
    lambda_max, standard_error, regime, n_delays, step, noise_level
                    as measured; nan where not resolved
    z               (lambda_max - exact) / standard_error
    relative_error  lambda_max / exact - 1
    exact_neutral, neutral
                    flows with all columns: the exponent that is nearest zero, and the measured one
                    of the same rank
    exact_positive, positive
                    all columns: sum of the positive exponents, and of the measured ones
    cpu_s           CPU seconds of the call
    error           message of an exception, else empty
"""

import argparse
import csv
import multiprocessing
import os
import time
import zlib
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from peers import EXPERT
from systems import (
    FRESH,
    HELD_OUT,
    N_SEEDS,
    NOT_CHAOS_HELD_OUT,
    NOT_CHAOS_TUNING,
    ROWS,
    SYSTEMS,
    TUNING,
    load,
    make_not_chaos,
)

from skchaos.exponents import lyapunov_exponents

NOISE_SEED = 20261125
NOISES = (0.0, 0.001, 0.01, 0.05)
FEW = 3
SLOW = ("lorenz96_20", "kuramoto_sivashinsky", "lorenz96_10")  # half a minute a series
CLAIMED = (
    (20_000, 0.0, "full"),
    (100_000, 0.0, "full"),
    (5_000, 0.0, "one"),
    (20_000, 0.0, "one"),
    (20_000, 0.01, "full"),
    (20_000, 0.05, "full"),
)
NOT_CHAOS_ROWS = (1000, 5000, 20_000)
FRESH_CASES = tuple(case for case in CLAIMED if case[0] <= 20_000 and case[1] == 0)
HALVES = {"tuning": TUNING, "held_out": HELD_OUT, "fresh": FRESH}
NOT_CHAOS = {"tuning": NOT_CHAOS_TUNING, "held_out": NOT_CHAOS_HELD_OUT, "fresh": ()}
MAKERS = {maker.__name__: maker for makers in NOT_CHAOS.values() for maker in makers}
PEER_NAMES = {"lorenz_38": "lorenz38", "lorenz96_20": "lorenz96"}  # where peers.py has others

KEY = ("half", "system", "rows", "noise", "observed", "seed")
FIELDS = (
    *(*KEY, "series", "exact", "exact_mean", "lambda_max", "standard_error", "z"),
    *("relative_error", "regime", "n_delays", "step", "noise_level", "exact_neutral", "neutral"),
    *("exact_positive", "positive", "cpu_s", "error"),
)


@dataclass(frozen=True)
class Task:
    """A system, a case and the seeds at which it is to be measured."""

    half: str
    system: str
    rows: int
    noise: float
    observed: str
    seeds: tuple

    def keys(self):
        """Return the key of each row of the output that this gives, as written there."""
        case = (self.half, self.system, str(self.rows), f"{self.noise:g}", self.observed)
        return [(*case, str(seed)) for seed in self.seeds]


def laser():
    """Return the far-infrared laser of the Santa Fe competition of 1991, counts."""
    from reservoirpy.datasets import santafe_laser

    return np.asarray(santafe_laser(), dtype=float).reshape(-1, 1)


def seattle_temps():
    """Return hourly climate normals of Seattle: means over years, not chaotic."""
    from vega_datasets import data

    frame = data.seattle_temps().set_index("date")[["temp"]]
    return frame.asfreq("h").interpolate().to_numpy(dtype=float)


# Recordings and the numbers of first rows that are used; the competition gave 1,000 of the laser.
REAL = {"laser": laser, "seattle_temps": seattle_temps}
REAL_ROWS = (("laser", 1000), ("laser", 10_093), ("seattle_temps", 8759))


def is_slow(system, n_rows):
    """Tell whether a case is left at few seeds for the time it takes."""
    return system.name in SLOW and n_rows == max(ROWS)


def tasks_of(half):
    """Return all tasks of a half, those that claims rest on first."""
    if half == "real":
        return [Task(half, name, rows, 0.0, "one", (0,)) for name, rows in REAL_ROWS]
    every, few = tuple(range(N_SEEDS)), tuple(range(FEW))
    claimed = CLAIMED
    rest = [case for case in product(ROWS, NOISES, ("full", "one")) if case not in CLAIMED]
    if half == "fresh":
        claimed, rest = FRESH_CASES, ()
    tasks = [
        Task(half, maker.__name__, rows, 0.0, "one", every)
        for rows, maker in product(NOT_CHAOS_ROWS, NOT_CHAOS[half])
    ]
    for cases, seeds in ((claimed, every), (rest, few)):
        tasks += [
            Task(half, system.name, *case, few if is_slow(system, case[0]) else seeds)
            for case, system in product(cases, HALVES[half])
            if system.has_full_state or case[2] == "one"
        ]
    return tasks


def add_noise(rows, level, system, seed):
    """Return rows with noise of `level` standard deviations of each column."""
    rng = np.random.default_rng([NOISE_SEED, seed, *system.encode()])
    noise = rng.standard_normal(rows.shape)
    return rows + level * rows.std(axis=0) * noise


def series_of(task, cache):
    """Yield the seed, the rows and the exact exponents of each series, and their means."""
    unknown = np.full(1, np.nan)
    if task.half == "real":
        yield 0, REAL[task.system]()[: task.rows], unknown, unknown
        return
    if task.system in MAKERS:
        for seed in task.seeds:
            yield seed, make_not_chaos(MAKERS[task.system], task.rows, seed), unknown, unknown
        return
    series = load(SYSTEMS[task.system], task.rows, cache)
    exact = series.exact[task.rows]
    for seed in task.seeds:
        rows = series.rows[seed]
        if task.noise:
            rows = add_noise(rows, task.noise, task.system, seed)
        if task.observed == "one":
            rows = np.ascontiguousarray(rows[:, :1])
        yield seed, rows, exact[seed], exact.mean(axis=0)


def at_rank(values, rank):
    """Return one of the values, nan where there are fewer."""
    return float(values[rank]) if rank < len(values) else np.nan


def compare(found, exact, mean, task):
    """Return the measured columns of a row of the output."""
    value, error = found.lambda_max, float(found.standard_errors[0])
    row = {
        "lambda_max": value,
        "standard_error": error,
        "z": (value - exact[0]) / error,
        "relative_error": value / exact[0] - 1,
        "regime": found.regime,
        "n_delays": found.n_delays,
        "step": found.step,
        "noise_level": found.noise_level,
    }
    system = SYSTEMS.get(task.system)
    if system and task.observed == "full":
        row["exact_positive"] = exact[exact > 0].sum()
        row["positive"] = found.exponents[found.exponents > 0].sum()
        if not system.is_map:
            rank = int(np.abs(mean).argmin())
            row |= {"exact_neutral": exact[rank], "neutral": at_rank(found.exponents, rank)}
    return row


def run(task, cache):
    """Return the rows of the output for one task."""
    rows = []
    for (seed, X, exact, mean), key in zip(series_of(task, cache), task.keys(), strict=True):
        row = dict(zip(KEY, key, strict=True)) | {"exact": exact[0], "exact_mean": mean[0]}
        if task.observed == "one" and not task.noise:
            row["series"] = f"{zlib.crc32(X.tobytes()):08x}"
        began = time.process_time()
        try:
            found = lyapunov_exponents(X)
            row["cpu_s"] = time.process_time() - began
            row |= compare(found, exact, mean, task)
        except Exception as error:
            row["error"] = f"seed {seed}: {type(error).__name__}: {error}"
        rows.append(row)
    return rows


def read_keys(path):
    """Return the keys of the rows of the output so far."""
    if not path.exists():
        return set()
    with path.open(newline="") as file:
        return {tuple(row[name] for name in KEY) for row in csv.DictReader(file)}


def append(path, rows):
    """Add rows to the output."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        if new:
            writer.writeheader()
        for row in rows:
            short = {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()}
            writer.writerow(short)


def missing(tasks, known):
    """Return the tasks with only the seeds that are not known."""
    left = []
    for task in tasks:
        seeds = [s for s, key in zip(task.seeds, task.keys(), strict=True) if key not in known]
        if seeds:
            left.append(Task(*(getattr(task, name) for name in KEY[:-1]), tuple(seeds)))
    return left


def run_missing(tasks, arguments):
    """Measure what the output lacks."""
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    left = missing(tasks, read_keys(arguments.output))
    with multiprocessing.Pool(arguments.jobs) as pool:
        for i, rows in enumerate(pool.imap_unordered(partial(run, cache=arguments.cache), left)):
            append(arguments.output, rows)
            name = " ".join(str(rows[0][field]) for field in KEY[:-1])
            seconds = sum(row.get("cpu_s", 0.0) for row in rows)
            print(f"{i + 1}/{len(left)} {name}: {len(rows)} seeds, {seconds:.1f} s", flush=True)
            for row in rows:
                if row.get("error"):
                    print("   ", row["error"], flush=True)


def write_peer_data(folder, tasks, cache):
    """Write the clean single columns of the tasks, as peers.py reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for task in tasks:
        name = PEER_NAMES.get(task.system, task.system)
        kind = "expert" if name in EXPERT else "default"
        dt = SYSTEMS[task.system].dt if task.system in SYSTEMS else 1.0
        for seed, X, exact, _ in series_of(task, cache):
            path = folder / f"{task.half}-{task.rows}-{seed}-{kind}.npz"
            files.setdefault(path, []).append((name, X[:, 0], dt, exact[0]))
    for path, found in files.items():
        names, columns, dts, exact = zip(*found, strict=True)
        arrays = dict(zip(names, columns, strict=True))
        np.savez_compressed(path, **arrays, dt=np.array(dts), exact=np.array(exact))
        print(path.name, *names)


def is_claimed(task):
    """Tell whether a claim rests on a task."""
    return task.system in MAKERS or (task.rows, task.noise, task.observed) in CLAIMED


def chosen_tasks(arguments):
    """Return the tasks that the command line asks for."""
    halves = [arguments.half] if arguments.half else [*HALVES, "real"]
    tasks = [task for half in halves for task in tasks_of(half)]
    if arguments.systems:
        tasks = [task for task in tasks if task.system in arguments.systems]
    if arguments.claimed:
        tasks = [task for task in tasks if is_claimed(task)]
    if arguments.rows:
        tasks = [task for task in tasks if task.rows in arguments.rows]
    seeds = slice(arguments.seeds)
    return [Task(*(getattr(t, name) for name in KEY[:-1]), t.seeds[seeds]) for t in tasks]


def main():
    """Measure what is missing, or write series for peers.py."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="folder of systems.py")
    parser.add_argument("--output", type=Path, metavar="CSV")
    parser.add_argument("--peer-data", type=Path, metavar="DIR", help="write series for peers.py")
    parser.add_argument("--half", choices=(*HALVES, "real"), help="default: all")
    parser.add_argument("--systems", nargs="+", help="default: all of the half")
    parser.add_argument("--rows", nargs="+", type=int, help="default: all")
    parser.add_argument("--claimed", action="store_true", help="only what claims rest on")
    parser.add_argument("--seeds", type=int, help="at most so many, the first ones")
    parser.add_argument("--jobs", type=int, default=2, help="processes, of one thread each")
    arguments = parser.parse_args()
    tasks = chosen_tasks(arguments)
    if arguments.peer_data:
        plain = [t for t in tasks if t.observed == "one" and not t.noise and t.half != "real"]
        write_peer_data(arguments.peer_data, plain, arguments.cache)
    elif arguments.output:
        run_missing(tasks, arguments)
    else:
        parser.error("pass --output or --peer-data")


if __name__ == "__main__":
    main()
