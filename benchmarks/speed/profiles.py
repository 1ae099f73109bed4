"""Where the time of an update goes: the textbook's loop, and skchaos without numba and with it.

    OMP_NUM_THREADS=1 python benchmarks/speed/profiles.py

The work of update.py with an LSTM, under torch's profiler: the operations that take most of the
time by themselves. Writes benchmarks/results/speed_profile_textbook.txt and so on.
"""

import functools
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from benchmarks.speed.textbook import Textbook, Training
from benchmarks.speed.update import BATCH_SIZE, INTERVAL, LENGTH, N_UNITS, RATE, ours, rows
from skchaos.core._gradients import add_gradients_plain

CELL, N_UPDATES, N_SHOWN = "lstm", 30, 12
RESULTS = Path(__file__).parents[1] / "results"


def named(name, function):
    """Show a function as one line of the profile."""

    @functools.wraps(function)
    def inner(*args):
        with record_function(name):
            return function(*args)

    return inner


def main() -> None:
    torch.set_num_threads(1)
    X = rows()
    torch.manual_seed(0)
    textbook = Training(
        Textbook(CELL, N_UNITS, X.shape[1]),
        X,
        interval=INTERVAL,
        length=LENGTH,
        batch_size=BATCH_SIZE,
        seed=0,
        rate=RATE,
    )
    plain, compiled = ours(CELL, X), ours(CELL, X)
    plain.add_gradients = functools.partial(add_gradients_plain, plain.stack, plain.batches)
    compiled.add_gradients = named("compiled loop", compiled.add_gradients)
    contestants = {
        "textbook": lambda n: [textbook.update() for _ in range(n)],
        "plain": plain.advance,
        "compiled": compiled.advance,
    }
    for name, advance in contestants.items():
        advance(5)
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            advance(N_UPDATES)
        events = profiler.key_averages()
        table = events.table(sort_by="self_cpu_time_total", row_limit=N_SHOWN)
        n_calls = sum(event.count for event in events) / N_UPDATES
        text = f"{name}, {CELL}, {N_UPDATES} updates: {n_calls:.0f} operations an update\n{table}"
        lines = [line.rstrip() for line in text.splitlines()]
        (RESULTS / f"speed_profile_{name}.txt").write_text("\n".join(lines) + "\n")
        print(text)


if __name__ == "__main__":
    main()
