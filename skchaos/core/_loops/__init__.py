"""Compiled loops (numba): free runs, gradients of a batch of segments, turns of the optimizer.

For the CPU; gradients in float32. A block of `WIDTH` orbits runs through all its steps, and back
again, before the next block starts, so that all it needs is in the cache. Within a block states are
columns, flat arrays of `n_rows * WIDTH` numbers: one row a unit or gate, one column an orbit, and
every inner loop runs over whole columns. Below the state stands a row of ones, whose weight is the
bias. Every product, also those that add up to the gradient of a weight, is :func:`multiply`, which
wants multiples of `TILE` rows: weights are padded with rows of zeros.

The loops are compiled at their first call, in half a minute, and kept on disk for the next process.
"""

from skchaos.core._loops._cells import ELMAN, GRU, LSTM, PLRNN
from skchaos.core._loops._closed import run_closed
from skchaos.core._loops._gradients import add_gradients
from skchaos.core._loops._run import run
from skchaos.core._loops._turn import from_axes, to_axes

__all__ = [
    "ELMAN",
    "GRU",
    "LSTM",
    "PLRNN",
    "add_gradients",
    "from_axes",
    "run",
    "run_closed",
    "to_axes",
]
