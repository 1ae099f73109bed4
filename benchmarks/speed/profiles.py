"""Where the time of an update goes: the textbook's loop, and skchaos without numba and with it.

    OMP_NUM_THREADS=1 python benchmarks/speed/profiles.py

The work of update.py with an LSTM, under torch's profiler: the operations that take most of the
time by themselves. Writes benchmarks/results/speed_profile_textbook.txt and so on.
"""

from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from benchmarks.speed.update import contestants, rows, trainings

CELL, N_UPDATES, N_SHOWN = "lstm", 30, 12
RESULTS = Path(__file__).parents[1] / "results"


def main() -> None:
    torch.set_num_threads(1)
    textbook, plain, compiled = trainings(CELL, rows())
    loop = compiled.add_gradients

    def shown(starts: torch.Tensor) -> torch.Tensor:  # torch sees nothing of what is compiled
        with record_function("compiled loop"):
            return loop(starts)

    compiled.add_gradients = shown
    for name, advance in contestants(textbook, plain, compiled).items():
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
