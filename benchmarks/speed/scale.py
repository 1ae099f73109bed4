"""A fit on a memory-mapped file of 50 million rows, and free runs and divergences of many rows.

    OMP_NUM_THREADS=1 python benchmarks/speed/scale.py

Needs 600 MB of disk for the file, which is removed. Writes benchmarks/results/speed_scale.json:

    fit           peak of resident memory above that after importing and a first small fit, MB, with
                  10^4 rows in memory and 5 x 10^7 rows in a file; and the time of an update there
                  and here, in one process, taking turns
    divergence    seconds of state_space_divergence of 10^7 rows in three columns over those of
                  numpy's histogram of the same rows; and in ten columns of 10^6 rows
    free_run      microseconds a step of one orbit over those of a bare torch loop with `out=`
                  buffers; and those of that loop over those of a step of one of 1,000 orbits
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.speed.machine import machine
from benchmarks.speed.update import ours
from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_lorenz63
from skchaos.metrics import state_space_divergence

N_ROWS, N_SMALL = 50_000_000, 10_000
RESULTS = Path(__file__).parents[1] / "results" / "speed_scale.json"
SETTINGS = {"max_iter": 300, "n_init": 1, "random_state": 0, "forcing_interval": 30}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write(path: Path) -> None:
    rows = make_lorenz63(1_000_000, random_state=0).astype(np.float32)
    with path.open("wb") as file:
        for _ in range(N_ROWS // len(rows)):
            rows.tofile(file)


def mapped(path: str) -> np.memmap:
    return np.memmap(path, np.float32, mode="r", shape=(N_ROWS, 3))


def fit_in_this_process(path: str) -> None:
    """Print how far a fit raises the peak of memory."""
    small = make_lorenz63(N_SMALL, random_state=1)
    ChaoticRNNRegressor(**SETTINGS).fit(small)
    before = peak_mb()
    X = mapped(path) if path else make_lorenz63(N_SMALL, random_state=2)
    began = time.process_time()
    ChaoticRNNRegressor(**SETTINGS).fit(X)
    print(json.dumps({"peak_mb": peak_mb() - before, "cpu_s": time.process_time() - began}))


def measure_fits(path: Path) -> dict:
    found = {}
    for name, argument in (("in memory", ""), ("mapped", str(path))):
        command = [sys.executable, "-m", "benchmarks.speed.scale", "--fit", argument]
        found[name] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    few = torch.as_tensor(make_lorenz63(N_SMALL, random_state=0), dtype=torch.float32)
    rows = np.memmap(path, np.float32, mode="c", shape=(N_ROWS, 3))
    programs = [ours("lstm", few), ours("lstm", torch.from_numpy(rows))]
    ratios = []
    for turn in range(11):
        times = []
        for program in programs:
            began = time.process_time()
            program.advance(100)
            times.append(time.process_time() - began)
        if turn:  # the first compiles
            ratios.append(times[1] / times[0])
    return found | {"update_ratio": statistics.median(ratios)}


def measure_divergence() -> dict:
    rng = np.random.default_rng(0)
    ratios = []
    for _ in range(3):
        X, Y = rng.normal(size=(2, 10_000_000, 3))
        began = time.process_time()
        state_space_divergence(X, Y, method="binned")
        middle = time.process_time()
        ranges = list(zip(X.min(axis=0), X.max(axis=0), strict=True))
        for rows in (X, Y):
            np.histogramdd(rows, bins=30, range=ranges)
        ratios.append((middle - began) / (time.process_time() - middle))
    X, Y = rng.normal(size=(2, 1_000_000, 10))
    began = time.process_time()
    state_space_divergence(X, Y, method="binned")
    return {"ratio": statistics.median(ratios), "ten_columns_s": time.process_time() - began}


def bare_loop(weight, bias, hidden, memory, n_steps: int) -> None:
    """Step an LSTM in float64 in buffers of its own."""
    size = hidden.shape[1]
    gates, shown = hidden.new_empty(len(hidden), 4 * size), torch.empty_like(hidden)
    enter, forget, fresh, out = gates.split(size, dim=1)
    for _ in range(n_steps):
        torch.addmm(bias, hidden, weight.T, out=gates)
        enter.sigmoid_(), forget.sigmoid_(), fresh.tanh_(), out.sigmoid_()
        memory.mul_(forget).addcmul_(enter, fresh)
        torch.tanh(memory, out=shown)
        torch.mul(shown, out, out=hidden)


def measure_free_runs() -> dict:
    X = make_lorenz63(5_000, random_state=0)
    model = ChaoticRNNRegressor(**SETTINGS).fit(X)
    weight, bias = (
        torch.as_tensor(w, dtype=torch.float64) for w in (model.cell_weight_, model.cell_bias_)
    )
    size = weight.shape[1]
    contexts = np.stack([X[i : i + model.n_context_] for i in range(1000)])
    model.forecast(10)  # compiles, where it has not been
    one, many = [], []
    for _ in range(5):
        began = time.process_time()
        model.forecast(100_000)
        step_of_one = (time.process_time() - began) / 100_000
        began = time.process_time()
        with torch.no_grad():
            bare_loop(
                weight, bias, torch.zeros(1, size).double(), torch.zeros(1, size).double(), 20_000
            )
        step_of_loop = (time.process_time() - began) / 20_000
        began = time.process_time()
        model.forecast(1_000, contexts)
        one.append(step_of_one / step_of_loop)
        many.append(step_of_loop / ((time.process_time() - began) / 1e6))
    return {"one_over_bare_loop": statistics.median(one), "many": statistics.median(many)}


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.f32"
        write(path)
        results = {"machine": machine(), "fit": measure_fits(path)}
    results["divergence"] = measure_divergence()
    results["free_run"] = measure_free_runs()
    print(json.dumps(results, indent=1))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        fit_in_this_process(sys.argv[2])
    else:
        main()
