"""Right-hand sides and tangent maps of the systems, written once for numbers and for arrays.

Every state has its variables along the first axis, so that the same line of algebra serves one
orbit of Python floats (what the integrator of `make_*` calls, where it is fastest) and thousands
of orbits side by side (what the script behind the stored exponents calls). A tangent function
returns the Jacobian applied to perturbations, J(state) v: for a flow dv/dt, for a map the next v.
"""

import numpy as np


def lorenz63(state, sigma, rho, beta):
    """Return the time derivative of the Lorenz system [Lorenz 1963, equations 25-27]."""
    x, y, z = state
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


def lorenz63_tangent(state, vector, sigma, rho, beta):
    """Return the Jacobian of `lorenz63` at `state` applied to `vector`."""
    x, y, z = state
    u, v, w = vector
    return sigma * (v - u), (rho - z) * u - v - x * w, y * u + x * v - beta * w


def roessler(state, a, b, c):
    """Return the time derivative of the Roessler system [Roessler 1976, equation 2]."""
    x, y, z = state
    return -y - z, x + a * y, b + z * (x - c)


def roessler_tangent(state, vector, a, b, c):
    """Return the Jacobian of `roessler` at `state` applied to `vector`."""
    x, _, z = state
    u, v, w = vector
    return -v - w, u + a * v, z * u + (x - c) * w


def duffing(state, force, delta, alpha, beta):
    """Return the time derivative of Duffing's oscillator under the momentary `force`."""
    x, y = state
    return y, force - delta * y - x * (beta + alpha * x * x)


def duffing_tangent(state, vector, delta, alpha, beta):
    """Return the Jacobian of `duffing` at `state` applied to `vector`; the force drops out."""
    x, _ = state
    u, v = vector
    return v, -delta * v - (beta + 3.0 * alpha * x * x) * u


def lorenz96(state, forcing):
    """Return the time derivative of Lorenz's ring of sites [Lorenz 1996, equation 1]."""
    two_back, back, ahead = _ring_neighbours(state)
    return (ahead - two_back) * back - state + forcing


def lorenz96_tangent(state, vector):
    """Return the Jacobian of `lorenz96` at `state` applied to `vector`; the forcing drops out."""
    two_back, back, ahead = _ring_neighbours(state)
    d_two_back, d_back, d_ahead = _ring_neighbours(vector)
    return (ahead - two_back) * d_back + (d_ahead - d_two_back) * back - vector


def _ring_neighbours(state):
    """Return the sites two back, one back and one ahead as views of one padded copy."""
    padded = np.concatenate((state[-2:], state, state[:1]))
    return padded[:-3], padded[1:-2], padded[3:]


def henon(state, a, b):
    """Return the next state of the Henon map [Henon 1976, equation 4]."""
    x, y = state
    return 1.0 - a * x * x + y, b * x


def henon_tangent(state, vector, a, b):
    """Return the Jacobian of `henon` at `state` applied to `vector`."""
    x, _ = state
    u, v = vector
    return v - 2.0 * a * x * u, b * u


def logistic(x, r):
    """Return the next value of the logistic map [May 1976, equation 3]."""
    return r * x * (1.0 - x)


def logistic_tangent(x, vector, r):
    """Return the derivative of `logistic` at `x` times `vector`."""
    return r * (1.0 - 2.0 * x) * vector


def mackey_glass_feedback(x, beta, power):
    """Return the delayed feedback beta x / (1 + x^power) [Mackey & Glass 1977, equation 4b]."""
    return beta * x / (1.0 + x**power)


def mackey_glass_feedback_slope(x, beta, power):
    """Return the derivative of `mackey_glass_feedback` with respect to `x`."""
    raised = x**power
    return beta * (1.0 + (1.0 - power) * raised) / (1.0 + raised) ** 2
