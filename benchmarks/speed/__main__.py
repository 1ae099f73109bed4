"""All figures of speed in one table, with the machine they come from.

    OMP_NUM_THREADS=1 python -m benchmarks.speed            # measure everything, an hour and a half
    OMP_NUM_THREADS=1 python -m benchmarks.speed --table    # from the results that are there

Runs the scripts of this folder one after the other; keep the machine free of anything else. Writes
benchmarks/results/speed.md, where whole fits stand apart: they may be of another machine. On a
machine with a CUDA GPU run gpu.py besides.
"""

import argparse
import csv
import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.speed.quality import GOOD

SCRIPTS = ("update", "profiles", "quality", "search", "scale", "fit")
RESULTS = Path(__file__).parents[1] / "results"


def read(name: str):
    return json.loads((RESULTS / f"speed_{name}.json").read_text())


def machine_of_results() -> str:
    """Return the machine of the results, which must be one."""
    machines = {read(name)["machine"] for name in ("update", "search", "scale")}
    if len(machines) > 1:
        raise ValueError(f"Results of several machines, {sorted(machines)}: measure all on one.")
    return machines.pop()


def updates() -> list[tuple]:
    rows = []
    for found in read("update")["updates"]:
        for name, label in (("plain", "without numba"), ("skchaos", "compiled")):
            low, high = found[f"{name}_ratios"]
            times = f"{found['textbook_ms']:.1f} / {found[f'{name}_ms']:.2f} ms CPU"
            ratio = f"{found[f'{name}_ratio']:.1f} ({low:.1f} to {high:.1f})"
            rows.append((f"an update, {found['cell']}, {label}", "textbook", times, ratio))
    return rows


def quality() -> list[tuple]:
    with (RESULTS / "speed_quality.csv").open() as file:
        found = list(csv.DictReader(file))
    late = [row for row in found if float(row["divergence"]) >= GOOD]
    if late:
        raise ValueError(f"Not below {GOOD}: {late}.")
    seconds = {
        name: [float(row["cpu_s"]) for row in found if row["trainer"] == name]
        for name in ("textbook", "skchaos")
    }
    (a, b) = (statistics.median(values) for values in seconds.values())
    spread = ", ".join(f"{min(v):.1f} to {max(v):.1f}" for v in seconds.values())
    return [
        ("D_stsp below .0618, LSTM", "textbook", f"{a:.1f} / {b:.1f} s ({spread})", f"{a / b:.0f}")
    ]


def searches() -> list[tuple]:
    found = read("search")
    times = {name: statistics.median(values) for name, values in found["wall_s"].items()}
    return [
        (
            f"48 fits, {name}",
            "GridSearchCV",
            f"{times['grid']:.0f} / {times[name]:.0f} s wall",
            f"{1 / ratio:.1f}",
        )
        for name, ratio in found["ratio_to_grid"].items()
    ]


def scales() -> list[tuple]:
    found = read("scale")
    fit, divergence, run = found["fit"], found["divergence"], found["free_run"]
    peak = f"{fit['mapped']['peak_mb']:.0f} MB more memory"
    return [
        ("fit of a file of 5 x 10^7 rows", "a first small fit", peak, ""),
        ("an update there", "of 10^4 rows", "", f"{1 / fit['update_ratio']:.2f}"),
        ("divergence of 10^7 rows", "numpy.histogramdd", "", f"{1 / divergence['ratio']:.1f}"),
        ("one orbit, a step", "bare torch loop", "", f"{1 / run['one_over_bare_loop']:.1f}"),
        ("1,000 orbits, a step of each", "bare torch loop of one", "", f"{run['many']:.1f}"),
    ]


def fits() -> list[tuple]:
    rows = []
    for found in read("fit")["fits"]:
        low, high = min(found["fit_s"]), max(found["fit_s"])
        textbook = statistics.median(found["textbook_s"])
        times = f"{textbook:.0f} / {found['median_fit_s']:.0f} s wall ({low:.0f} to {high:.0f})"
        what = f"a fit with defaults, Lorenz-63, 10,000 rows, {found['case']}"
        rows.append((what, "textbook, 30,000 updates", times, f"{found['times_as_fast']:.1f}"))
    return rows


def table(rows: list[tuple]) -> str:
    header = ("what", "against", "its time / ours", "times as fast")
    lines = [" | ".join(row) for row in (header, ("---",) * 4, *rows)]
    return "\n".join(f"| {line} |" for line in lines)


def report() -> str:
    of_parts = table([*updates(), *quality(), *searches(), *scales()])
    parts = [machine_of_results(), of_parts, read("fit")["machine"], table(fits())]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true", help="do not measure")
    if not parser.parse_args().table:
        for name in SCRIPTS:
            print(f"== {name}", flush=True)
            subprocess.run([sys.executable, "-m", f"benchmarks.speed.{name}"], check=True)
    text = report()
    print(text)
    (RESULTS / "speed.md").write_text(text)


if __name__ == "__main__":
    main()
