"""One update of training: the textbook's loop against skchaos, on the same work, one thread each.

    OMP_NUM_THREADS=1 python benchmarks/speed/update.py

Lorenz-63, 30 latents, batches of 32 sequences of 100 steps, forcing interval 30, state from one row
by the pseudo-inverse. The two take turns for a number of rounds, so that both meet the machine in
the same moods; a round gives a ratio of CPU times, and the table the median over rounds.
Writes benchmarks/results/speed_update.json.
"""

import json
import platform
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.speed.textbook import Textbook, Training
from skchaos.core import ForcedRNN, Sequences, SparseForcing, Stack, Table, TrainingConfig
from skchaos.core._training import _Member, _Program
from skchaos.datasets import make_lorenz63

N_ROUNDS, N_TEXTBOOK, N_OURS = 15, 5, 50
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
        "seed": 0,
    }
    config = TrainingConfig(**{**settings, **changes})
    torch.manual_seed(config.seed)
    model = ForcedRNN(cell, N_UNITS, n_features=X.shape[1], inference="pseudo_inverse")
    sequences = Sequences(
        Table.of(X), lengths=[len(X)], usable=[len(X)], offsets=torch.tensor([0]), config=config
    )
    return _Program(Stack.of([model]), [_Member(0, sequences)])


def measure(cell: str, X: torch.Tensor) -> dict:
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
    program = ours(cell, X)
    textbook.update()
    program.advance(5)  # compiles, where it has not been
    times = {"textbook": [], "skchaos": []}
    for _ in range(N_ROUNDS):
        start = time.process_time()
        for _ in range(N_TEXTBOOK):
            textbook.update()
        middle = time.process_time()
        program.advance(N_OURS)
        times["textbook"].append(1e3 * (middle - start) / N_TEXTBOOK)
        times["skchaos"].append(1e3 * (time.process_time() - middle) / N_OURS)
    ratios = [a / b for a, b in zip(*times.values(), strict=True)]
    return {
        "cell": cell,
        **{f"{name}_ms": statistics.median(values) for name, values in times.items()},
        "ratio": statistics.median(ratios),
        "ratios": [min(ratios), max(ratios)],
    }


def main() -> None:
    torch.set_num_threads(1)
    X = rows()
    results = []
    for cell in ("plrnn", "elman", "gru", "lstm"):
        results.append(measure(cell, X))
        print(json.dumps(results[-1]), flush=True)
    machine = f"{platform.system()}, {platform.machine()}, Python {platform.python_version()}"
    versions = {"torch": torch.__version__, "numpy": np.__version__}
    RESULTS.write_text(
        json.dumps({"machine": machine, "versions": versions, "update": results}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
