"""Long orbits of a flow or a map, transient dropped; an orbit that escapes is an error by name."""

import math

import numpy as np
from scipy.integrate import solve_ivp

# DOP853 [Hairer, Norsett & Wanner 1993, section II.5] at this relative and absolute tolerance; on
# the Lorenz attractor a step is then some .02 of a time unit. The transient only has to arrive.
TOLERANCE = 1e-10
TRANSIENT_TOLERANCE = 1e-6

# Processors differ in the last digit of a sum, and chaos makes another orbit of it. The state is
# therefore rounded once per time unit, to ten times the tolerance it was followed at: a seed
# gives the same rows on every machine. Whole units are followed whatever the last row, so that a
# longer series begins with the shorter.
DECIMALS = 9
TRANSIENT_DECIMALS = 5

# An orbit that reaches this is taken to escape. The attractors here are a thousand times smaller
# at their defaults; following an escape further only costs time, as its steps shrink.
LARGEST_STATE = 1e5

# Starts tried on a map whose basin does not fill the square that they are drawn from.
N_DRAWS = 100


def flow_rows(request, derivative, start, *, transient):
    """Return rows of the orbit of a flow on an even grid of times.

    Parameters
    ----------
    request : Request
        Number of rows and time between them; names for the message.
    derivative : callable
        `derivative(time, state)` of an ndarray of shape (n_variables,); returns a sequence.
    start : ndarray of shape (n_variables,)
        State at time `-transient`.
    transient : int
        Time units before the first row, which is at time 0.

    Returns
    -------
    times : ndarray of shape (n_samples,)
    orbit : ndarray of shape (n_samples, n_variables)

    Raises
    ------
    ValueError
        If the orbit leaves every bounded region, or the solver cannot follow it.
    """
    times = request.dt * np.arange(request.n_samples)
    orbit = np.empty((len(times), len(start)))
    for unit in range(-transient, math.floor(times[-1]) + 1):
        arriving = unit < 0
        tolerance = TRANSIENT_TOLERANCE if arriving else TOLERANCE
        rows = slice(*np.searchsorted(times, (unit, unit + 1)))
        asked = np.append(times[rows], unit + 1)
        states = _solve(request, derivative, unit, start, asked, tolerance)
        orbit[rows] = states[:-1]
        start = states[-1].round(TRANSIENT_DECIMALS if arriving else DECIMALS)
    return times, orbit


def _solve(request, derivative, begin, start, times, tolerance):
    """Return scipy's states at the times, or raise where the orbit escapes."""
    # An escaping orbit overflows inside the solver; it is reported below, not as a warning.
    with np.errstate(all="ignore"):
        solution = solve_ivp(
            derivative,
            (begin, times[-1]),
            start,
            method="DOP853",
            t_eval=times,
            events=_margin,
            rtol=tolerance,
            atol=tolerance,
        )
    if solution.status != 0 or not _is_bounded(solution.y):
        raise _escaped(request, n_draws=1)
    return solution.y.T


def map_rows(request, step, draw_start, *, transient):
    """Return rows of the orbit of a map, from the first start that does not escape.

    Parameters
    ----------
    request : Request
        Number of rows; names for the message.
    step : callable
        `step(state)` of a tuple of floats; returns the next tuple.
    draw_start : callable
        Returns a fresh start, a sequence of floats.
    transient : int
        Number of iterations dropped before the first row.

    Returns
    -------
    ndarray of shape (n_samples, n_variables)

    Raises
    ------
    ValueError
        If every start escapes.
    """
    for _ in range(N_DRAWS):
        state = tuple(map(float, draw_start()))
        for _ in range(transient):
            state = step(state)
        rows = [state]
        for _ in range(request.n_samples - 1):
            state = step(state)
            rows.append(state)
        orbit = np.array(rows)
        if _is_bounded(orbit):
            return orbit
    raise _escaped(request, n_draws=N_DRAWS)


def _margin(_, state):
    """Return how far the state is from being called escaped; the solver stops at zero."""
    return LARGEST_STATE - max(map(abs, state.tolist()))


_margin.terminal = True  # as solve_ivp wants to be told


def _is_bounded(orbit):
    return bool(np.abs(orbit).max() < LARGEST_STATE)  # false for nan


def _escaped(request, *, n_draws):
    values = ", ".join(f"{name}={value:g}" for name, value in request.parameters.items())
    return ValueError(
        f"The {request.system.title} with {values} has no bounded orbit from the starts tried "
        f"({n_draws}): the states grow beyond {LARGEST_STATE:g}. "
        "Choose parameters nearer to the defaults, which have an attractor."
    )
