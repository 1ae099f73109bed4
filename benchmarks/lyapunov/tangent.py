"""Speed and agreement of the Lyapunov spectrum of fitted networks.

Run from the root of the repository, with one thread:

    OMP_NUM_THREADS=1 python benchmarks/lyapunov/tangent.py

It takes some seven minutes, writes benchmarks/results/tangent.json and prints the rows as it goes.

Networks are fitted to Lorenz-63 for some updates, so that their weights are of a fitted size. The
baseline is what one would write first: one orbit, the Jacobian of each step by torch.func.jacrev,
a QR decomposition at each step. Ours is skchaos.core.tangent_dynamics with all exponents, on many
orbits. Both run in float64 on one thread and are timed in turn, in CPU seconds; figures are medians
of repeats, in steps of one orbit per CPU second. Exponents of the first orbit are compared over the
same steps from the same state and frame, before the chaos of the network can tell them apart.

Below `microseconds` stands where our time goes, for one orbit: what a step may take if ours is to
be a hundred times as fast as the baseline, what it takes, what the cell's tangent takes of it, the
matrix product alone within the tangent, and one decomposition, which is due once in
`steps_per_block` steps. `product_gflops` is the rate of that product, and `peak_gflops` that of a
large one, which no cell can exceed. Parts are the fastest of many repeats, steps are medians, which
other work on the machine makes slower.
"""

import argparse
import json
import statistics
import time
import warnings
from pathlib import Path

import torch

from skchaos import ChaoticRNNRegressor
from skchaos.core import CELLS, tangent_dynamics
from skchaos.core._tangent import _decompose, _first_frame
from skchaos.datasets import make_lorenz63

COMMAND = "OMP_NUM_THREADS=1 python benchmarks/lyapunov/tangent.py"
OUTPUT = Path(__file__).parents[1] / "results" / "tangent.json"
SEED = 0
# An LSTM's state holds two numbers for each of its hidden units.
NETWORKS = (("elman", 30), ("gru", 30), ("lstm", 15), ("lstm", 30), ("plrnn", 30))
UPDATES = 1000
N_ORBITS = 128
N_STEPS, N_TRANSIENT = 400, 100
N_ALIGNED, N_COMPARED = 60, 60  # steps: rounding grows by some hundredths of a nat in each
BASELINE_STEPS = 300
PART_REPEATS = 200


def fitted_cell(name, n_hidden):
    """Return a network fitted to Lorenz-63, in float64, and states along the data."""
    rows = make_lorenz63(4000, random_state=SEED)
    settings = {"max_iter": UPDATES, "n_init": 1, "random_state": SEED}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a poor fit: it is the size of weights that matters
        engine = ChaoticRNNRegressor(name, n_hidden, **settings).fit(rows)._engine()
    states = engine.states(rows)[100 :: len(rows) // (N_ORBITS + 8)][:N_ORBITS]
    return engine.model.cell.requires_grad_(False), states


def plain_exponents(cell, state, n_steps, n_transient):
    """Return the exponents of one orbit, by autograd and a decomposition at each step."""
    jacobian = torch.func.jacrev(cell)
    frame = _first_frame(state[None], len(state))[0].mT
    total = torch.zeros_like(state)
    for step in range(n_transient + n_steps):
        frame, upper = torch.linalg.qr(jacobian(state) @ frame)
        state = cell(state)
        if step >= n_transient:
            total += upper.diagonal().abs().log()
    return total / n_steps


def our_exponents(cell, states, n_steps, n_transient):
    """Return the exponents of many orbits."""
    size = states.shape[1]
    return tangent_dynamics(
        cell, states, n_steps, n_exponents=size, n_transient=n_transient
    ).exponents


def cpu_seconds(function, *arguments):
    """Return the CPU seconds of a call."""
    started = time.process_time()
    function(*arguments)
    return time.process_time() - started


def fastest(function, *arguments):
    """Return the fewest CPU microseconds of a call."""
    return 1e6 * min(cpu_seconds(function, *arguments) for _ in range(PART_REPEATS))


def gflops(left, right):
    """Return the rate of a product of matrices (..., i, j) and (..., j, k)."""
    flop = 2 * left.numel() * right.shape[-1]
    return flop / fastest(torch.matmul, left, right) / 1e3


@torch.no_grad()
def parts(cell, states):
    """Return microseconds per orbit of the pieces of our algorithm, and the rate of its product."""
    n_orbits, size = states.shape
    _, vectors = cell.tangent(states, _first_frame(states, size).expand(n_orbits, -1, -1))
    if isinstance(cell, CELLS["elman"] | CELLS["plrnn"]):  # all orbits in one product
        left, right = cell.weight, vectors.flatten(end_dim=-2).mT.contiguous()
    else:  # a Jacobian for each orbit; an LSTM's is diagonal in its second half
        left, right = vectors[..., : cell.hidden_size], torch.rand_like(vectors)
        right = right[..., : cell.hidden_size].mT
    rate = gflops(left.contiguous(), right)
    flop = 2 * size * size * cell.hidden_size
    return {
        "tangent": fastest(cell.tangent, states, vectors) / n_orbits,
        "product": flop / rate / 1e3,
        "decomposition": fastest(_decompose, vectors) / n_orbits,
    }, rate


def measure(name, n_hidden, n_repeats):
    """Return the row of one network."""
    cell, states = fitted_cell(name, n_hidden)
    ours, plain = [], []
    for _ in range(n_repeats):
        seconds = cpu_seconds(plain_exponents, cell, states[0], BASELINE_STEPS, 0)
        plain.append(BASELINE_STEPS / seconds)
        seconds = cpu_seconds(our_exponents, cell, states, N_STEPS, N_TRANSIENT)
        ours.append(len(states) * (N_STEPS + N_TRANSIENT) / seconds)
    micros, rate = parts(cell, states)
    size = cell.state_size
    blocks = tangent_dynamics(cell, states, N_STEPS, n_exponents=size, n_transient=N_TRANSIENT)
    ours, plain = statistics.median(ours), statistics.median(plain)
    micros = {"step_at_100": 1e4 / plain, "step": 1e6 / ours, **micros}
    expected = plain_exponents(cell, states[0], N_COMPARED, N_ALIGNED)
    found = our_exponents(cell, states, N_COMPARED, N_ALIGNED)[0]
    return {
        "cell": name,
        "n_hidden": n_hidden,
        "state_size": size,
        "orbit_steps_per_cpu_second": round(ours),
        "plain_steps_per_cpu_second": round(plain),
        "ratio": round(ours / plain, 1),
        "microseconds": {part: round(value, 2) for part, value in micros.items()},
        "steps_per_block": round(N_STEPS / len(blocks.block_lengths), 1),
        "product_gflops": round(rate, 1),
        "largest_exponent_per_step": round(float(expected.max()), 6),
        "smallest_exponent_per_step": round(float(expected.min()), 6),
        "largest_difference": float(f"{float((found - expected).abs().max()):.1e}"),
        "difference_of_smallest": float(f"{float((found - expected)[-1].abs()):.1e}"),
    }


def main():
    """Measure all networks and store the table, or those of the cells named and print it."""
    parser = argparse.ArgumentParser(description="Time the Lyapunov spectrum of networks.")
    parser.add_argument("cells", nargs="*", help="cells to print, not stored; default all")
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name, n_hidden in NETWORKS:
        if arguments.cells and name not in arguments.cells:
            continue
        rows.append(measure(name, n_hidden, arguments.repeats))
        print(json.dumps(rows[-1]), flush=True)
    if not arguments.cells:
        settings = {"n_orbits": N_ORBITS, "updates": UPDATES, "torch": torch.__version__}
        square = torch.rand(1000, 1000, dtype=torch.float64)
        settings["peak_gflops"] = round(gflops(square, square), 1)
        table = {"command": COMMAND, "seed": SEED, **settings, "rows": rows}
        OUTPUT.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
