"""One update of training: the textbook's loop against skchaos, with numba and without.

    OMP_NUM_THREADS=1 python benchmarks/speed/update.py

Lorenz-63, 30 latents, batches of 32 sequences of 100 steps, forcing interval 30, state from one row
by the pseudo-inverse; one thread each. The three take turns for a number of rounds, so that all
meet the machine in the same moods; a round gives ratios of CPU times, and the table the median over
rounds.
Writes benchmarks/results/speed_update.json.
"""

import functools
import json
import statistics
import time
from pathlib import Path

import torch

from benchmarks.speed.machine import machine
from benchmarks.speed.textbook import Textbook, Training
from skchaos.core import ForcedRNN, Sequences, SparseForcing, Stack, Table, TrainingConfig
from skchaos.core._gradients import add_gradients_plain
from skchaos.core._training import _Member, _Program
from skchaos.datasets import make_lorenz63

N_ROUNDS, N_UPDATES = 15, {"textbook": 5, "plain": 20, "skchaos": 50}
N_UNITS, INTERVAL, LENGTH, BATCH_SIZE, RATE = 30, 30, 100, 32, 1e-3
RESULTS = Path(__file__).parents[1] / "results" / "speed_update.json"


def rows() -> torch.Tensor:
    X = make_lorenz63(20_000, random_state=0)
    return torch.tensor((X - X.mean(axis=0)) / X.std(axis=0), dtype=torch.float32)


def ours(cell: str, X: torch.Tensor, **changes) -> _Program:
    """Return skchaos' training, ready to advance."""
    settings = {
        "forcing": SparseForcing(INTERVAL),
        "sequence_length": LENGTH,
        "batch_size": BATCH_SIZE,
        "max_iter": 30_000,
        "learning_rate": RATE,
        "alpha": 0.0,
        "check_every": 1000,
        "patience": None,
        "tol": 0.0,
        "is_squared": True,
        "seed": 0,
    }
    config = TrainingConfig(**{**settings, **changes})
    torch.manual_seed(config.seed)
    model = ForcedRNN(cell, N_UNITS, n_features=X.shape[1], inference="pseudo_inverse")
    sequences = Sequences(
        Table.of(X), lengths=[len(X)], usable=[len(X)], offsets=torch.tensor([0]), config=config
    )
    return _Program(Stack.of([model]), [_Member(0, sequences)])


def trainings(cell: str, X: torch.Tensor) -> tuple[Training, _Program, _Program]:
    """Return the textbook's training, and skchaos' without numba and with it."""
    torch.manual_seed(0)
    textbook = Training(
        Textbook(cell, N_UNITS, X.shape[1]),
        X,
        interval=INTERVAL,
        length=LENGTH,
        batch_size=BATCH_SIZE,
        seed=0,
        rate=RATE,
    )
    plain, compiled = ours(cell, X), ours(cell, X)
    plain.add_gradients = functools.partial(add_gradients_plain, plain.stack, plain.batches)
    return textbook, plain, compiled


def contestants(textbook: Training, plain: _Program, compiled: _Program) -> dict:
    """Return them by their names, as functions of the number of updates to do."""
    return {
        "textbook": lambda n_updates: [textbook.update() for _ in range(n_updates)],
        "plain": plain.advance,
        "skchaos": compiled.advance,
    }


def measure(cell: str, X: torch.Tensor) -> dict:
    advances = contestants(*trainings(cell, X))
    for advance in advances.values():
        advance(5)  # compiles, where it has not been
    times = {name: [] for name in advances}
    for _ in range(N_ROUNDS):
        for name, advance in advances.items():
            start = time.process_time()
            advance(N_UPDATES[name])
            times[name].append(1e3 * (time.process_time() - start) / N_UPDATES[name])
    found = {"cell": cell}
    for name, values in times.items():
        ratios = [a / b for a, b in zip(times["textbook"], values, strict=True)]
        found[f"{name}_ms"] = statistics.median(values)
        if name != "textbook":
            found[f"{name}_ratio"] = statistics.median(ratios)
            found[f"{name}_ratios"] = [min(ratios), max(ratios)]
    return found


def main() -> None:
    torch.set_num_threads(1)
    X = rows()
    results = []
    for cell in ("plrnn", "elman", "gru", "lstm"):
        results.append(measure(cell, X))
        print(json.dumps(results[-1]), flush=True)
    found = {"machine": machine(), "updates": results}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
