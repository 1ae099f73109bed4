"""True Lyapunov exponents, from the variational equations.

Computed by benchmarks/exponents.py, which holds the method, the seed and the lengths of the runs:

    OMP_NUM_THREADS=1 python benchmarks/exponents.py

The rows below are those of benchmarks/results/exponents.json, and a test holds them equal.
"""

import math

import numpy as np

# (system, parameters, exponents per unit of time in descending order, their standard errors)
TABLE = (
    (
        "lorenz63",
        {"sigma": 10.0, "rho": 28.0, "beta": 2.6666666666666665},
        (0.9053957, -8.93e-05, -14.571973),
        (0.0003476, 6.33e-05, 0.0003462),
    ),
    (
        "lorenz63",
        {"sigma": 10.0, "rho": 38.0, "beta": 2.6666666666666665},
        (1.1043663, 3.16e-05, -14.7710645),
        (0.0003982, 5.52e-05, 0.000399),
    ),
    (
        "roessler",
        {"a": 0.15, "b": 0.2, "c": 10.0},
        (0.0888864, -3.7e-06, -9.7999404),
        (0.0001626, 1.57e-05, 0.0002192),
    ),
    (
        "roessler",
        {"a": 0.2, "b": 0.2, "c": 5.7},
        (0.0714109, 5e-07, -5.3940663),
        (0.0001473, 2.06e-05, 0.0001525),
    ),
    (
        "duffing",
        {"delta": 0.1, "alpha": 1.0, "beta": -1.0, "gamma": 0.35, "omega": 1.4},
        (0.1283693, 0.0, -0.2283693),
        (0.0003039, 0.0, 0.0003039),
    ),
    (
        "duffing",
        {"delta": 0.3, "alpha": 1.0, "beta": -1.0, "gamma": 0.5, "omega": 1.2},
        (0.1051037, 0.0, -0.4051037),
        (0.0002866, 0.0, 0.0002866),
    ),
    (
        "lorenz96",
        {"n_features": 20, "forcing": 8.0},
        (
            1.5521706,
            1.2243107,
            0.9374412,
            0.6728617,
            0.4115565,
            0.1580714,
            0.0001469,
            -0.1003869,
            -0.351487,
            -0.5957034,
            -0.8251443,
            -1.0513903,
            -1.288856,
            -1.547552,
            -1.845574,
            -2.2185069,
            -2.7128954,
            -3.4483608,
            -4.2421273,
            -4.7285746,
        ),
        (
            0.0031163,
            0.0022204,
            0.0019429,
            0.0020507,
            0.0015864,
            0.0017447,
            8.98e-05,
            0.0012845,
            0.0018827,
            0.0013003,
            0.0011883,
            0.0017112,
            0.0014824,
            0.0016456,
            0.0019744,
            0.0022646,
            0.0029592,
            0.0026022,
            0.0036057,
            0.0039161,
        ),
    ),
    (
        "lorenz96",
        {"n_features": 10, "forcing": 8.0},
        (
            1.1859739,
            0.7042856,
            0.0894057,
            -0.0007167,
            -0.4334637,
            -0.8725291,
            -1.320919,
            -1.9379285,
            -2.8145325,
            -4.5995758,
        ),
        (
            0.002843,
            0.0024067,
            0.0023928,
            0.0002645,
            0.0025151,
            0.0019147,
            0.0017393,
            0.0022737,
            0.0032327,
            0.004398,
        ),
    ),
    (
        "mackey_glass",
        {"beta": 0.2, "gamma": 0.1, "power": 10.0, "delay": 17.0},
        (0.0051482, 2.3e-06, -0.0387391, -0.052733),
        (1.26e-05, 2.3e-06, 2.53e-05, 2.58e-05),
    ),
    (
        "mackey_glass",
        {"beta": 0.2, "gamma": 0.1, "power": 10.0, "delay": 30.0},
        (0.007077, 0.0021362, 1.6e-06, -0.0162008),
        (2.08e-05, 2e-05, 2.4e-06, 2.52e-05),
    ),
    ("henon", {"a": 1.4, "b": 0.3}, (0.4192578, -1.6232306), (8.51e-05, 8.51e-05)),
    ("logistic", {"r": 4.0}, (0.6931436,), (2e-06,)),
)


def stored_exponents(system, parameters):
    """Return the exponents of `system`, if they are known for these parameters.

    Parameters
    ----------
    system : str
        Name in the table.
    parameters : dict of str to float
        The physical parameters, all of them; compared to a relative 1e-9.

    Returns
    -------
    exponents, standard_errors : ndarray of shape (n_exponents,), or both None
        Per unit of time, descending.
    """
    for name, known, exponents, standard_errors in TABLE:
        if name == system and all(
            math.isclose(parameters[key], value, rel_tol=1e-9) for key, value in known.items()
        ):
            return np.array(exponents), np.array(standard_errors)
    return None, None
