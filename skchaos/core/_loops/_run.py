"""Free runs of a cell."""

import numpy as np
from numba import njit

from skchaos.core._loops._blocks import pack, padded, spread
from skchaos.core._loops._cells import LSTM, OPTIONS, PLRNN, start, step
from skchaos.core._loops._product import WIDTH, multiply


# Only the whole is kept on disk, not its parts.
@njit(cache=True, **OPTIONS)
def run(kind, n_units, weight, bias, extra, states, rows):
    """Run orbits freely.

    Parameters
    ----------
    kind : int
        Cell.
    n_units : int
        Units that the readout sees.
    weight, bias, extra : ndarray of shape (model, number)
        Of the cell; `extra` is a decay (PLRNN) or a candidate bias (GRU).
    states : ndarray of shape (model, orbit, state)
        At the start, replaced by those at the end.
    rows : ndarray of shape (model, step, orbit, unit)
        Filled with what the readout sees.
    """
    n_rows = padded(bias.shape[1])
    n, kept = np.uint64(n_units * WIDTH), np.uint64(n_rows * WIDTH)
    size = states.shape[2]
    packed = np.zeros(n_rows * (n_units + 1), np.float32)
    record = np.empty((n_rows + 2 * n_units) * WIDTH, np.float32)
    state = np.zeros(size * WIDTH, np.float32)
    carried = np.zeros(n_units * WIDTH, np.float32)
    repeated = np.zeros(n_units * WIDTH, np.float32)
    x = np.ones((n_units + 1) * WIDTH, np.float32)
    shown = carried if kind == PLRNN else x
    for model in range(states.shape[0]):
        pack(weight[model], bias[model], packed)
        if kind == PLRNN:  # the diagonal belongs to the decay alone
            for k in range(n_units):
                packed[k * (n_units + 1) + k] = 0
        spread(extra[model], repeated)
        for first in range(0, states.shape[1], WIDTH):
            width = min(WIDTH, states.shape[1] - first)
            for v in range(width):
                for k in range(size):
                    state[k * WIDTH + v] = states[model, first + v, k]
            start(kind, n, state, carried, x)
            for t in range(rows.shape[1]):
                multiply(packed, n_rows, n_units + 1, x, record, False)
                step(kind, n, kept, record, repeated, carried, x)
                for v in range(width):
                    for k in range(n_units):
                        rows[model, t, first + v, k] = shown[k * WIDTH + v]
            for v in range(width):
                for k in range(n_units):
                    states[model, first + v, k] = shown[k * WIDTH + v]
                    if kind == LSTM:
                        states[model, first + v, n_units + k] = carried[k * WIDTH + v]
