"""The loss of a batch of segments, and its gradients."""

from collections import namedtuple

import numpy as np
from numba import njit

from skchaos.core._loops._blocks import (
    add_outer,
    add_unpacked,
    pack,
    pack_cell,
    pack_transposed,
    padded,
    spread,
    turn,
)
from skchaos.core._loops._cells import (
    LSTM,
    OPTIONS,
    PLRNN,
    before,
    kick,
    njit_kept,
    start,
    step,
    step_back,
)
from skchaos.core._loops._product import WIDTH, multiply

# Numbers of rows: of the state's hidden part; with padding, of the product in the cell, of the
# readout, of an inferred state and of the hidden part; of a window; of inputs.
_Sizes = namedtuple("_Sizes", ["units", "rows", "read", "state", "padded", "window", "inputs"])
# Padded weights, with their transposes: of the cell, of the readout, of the map from a window; and
# those of inputs.
_Weights = namedtuple("_Weights", ["cell", "back", "read", "read_back", "infer", "extra", "drive"])
# Gradients added up over blocks, in tiles.
_Totals = namedtuple("_Totals", ["cell", "read", "infer", "extra", "drive"])
# What a block leaves for the way back, by step: with inputs, these and the states that they kicked.
_Trace = namedtuple("_Trace", ["window", "shown", "records", "errors", "inputs", "kicked"])

_TWICE = np.float32(2)


@njit_kept
def add_gradients(kind, n_units, n_features, batch, at, values, gradients, losses):
    """Add the gradients of the loss of a batch of segments.

    Parameters
    ----------
    kind : int
        Cell.
    n_units : int
        Units that the readout sees.
    n_features : int
        Leading columns of the table that states are inferred from.
    batch : tuple
        `table` (row, output), what is read out of the state that arrives at a row; `windows`, the
        same or a like one that states are inferred from; `center` and
        `factor` (model, output), what to subtract from it and then to multiply it by; `starts`
        (model, segment), the rows at which segments start; `lengths` (segment,), their steps;
        `offsets` (delay,), the rows of a window; `inputs` (row, input), what kicks the state before
        the step from a row, perhaps of no columns; `unit`, the weight of one number in the mean;
        and the least length of an error, 0 where errors count squared.
    at : tuple of int
        Where parameters end in a row of `values`: weight, bias and extra of the cell, weight and
        bias of the readout, weight and bias of the map from a window to a state, and weight of
        inputs; the map is empty where the state is inferred by the pseudo-inverse of the readout.
    values, gradients : ndarray of shape (model, number)
        Parameters, and what their gradients are added to.
    losses : ndarray of shape (model,)
        Filled with the losses.
    """
    table, windows, center, factor, starts, lengths, offsets, inputs = batch[:8]
    scale = (np.float32(batch[8]), np.float32(batch[9]))
    n_state = at[6] - at[5]
    if n_state == 0:
        n_state = 2 * n_units if kind == LSTM else n_units
    n_rows, n_read = padded(at[1] - at[0]), padded(table.shape[1])
    n_window = offsets.size * n_features
    n_state, n_inputs = padded(n_state), inputs.shape[1]
    sizes = _Sizes(n_units, n_rows, n_read, n_state, padded(n_units), n_window, n_inputs)
    weights, totals = _new_weights(sizes), _new_totals(sizes)
    trace = _new_trace(sizes, lengths.max())
    for model in range(starts.shape[0]):
        _read_weights(kind, sizes, at, n_features, values[model], weights)
        totals.cell[:], totals.read[:], totals.infer[:] = 0, 0, 0
        totals.extra[:], totals.drive[:] = 0, 0
        losses[model] = 0
        for first in range(0, starts.shape[1], WIDTH):
            start_rows = starts[model, first : first + WIDTH]
            n_steps = lengths[first : first + WIDTH]
            source = (table, center[model], factor[model], inputs)
            seen = (windows, center[model], factor[model])
            _infer(seen, start_rows, offsets, n_features, trace.window)
            losses[model] += _forth(kind, sizes, weights, source, start_rows, n_steps, scale, trace)
            _back(kind, sizes, weights, n_steps.max(), trace, totals)
        _add_totals(kind, sizes, at, n_features, values[model], weights, totals, gradients[model])


@njit(**OPTIONS)
def _new_weights(sizes):
    return _Weights(
        np.zeros(sizes.rows * (sizes.units + 1), np.float32),
        np.zeros(sizes.padded * sizes.rows, np.float32),
        np.zeros(sizes.read * (sizes.units + 1), np.float32),
        np.zeros(sizes.padded * sizes.read, np.float32),
        np.zeros(sizes.state * (sizes.window + 1), np.float32),
        np.zeros(sizes.units * WIDTH, np.float32),
        np.zeros(sizes.padded * sizes.inputs, np.float32),
    )


@njit(**OPTIONS)
def _new_totals(sizes):
    n_tiles = sizes.units // WIDTH + 1
    return _Totals(
        np.zeros((n_tiles, sizes.rows * WIDTH), np.float32),
        np.zeros((n_tiles, sizes.read * WIDTH), np.float32),
        np.zeros((sizes.window // WIDTH + 1, sizes.state * WIDTH), np.float32),
        np.zeros(sizes.padded * WIDTH, np.float32),
        np.zeros((-(-sizes.inputs // WIDTH), sizes.padded * WIDTH), np.float32),
    )


@njit(**OPTIONS)
def _new_trace(sizes, n_steps):
    return _Trace(
        np.ones((sizes.window + 1) * WIDTH, np.float32),
        np.ones((n_steps + 1, (sizes.units + 1) * WIDTH), np.float32),
        np.empty((n_steps, (sizes.rows + 2 * sizes.units) * WIDTH), np.float32),
        np.empty((n_steps, sizes.read * WIDTH), np.float32),
        np.zeros((n_steps, sizes.inputs * WIDTH), np.float32),
        np.ones((n_steps if sizes.inputs else 0, (sizes.units + 1) * WIDTH), np.float32),
    )


@njit(**OPTIONS)
def _read_weights(kind, sizes, at, n_features, own, weights):
    """Pad the weights of a model."""
    n_units = sizes.units
    pack_cell(kind, n_units, own[: at[0]], own[at[0] : at[1]], weights.cell)
    pack_transposed(own[: at[0]], at[1] - at[0], sizes.rows, weights.back)
    if kind == PLRNN:  # of which the diagonal is the decay's
        for k in range(n_units):
            weights.back[k * sizes.rows + k] = 0
    spread(own[at[1] : at[2]], WIDTH, weights.extra)
    pack(own[at[2] : at[3]], own[at[3] : at[4]], weights.read)
    pack_transposed(own[at[2] : at[3]], at[4] - at[3], sizes.read, weights.read_back)
    if at[6] > at[4]:
        pack(own[at[4] : at[5]], own[at[5] : at[6]], weights.infer)
    else:
        _, bias, inverse = _inverse(own, at, n_features, n_units)
        pack(inverse.ravel(), -np.dot(inverse, bias), weights.infer)
    weights.drive[: at[7] - at[6]] = own[at[6] : at[7]]


@njit(**OPTIONS)
def _inverse(own, at, n_features, n_units):
    """Return weight and bias of the readout of the series' own columns, and a pseudo-inverse."""
    weight = own[at[2] : at[2] + n_features * n_units].reshape(n_features, n_units)
    bias = own[at[3] : at[3] + n_features]
    if not np.isfinite(weight).all():  # of which there is no pseudo-inverse
        return weight, bias, np.full((n_units, n_features), np.nan, np.float32)
    smallest = max(weight.shape) * np.finfo(np.float32).eps  # torch's bound on singular values
    return weight, bias, np.ascontiguousarray(np.linalg.pinv(weight, smallest))


@njit(**OPTIONS)
def _infer(source, start_rows, offsets, n_features, window):
    """Collect the windows from which states are inferred; spare columns repeat the first."""
    table, center, factor = source
    for v in range(WIDTH):
        row = start_rows[v if v < start_rows.size else 0]
        for i in range(offsets.size):
            for c in range(n_features):
                value = (table[row + offsets[i], c] - center[c]) * factor[c]
                window[(i * n_features + c) * WIDTH + v] = value


@njit(**OPTIONS)
def _forth(kind, sizes, weights, source, start_rows, lengths, scale, trace):
    """Run a block and return its part of the loss."""
    n_units = sizes.units
    n, kept = np.uint64(n_units * WIDTH), np.uint64(sizes.rows * WIDTH)
    state = np.empty(sizes.state * WIDTH, np.float32)
    carried = np.zeros(n_units * WIDTH, np.float32)
    push = np.empty(sizes.padded * WIDTH, np.float32)
    x = np.ones((n_units + 1) * WIDTH, np.float32)
    multiply(weights.infer, sizes.state, sizes.window + 1, trace.window, WIDTH, state, False)
    start(kind, n, state, carried, x)
    trace.shown[0, : n_units * WIDTH] = state[: n_units * WIDTH]
    loss, slopes = np.float64(0), np.empty(WIDTH, np.float32)
    for t in range(lengths.max()):
        record, shown = trace.records[t], trace.shown[t + 1]
        if sizes.inputs > 0:
            _collect(source[3], start_rows, lengths, t, trace.inputs[t])
            multiply(weights.drive, sizes.padded, sizes.inputs, trace.inputs[t], WIDTH, push, False)
            kick(kind, n, push, carried, x)
            hidden = carried if kind == PLRNN else x
            for j in range(n):
                trace.kicked[t, j] = hidden[j]
        multiply(weights.cell, sizes.rows, n_units + 1, x, WIDTH, record, False)
        step(kind, n, kept, record, weights.extra, carried, x)
        hidden = carried if kind == PLRNN else x
        for j in range(n):
            shown[j] = hidden[j]
        multiply(weights.read, sizes.read, n_units + 1, shown, WIDTH, trace.errors[t], False)
        _compare(source, start_rows, lengths, t, trace.errors[t])
        loss += _weigh(source[0].shape[1], scale, trace.errors[t], slopes)
    return loss


@njit(**OPTIONS)
def _collect(table, start_rows, lengths, t, inputs):
    """Collect the inputs of a step; spare columns, and steps that do not count, get none."""
    for c in range(table.shape[1]):
        for v in range(WIDTH):
            counts = v < lengths.size and t < lengths[v]
            inputs[c * WIDTH + v] = table[start_rows[v] + t, c] if counts else np.float32(0)


@njit(**OPTIONS)
def _compare(source, start_rows, lengths, t, outputs):
    """Turn outputs into errors; those of steps that do not count are 0."""
    table, center, factor = source[:3]
    for c in range(table.shape[1]):
        for v in range(WIDTH):
            error = np.float32(0)
            if v < lengths.size and t < lengths[v]:
                wanted = (table[start_rows[v] + t + 1, c] - center[c]) * factor[c]
                error = outputs[c * WIDTH + v] - wanted
            outputs[c * WIDTH + v] = error


@njit(**OPTIONS)
def _weigh(n_outputs, scale, errors, slopes):
    """Turn errors into gradients of the loss with respect to them; return the loss."""
    unit, least = scale
    loss = np.float64(0)
    slopes[:] = 0
    for c in range(n_outputs):
        for v in range(WIDTH):
            slopes[v] += errors[c * WIDTH + v] * errors[c * WIDTH + v]
    for v in range(WIDTH):
        if least > 0:
            length = np.sqrt(slopes[v] / n_outputs + least * least)
            loss += unit * slopes[v] / (length + least)  # length - least, which rounds to little
            slopes[v] = unit / length
        else:
            loss += unit * slopes[v]
            slopes[v] = _TWICE * unit
    for c in range(n_outputs):
        for v in range(WIDTH):
            errors[c * WIDTH + v] *= slopes[v]
    return loss


@njit(**OPTIONS)
def _back(kind, sizes, weights, n_steps, trace, totals):
    """Carry gradients from the last step of a block to its window."""
    n_units, n_rows = sizes.units, sizes.rows
    n, kept = np.uint64(n_units * WIDTH), np.uint64(n_rows * WIDTH)
    d = np.zeros(n_rows * WIDTH, np.float32)
    g = np.zeros(sizes.state * WIDTH, np.float32)
    carried, through = np.zeros_like(totals.extra), np.zeros_like(totals.extra)
    tiles = np.zeros((totals.cell.shape[0], WIDTH * WIDTH), np.float32)
    # What the weights of the cell met.
    met = tiles.copy() if kind == PLRNN or sizes.inputs > 0 else tiles
    input_tiles = np.zeros((totals.drive.shape[0], WIDTH * WIDTH), np.float32)
    turn(trace.shown[n_steps], n_units + 1, tiles)
    for t in range(n_steps - 1, -1, -1):
        record = trace.records[t]
        add_outer(trace.errors[t], sizes.read, tiles, totals.read)
        multiply(weights.read_back, sizes.padded, sizes.read, trace.errors[t], WIDTH, g, True)
        step_back(kind, n, kept, record, g, carried, totals.extra, d)
        turn(trace.shown[t], n_units + 1, tiles)
        if sizes.inputs > 0:
            turn(trace.kicked[t], n_units + 1, met)
        if kind == PLRNN:
            np.maximum(met if sizes.inputs > 0 else tiles, np.float32(0), met)
        add_outer(d, n_rows, met, totals.cell)
        multiply(weights.back, sizes.padded, n_rows, d, WIDTH, through, False)
        before(kind, n, kept, record, weights.extra, carried, d, through, g)
        if sizes.inputs > 0:
            turn(trace.inputs[t], sizes.inputs, input_tiles)
            add_outer(g, sizes.padded, input_tiles, totals.drive)
    if kind == LSTM:
        for j in range(n):
            g[n + j] = carried[j]
    window_tiles = np.zeros((totals.infer.shape[0], WIDTH * WIDTH), np.float32)
    turn(trace.window, sizes.window + 1, window_tiles)
    add_outer(g, sizes.state, window_tiles, totals.infer)


@njit(**OPTIONS)
def _add_totals(kind, sizes, at, n_features, own, weights, totals, of_own):
    """Add what all blocks gave to the gradients of a model."""
    n_units = sizes.units
    if kind == PLRNN:
        for k in range(n_units):
            totals.cell[k // WIDTH, k * WIDTH + k % WIDTH] = 0
    add_unpacked(totals.cell, of_own[: at[0]], of_own[at[0] : at[1]])
    for k in range(at[2] - at[1]):
        of_own[at[1] + k] += totals.extra[k * WIDTH : (k + 1) * WIDTH].sum()
    add_unpacked(totals.read, of_own[at[2] : at[3]], of_own[at[3] : at[4]])
    for r in range(n_units):
        for c in range(sizes.inputs):
            number = totals.drive[c // WIDTH, r * WIDTH + c % WIDTH]
            of_own[at[6] + r * sizes.inputs + c] += number
    if at[6] > at[4]:
        add_unpacked(totals.infer, of_own[at[4] : at[5]], of_own[at[5] : at[6]])
        return
    of_map, of_offset = np.zeros(n_units * n_features, np.float32), np.zeros(n_units, np.float32)
    add_unpacked(totals.infer, of_map, of_offset)
    weight, bias, inverse = _inverse(own, at, n_features, n_units)
    of_inverse = of_map.reshape(n_units, n_features)
    _add_through_inverse(
        weight, bias, inverse, of_inverse, of_offset, of_own[at[2] :], of_own[at[3] :]
    )


@njit(**OPTIONS)
def _add_through_inverse(weight, bias, inverse, of_inverse, of_offset, of_weight, of_bias):
    """Turn the gradient of h = P (x - b), P the pseudo-inverse of B, into those of B and b.

    Golub & Pereyra, SIAM Journal on Numerical Analysis 10 (1973), eq. 4.12.
    """
    n_features, n_units = weight.shape
    for r in range(n_units):
        for c in range(n_features):
            of_inverse[r, c] -= of_offset[r] * bias[c]
    across = np.dot(of_inverse.T, inverse)
    within = np.dot(inverse.T, np.dot(inverse, of_inverse.T))
    inner = across - across.T - np.dot(weight, np.dot(inverse, across))
    total = np.dot(inner, inverse.T) + within - np.dot(np.dot(within, inverse), weight)
    for c in range(n_features):
        for r in range(n_units):
            of_weight[c * n_units + r] += total[c, r]
            of_bias[c] -= inverse[r, c] * of_offset[r]
