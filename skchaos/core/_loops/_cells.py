"""One step of each cell, and the way back, for a block of orbits.

A step leaves a record behind for the way back: first what came out of the product of weights and
state, then, from number `kept` on, what the cell adds to it. `n` is the number of units times that
of columns; `carried` is the state of a PLRNN, the memory of an LSTM, or what of a gradient goes
past the product (GRU); `spread` is a decay or a candidate bias repeated over the columns.

Indices are unsigned: numba tests signed ones for wrap-around, which keeps loops from vectorising.
"""

import math

import numpy as np
from numba import njit, types
from numba.extending import overload

_TWO, _THREE = np.uint64(2), np.uint64(3)

# Multiplications and additions may be fused; nan and infinity keep their meaning. Sums must not be
# reordered: loops loaded from disk then round otherwise than those just compiled (seen with GRU and
# LSTM), and the same seed would not give the same bits.
OPTIONS = {
    "fastmath": {"contract", "nsz"},
    "nogil": True,
    "error_model": "numpy",
}


def njit_kept(function):
    """Compile a whole loop and keep it on disk, where there is a folder that can be written to.

    Its parts are compiled into it and not kept.
    """
    try:
        return njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # no such folder: compiled anew in every process
        return njit(**OPTIONS)(function)


_HALF, _UNIT = np.float32(0.5), np.float32(1)
_SATURATED = np.float32(9)  # 1 - tanh(9) is 3e-8, half a unit in the last place
# tanh x = x P(x^2) / Q(x^2) up to there, but for 3.3e-7 of it (benchmarks/speed/tanh.py).
_P = (0.999999979, 0.133810254, 0.00349558791, 2.06090806e-05, 1.33546611e-08)
_Q = (1.0, 0.46714341, 0.0258769812, 0.000328563456, 7.77655777e-07)
_P0, _P1, _P2, _P3, _P4 = (np.float32(value) for value in _P)
_Q0, _Q1, _Q2, _Q3, _Q4 = (np.float32(value) for value in _Q)


# e^x = 2^n e^r with n whole and |r| < ln(2) / 2, where thirteen terms of the series are enough.
# Adding and subtracting 3 x 2^51 rounds; the sum has n in its lowest bits.
_ROUNDING, _LOG2_E, _MANTISSA_BITS = 3.0 * 2.0**51, 1 / math.log(2), np.int64(52)
_LN_2, _REST_OF_LN_2 = 0.693147180369123816490, 1.90821492927058770002e-10
_E = tuple(1 / math.factorial(k) for k in range(13, -1, -1))


@njit(inline="always")
def _exp(x):
    shifted = x * _LOG2_E + _ROUNDING
    n = shifted - _ROUNDING
    r = x - n * _LN_2 - n * _REST_OF_LN_2
    series = ((_E[0] * r + _E[1]) * r + _E[2]) * r + _E[3]
    series = (((series * r + _E[4]) * r + _E[5]) * r + _E[6]) * r + _E[7]
    series = (((series * r + _E[8]) * r + _E[9]) * r + _E[10]) * r + _E[11]
    series = (series * r + _E[12]) * r + _E[13]
    power = np.float64(shifted).view(np.int64) << _MANTISSA_BITS
    return np.int64(np.float64(series).view(np.int64) + power).view(np.float64)


def _tanh(x):
    """Return tanh of a float32, or of a float64 number."""


@overload(_tanh, jit_options=OPTIONS)
def _tanh_by_type(x):
    if x == types.float32:

        def rational(x):
            if x > _SATURATED:  # written so that nan stays nan
                x = _SATURATED
            if x < -_SATURATED:
                x = -_SATURATED
            s = x * x
            above = _P0 + s * (_P1 + s * (_P2 + s * (_P3 + s * _P4)))
            return x * above / (_Q0 + s * (_Q1 + s * (_Q2 + s * (_Q3 + s * _Q4))))

        return rational

    def exponential(x):
        if x > 20.0:
            x = 20.0
        if x < -20.0:
            x = -20.0
        e = _exp(x + x)
        return (e - 1.0) / (e + 1.0)

    return exponential


@njit(inline="always")
def _sigmoid(x):
    return _HALF + _HALF * _tanh(_HALF * x)


ELMAN, PLRNN, GRU, LSTM = range(4)


@njit(**OPTIONS)
def _elman(n, record, x):
    for j in range(n):
        shown = _tanh(record[j])
        record[j], x[j] = shown, shown


@njit(**OPTIONS)
def _plrnn(n, kept, record, decay, z, x):
    for j in range(n):
        record[kept + j] = z[j]
        z[j] = record[j] + decay[j] * z[j]
        x[j] = max(z[j], np.float32(0)) if z[j] == z[j] else z[j]


@njit(**OPTIONS)
def _gru(n, kept, record, candidate_bias, x):
    for j in range(n):
        reset, update = _sigmoid(record[j]), _sigmoid(record[n + j])
        candidate = _tanh(candidate_bias[j] + reset * record[_TWO * n + j])
        record[j], record[n + j], record[kept + j] = reset, update, candidate
        record[kept + n + j] = x[j]
        x[j] = candidate + update * (x[j] - candidate)


@njit(**OPTIONS)
def _lstm(n, kept, record, memory, x):
    for j in range(n):
        enter, keep = _sigmoid(record[j]), _sigmoid(record[n + j])
        fresh, out = _tanh(record[_TWO * n + j]), _sigmoid(record[_THREE * n + j])
        record[j], record[n + j] = enter, keep
        record[_TWO * n + j], record[_THREE * n + j] = fresh, out
        record[kept + j] = memory[j]
        memory[j] = keep * memory[j] + enter * fresh
        shown = _tanh(memory[j])
        record[kept + n + j] = shown
        x[j] = out * shown


@njit(**OPTIONS)
def _elman_back(n, record, g, inner):
    for j in range(n):
        inner[j] = g[j] * (_UNIT - record[j] * record[j])


@njit(**OPTIONS)
def _plrnn_back(n, kept, record, g, of_decay, inner):
    for j in range(n):
        inner[j] = g[j]
        of_decay[j] += g[j] * record[kept + j]


@njit(**OPTIONS)
def _plrnn_before(n, kept, record, decay, inner, through, g):
    for j in range(n):
        slope = through[j] if record[kept + j] > np.float32(0) else np.float32(0)
        g[j] = decay[j] * inner[j] + slope


@njit(**OPTIONS)
def _gru_back(n, kept, record, g, of_bias, inner, direct):
    for j in range(n):
        reset, update, candidate = record[j], record[n + j], record[kept + j]
        by_candidate = g[j] * (_UNIT - update) * (_UNIT - candidate * candidate)
        of_bias[j] += by_candidate
        inner[j] = by_candidate * record[_TWO * n + j] * reset * (_UNIT - reset)
        inner[n + j] = g[j] * (record[kept + n + j] - candidate) * update * (_UNIT - update)
        inner[_TWO * n + j] = by_candidate * reset
        direct[j] = g[j] * update


@njit(**OPTIONS)
def _lstm_back(n, kept, record, g, of_memory, inner):
    for j in range(n):
        enter, keep = record[j], record[n + j]
        fresh, out = record[_TWO * n + j], record[_THREE * n + j]
        before, shown = record[kept + j], record[kept + n + j]
        m = of_memory[j] + g[j] * out * (_UNIT - shown * shown)
        inner[j] = m * fresh * enter * (_UNIT - enter)
        inner[n + j] = m * before * keep * (_UNIT - keep)
        inner[_TWO * n + j] = m * enter * (_UNIT - fresh * fresh)
        inner[_THREE * n + j] = g[j] * shown * out * (_UNIT - out)
        of_memory[j] = m * keep


@njit(**OPTIONS)
def step(kind, n, kept, record, spread, carried, x):
    """Turn the product of weights and state into the next state."""
    if kind == ELMAN:
        _elman(n, record, x)
    elif kind == PLRNN:
        _plrnn(n, kept, record, spread, carried, x)
    elif kind == GRU:
        _gru(n, kept, record, spread, x)
    else:
        _lstm(n, kept, record, carried, x)


@njit(**OPTIONS)
def step_back(kind, n, kept, record, g, carried, of_extra, d):
    """Put the gradient with respect to the product of weights and state into d."""
    if kind == ELMAN:
        _elman_back(n, record, g, d)
    elif kind == PLRNN:
        _plrnn_back(n, kept, record, g, of_extra, d)
    elif kind == GRU:
        _gru_back(n, kept, record, g, of_extra, d, carried)
    else:
        _lstm_back(n, kept, record, g, carried, d)


@njit(**OPTIONS)
def before(kind, n, kept, record, spread, carried, d, through, g):
    """Put the gradient with respect to the state before the step into g."""
    if kind == PLRNN:
        _plrnn_before(n, kept, record, spread, d, through, g)
    elif kind == GRU:
        for j in range(n):
            g[j] = carried[j] + through[j]
    else:
        for j in range(n):
            g[j] = through[j]


@njit(**OPTIONS)
def kick(kind, n, push, carried, x):
    """Add what inputs push to the hidden part of the state before a step."""
    if kind == PLRNN:
        for j in range(n):
            carried[j] += push[j]
            x[j] = max(carried[j], np.float32(0)) if carried[j] == carried[j] else carried[j]
    else:
        for j in range(n):
            x[j] += push[j]


@njit(**OPTIONS)
def start(kind, n, state, carried, x):
    """Put a state where the first step expects it."""
    for j in range(n):
        x[j] = state[j]
    if kind == PLRNN:
        for j in range(n):
            carried[j] = x[j]
            x[j] = max(x[j], np.float32(0))
    elif kind == LSTM:
        for j in range(n):
            carried[j] = state[n + j]
