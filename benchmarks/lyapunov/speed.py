"""CPU time and memory of skchaos.lyapunov_exponents, beside nolds.lyap_r on the same rows.

Run from the root of the repository on an idle machine; it takes some ten minutes:

    python benchmarks/lyapunov/speed.py --environments DIR \
        --output benchmarks/results/lyapunov_speed.json

DIR holds the environment of nolds, which peers.py makes on first use from requirements-nolds.txt.
The series is Lorenz-63 at dt .01, one column or all three. Each call is the first one of a fresh
process with one thread, its arguments are the defaults, and the packages take turns. The output:

    machine         what it ran on
    calls           for each call: package, rows, observed (one column or full state), and lists
                    over repeats of cpu_s and peak_mb with their medians
    nolds_over_skchaos
                    for each number of rows: ratio of the medians of cpu_s and of peak_mb

cpu_s is the time of all threads in user and system mode during the call, seconds. peak_mb is how
far the call raised the peak of resident memory above that after the imports, in MB (2^20 bytes).
"""

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from _peer_worker import peak_mb
from peers import ENVIRONMENTS, THREADS, run_peer

SEED = 0
# Package, rows, observed, repeats.
CALLS = (
    ("skchaos", 5_000, "one", 5),
    ("nolds", 5_000, "one", 5),
    ("skchaos", 20_000, "one", 5),
    ("nolds", 20_000, "one", 2),
    ("skchaos", 100_000, "one", 5),
    ("skchaos", 1_000_000, "full", 3),
)
VERSIONS = ("numpy", "scipy", "scikit-learn")


def machine():
    """Return processor, system and versions in a line."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
        name = names[0] if names else name
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in VERSIONS)
    python = f"Python {platform.python_version()}"
    return f"{name}, {os.cpu_count()} cores, {platform.system()}, {python}, {versions}, one thread"


def make_rows(n_rows, observed):
    """Return Lorenz-63, all columns or the first."""
    from skchaos.datasets import make_lorenz63

    rows = make_lorenz63(n_rows, random_state=SEED)
    return rows if observed == "full" else np.ascontiguousarray(rows[:, :1])


def measure_here(path):
    """Call skchaos once in this process and print what it took, as JSON."""
    from skchaos.exponents import lyapunov_exponents

    rows = np.load(path)
    before, began = peak_mb(), time.process_time()
    found = lyapunov_exponents(rows, dt=0.01)
    cpu_s = time.process_time() - began
    taken = {"value": found.lambda_max, "cpu_s": cpu_s, "peak_mb": peak_mb() - before}
    print(json.dumps(taken))


def measure(package, rows, environments):
    """Return what one call in a fresh process took."""
    if package == "nolds":
        taken = run_peer("nolds", "default", rows[:, 0], "lorenz", environments=environments)
        if taken["error"]:
            raise RuntimeError(f"nolds, {len(rows)} rows: {taken['error']}")
        return taken
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npy"
        np.save(path, rows)
        environment = os.environ | dict.fromkeys(THREADS, "1")
        command = [sys.executable, __file__, "--measure", path]
        told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(told.stdout.splitlines()[-1])


def measure_all(environments, largest):
    """Return all calls, which take turns, with what each repeat took."""
    chosen = [call for call in CALLS if call[1] <= largest]
    calls = [
        {"package": package, "rows": n_rows, "observed": observed, "cpu_s": [], "peak_mb": []}
        for package, n_rows, observed, _ in chosen
    ]
    for repeat in range(max(n_repeats for *_, n_repeats in chosen)):
        for call, (package, n_rows, observed, n_repeats) in zip(calls, chosen, strict=True):
            if repeat >= n_repeats:
                continue
            taken = measure(package, make_rows(n_rows, observed), environments)
            for name in ("cpu_s", "peak_mb"):
                call[name].append(round(taken[name], 3))
            print(package, n_rows, observed, taken, flush=True)
    for call in calls:
        call |= {f"median_{name}": statistics.median(call[name]) for name in ("cpu_s", "peak_mb")}
    return calls


def ratios(calls):
    """Return how many times what skchaos takes nolds takes, by the number of rows."""
    medians = {(call["package"], call["rows"]): call for call in calls}
    found = {}
    for package, n_rows in medians:
        if package == "nolds":
            ours, theirs = medians["skchaos", n_rows], medians["nolds", n_rows]
            found[str(n_rows)] = {
                name: round(theirs[f"median_{name}"] / ours[f"median_{name}"], 1)
                for name in ("cpu_s", "peak_mb")
            }
    return found


def main():
    """Measure all calls and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environments", type=Path, metavar="DIR", default=ENVIRONMENTS)
    parser.add_argument("--output", type=Path, metavar="JSON")
    parser.add_argument("--largest", type=int, default=1_000_000, help="leave out longer series")
    parser.add_argument("--measure", type=Path, metavar="FILE.npy", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure_here(arguments.measure)
        return
    if not arguments.output:
        parser.error("pass --output")
    calls = measure_all(arguments.environments, arguments.largest)
    result = {"machine": machine(), "calls": calls, "nolds_over_skchaos": ratios(calls)}
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
