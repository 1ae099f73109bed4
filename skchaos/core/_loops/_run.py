"""Free runs of a cell."""

import numpy as np
from numba import njit

from skchaos.core._loops._blocks import columns_for, pack_cell, padded, spread
from skchaos.core._loops._cells import LSTM, OPTIONS, PLRNN, kick, njit_kept, start, step
from skchaos.core._loops._product import WIDTH, multiply


@njit_kept
def run(kind, n_units, weight, bias, extra, kicks, states, rows):
    """Run orbits freely.

    Parameters
    ----------
    kind : int
        Cell.
    n_units : int
        Units that the readout sees.
    weight, bias, extra : ndarray of shape (model, number)
        Of the cell; `extra` is a decay (PLRNN) or a candidate bias (GRU).
    kicks : ndarray of shape (model, step, orbit, unit)
        What is added to the hidden part of the state before each step; of no steps for nothing.
    states : ndarray of shape (model, orbit, state)
        At the start, replaced by those at the end.
    rows : ndarray of shape (model, step, orbit, unit)
        Filled with what the readout sees.
    """
    n_rows = padded(bias.shape[1])
    packed = np.zeros(n_rows * (n_units + 1), weight.dtype)
    for model in range(states.shape[0]):
        pack_cell(kind, n_units, weight[model], bias[model], packed)
        for first in range(0, states.shape[1], WIDTH):
            last = min(first + WIDTH, states.shape[1])
            _run_block(
                kind,
                n_units,
                n_rows,
                columns_for(last - first, states.itemsize),
                packed,
                extra[model],
                kicks[model, :, first:last],
                states[model, first:last],
                rows[model, :, first:last],
            )


@njit(**OPTIONS)
def _run_block(kind, n_units, n_rows, width, packed, extra, kicks, states, rows):
    n_orbits, size = states.shape
    n, kept = np.uint64(n_units * width), np.uint64(n_rows * width)
    record = np.empty((n_rows + 2 * n_units) * width, packed.dtype)
    state = np.zeros(size * width, packed.dtype)
    carried = np.zeros(n_units * width, packed.dtype)
    repeated = np.zeros(n_units * width, packed.dtype)
    push = np.zeros(n_units * width, packed.dtype)
    x = np.ones((n_units + 1) * width, packed.dtype)
    spread(extra, width, repeated)
    for v in range(n_orbits):
        for k in range(size):
            state[k * width + v] = states[v, k]
    start(kind, n, state, carried, x)
    shown = carried if kind == PLRNN else x
    for t in range(len(rows)):
        if len(kicks) > 0:
            for v in range(n_orbits):
                for k in range(n_units):
                    push[k * width + v] = kicks[t, v, k]
            kick(kind, n, push, carried, x)
        multiply(packed, n_rows, n_units + 1, x, width, record, False)
        step(kind, n, kept, record, repeated, carried, x)
        for v in range(n_orbits):
            for k in range(n_units):
                rows[t, v, k] = shown[k * width + v]
    for v in range(n_orbits):
        for k in range(n_units):
            states[v, k] = shown[k * width + v]
            if kind == LSTM:
                states[v, n_units + k] = carried[k * width + v]
