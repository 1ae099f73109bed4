"""Free runs of a network whose state is inferred anew before each step, from its own rows."""

import numpy as np
from numba import njit

from skchaos.core._loops._blocks import columns_for, pack, pack_cell, padded, spread
from skchaos.core._loops._cells import OPTIONS, PLRNN, kick, njit_kept, start, step
from skchaos.core._loops._product import WIDTH, multiply


@njit_kept
def run_closed(kind, n_units, cell, readout, inference, at, kicks, rows):
    """Continue rows.

    Parameters
    ----------
    kind : int
        Cell.
    n_units : int
        Units that the readout sees.
    cell : tuple of three ndarrays of shape (model, number)
        Weight, bias and extra of the cell (see `run`).
    readout, inference : tuple of two ndarrays of shape (model, number)
        Weight and bias of the maps from units to a row, and from a window of rows to a state.
    at : ndarray of shape (delay,)
        Numbers of the rows of the first window.
    kicks : ndarray of shape (model, step, orbit, unit)
        What is added to the hidden part of the state before each step; of no steps for nothing.
    rows : ndarray of shape (model, step, orbit, feature)
        The first, up to the last of the first window, are continued by the others, which hold
        what is to be added to them.
    """
    weight, bias, extra = cell
    to_row, row_bias = readout
    to_state, state_bias = inference
    n_window = len(at) * rows.shape[3]
    n_rows, n_states = padded(bias.shape[1]), padded(state_bias.shape[1])
    packed = np.zeros(n_rows * (n_units + 1), rows.dtype)
    inferring = np.zeros(n_states * (n_window + 1), rows.dtype)
    for model in range(rows.shape[0]):
        pack_cell(kind, n_units, weight[model], bias[model], packed)
        pack(to_state[model], state_bias[model], inferring)
        for first in range(0, rows.shape[2], WIDTH):
            last = min(first + WIDTH, rows.shape[2])
            _continue_block(
                kind,
                n_units,
                columns_for(last - first, rows.itemsize),
                packed,
                extra[model],
                to_row[model],
                row_bias[model],
                inferring,
                at,
                kicks[model, :, first:last],
                rows[model, :, first:last],
            )


@njit(**OPTIONS)
def _continue_block(
    kind, n_units, width, packed, extra, to_row, row_bias, inferring, at, kicks, rows
):
    n_orbits, n_features = rows.shape[1:]
    n_rows, n_window = len(packed) // (n_units + 1), len(at) * n_features
    n_states = len(inferring) // (n_window + 1)
    n, kept = np.uint64(n_units * width), np.uint64(n_rows * width)
    record = np.empty((n_rows + 2 * n_units) * width, packed.dtype)
    window = np.ones((n_window + 1) * width, packed.dtype)
    state = np.zeros(n_states * width, packed.dtype)
    carried = np.zeros(n_units * width, packed.dtype)
    repeated = np.zeros(n_units * width, packed.dtype)
    push = np.zeros(n_units * width, packed.dtype)
    x = np.ones((n_units + 1) * width, packed.dtype)
    row = np.empty(width, packed.dtype)
    spread(extra, width, repeated)
    shown = carried if kind == PLRNN else x
    for t in range(len(rows) - at[-1] - 1):
        for j in range(len(at)):
            for i in range(n_features):
                for v in range(n_orbits):
                    window[(j * n_features + i) * width + v] = rows[t + at[j], v, i]
        multiply(inferring, n_states, n_window + 1, window, width, state, False)
        start(kind, n, state, carried, x)
        if len(kicks) > 0:
            for v in range(n_orbits):
                for k in range(n_units):
                    push[k * width + v] = kicks[t, v, k]
            kick(kind, n, push, carried, x)
        multiply(packed, n_rows, n_units + 1, x, width, record, False)
        step(kind, n, kept, record, repeated, carried, x)
        for i in range(n_features):
            for v in range(width):
                row[v] = row_bias[i]
            for k in range(n_units):
                for v in range(width):
                    row[v] += to_row[i * n_units + k] * shown[k * width + v]
            for v in range(n_orbits):
                rows[t + at[-1] + 1, v, i] += row[v]
