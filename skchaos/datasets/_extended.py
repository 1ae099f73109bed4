"""Systems of many variables: Lorenz's ring of sites, and the Mackey-Glass delay equation."""

import math
from functools import partial

import numpy as np
from sklearn.utils import check_random_state

from skchaos.datasets import _equations
from skchaos.datasets._delay import DelayStepper, solve_delay
from skchaos.datasets._integrate import flow_rows
from skchaos.datasets._request import System, check_integer, check_number, check_request

LORENZ96 = System(
    key="lorenz96",
    title="Lorenz-96 system",
    equations="dx_i/dt = (x_(i+1) - x_(i-2)) x_(i-1) - x_i + forcing, on a ring",
    source=(
        "Lorenz, E. N. (1996). Predictability: a problem partly solved. Proceedings of the "
        "Seminar on Predictability, ECMWF, volume 1, 1-18, equation 1."
    ),
)

MACKEY_GLASS = System(
    key="mackey_glass",
    title="Mackey-Glass delay equation",
    equations="dx/dt = beta x(t - delay) / (1 + x(t - delay)^power) - gamma x",
    source=(
        "Mackey, M. C. & Glass, L. (1977). Oscillation and chaos in physiological control "
        "systems. Science, 197, 287-289; as written in Glass, L. & Mackey, M. C. (2010). "
        "Mackey-Glass equation. Scholarpedia, 5(3), 6908, equation 1."
    ),
)

LORENZ96_TRANSIENT = 50  # time units; some 75 Lyapunov times at the defaults

# The slowest contracting directions of a long delay take many delays, and a slow decay many of its
# own times, to die out.
MACKEY_GLASS_TRANSIENT_DELAYS = 200
MACKEY_GLASS_TRANSIENT_DECAYS = 200


def make_lorenz96(
    n_samples=10_000,
    *,
    dt=0.05,
    n_features=20,
    forcing=8.0,
    noise=0.0,
    columns=None,
    as_frame=False,
    return_bunch=False,
    random_state=None,
):
    """Make a trajectory on the attractor of the Lorenz-96 system.

    The equations [1]_ (1) are dx_i/dt = (x_(i+1) - x_(i-2)) x_(i-1) - x_i + forcing, for
    `n_features` sites on a ring.

    Parameters
    ----------
    n_samples : int, default=10_000
        Number of rows, at least 1.
    dt : float, default=0.05
        Time between rows, in time units of the equations; the step that [1]_ uses, six hours if
        a time unit is five days.
    n_features : int, default=20
        Number of sites, at least 4.
    forcing : float, default=8.0
        Constant forcing; chaotic from about 5.
    noise : float, default=0.0
        Standard deviation of the observation noise added to each column, as a fraction of the
        column's own standard deviation. The dynamics stay noise-free.
    columns : str, int or sequence of these, default=None
        Names or positions of the columns to keep, out of x0, x1, ... None keeps all.
    as_frame : bool, default=False
        Whether to return a DataFrame with named columns, indexed by "time".
    return_bunch : bool, default=False
        Whether to return a Bunch, as described in :func:`make_lorenz63`.
    random_state : int, RandomState instance or None, default=None
        Source of the initial state and of the noise.

    Returns
    -------
    data : ndarray or DataFrame of shape (n_samples, n_kept), or Bunch
        The series, or a Bunch as described in :func:`make_lorenz63`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or the orbit is unbounded.

    Notes
    -----
    Integrated with DOP853 at a relative tolerance of 1e-10; an orbit of 50 time units is dropped
    first.

    References
    ----------
    .. [1] Lorenz, E. N. (1996). Predictability: a problem partly solved. Proceedings of the
       Seminar on Predictability, ECMWF, volume 1, 1-18.

    Examples
    --------
    >>> from skchaos.datasets import make_lorenz96
    >>> make_lorenz96(100, n_features=10, random_state=0).shape
    (100, 10)
    """
    # Fewer sites would be their own neighbours twice over.
    check_integer("n_features", n_features, lowest=4)
    request = check_request(
        LORENZ96,
        parameters={"n_features": n_features, "forcing": forcing},
        feature_names=[f"x{site}" for site in range(n_features)],
        n_samples=n_samples,
        dt=dt,
        noise=noise,
        columns=columns,
        as_frame=as_frame,
        return_bunch=return_bunch,
    )
    rng = check_random_state(random_state)
    forcing = request.parameters["forcing"]
    start = forcing + rng.standard_normal(n_features)
    _, clean = flow_rows(
        request,
        lambda _, state: _equations.lorenz96(state, forcing),
        start,
        transient=LORENZ96_TRANSIENT,
    )
    return request.answer(clean, rng)


def make_mackey_glass(
    n_samples=10_000,
    *,
    dt=1.0,
    beta=0.2,
    gamma=0.1,
    power=10.0,
    delay=17.0,
    noise=0.0,
    columns=None,
    as_frame=False,
    return_bunch=False,
    random_state=None,
):
    """Make a trajectory on the attractor of the Mackey-Glass delay equation.

    The equation [1]_ is dx/dt = beta x(t - delay) / (1 + x(t - delay)^power) - gamma x.

    Parameters
    ----------
    n_samples : int, default=10_000
        Number of rows, at least 1.
    dt : float, default=1.0
        Time between rows, in time units of the equation. It does not affect the accuracy.
    beta, gamma : float, default=0.2, 0.1
        Rates of production and of decay, above 0.
    power : float, default=10.0
        Steepness of the feedback, above 0.
    delay : float, default=17.0
        Delay of the feedback in time units (not in rows), above 0. Chaotic from about 16.8 at the
        other defaults [2]_.
    noise : float, default=0.0
        Standard deviation of the observation noise added to the column, as a fraction of the
        column's own standard deviation. The dynamics stay noise-free.
    columns : str, int or sequence of these, default=None
        Names or positions of the columns to keep; there is one, x.
    as_frame : bool, default=False
        Whether to return a DataFrame with a named column, indexed by "time".
    return_bunch : bool, default=False
        Whether to return a Bunch, as described in :func:`make_lorenz63`. Its exponents are the
        largest four of infinitely many.
    random_state : int, RandomState instance or None, default=None
        Source of the constant history before the transient, and of the noise.

    Returns
    -------
    data : ndarray or DataFrame of shape (n_samples, 1), or Bunch
        The series, or a Bunch as described in :func:`make_lorenz63`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    Solved delay by delay in polynomials of degree 8, decay and delayed feedback integrated
    exactly for these; local errors are below 1e-10 at the defaults. A transient of 200 delays or
    200 / gamma, whichever is longer, is dropped. Memory: about 8 numbers per 1 / (gamma power)
    of time.

    References
    ----------
    .. [1] Mackey, M. C. & Glass, L. (1977). Oscillation and chaos in physiological control
       systems. Science, 197, 287-289.
    .. [2] Farmer, J. D. (1982). Chaotic attractors of an infinite-dimensional dynamical system.
       Physica D, 4, 366-393.

    Examples
    --------
    >>> from skchaos.datasets import make_mackey_glass
    >>> make_mackey_glass(500, random_state=0).shape
    (500, 1)
    """
    parameters = {"beta": beta, "gamma": gamma, "power": power, "delay": delay}
    for name, value in parameters.items():
        check_number(name, value, above=0.0)
    request = check_request(
        MACKEY_GLASS,
        parameters=parameters,
        feature_names=["x"],
        n_samples=n_samples,
        dt=dt,
        noise=noise,
        columns=columns,
        as_frame=as_frame,
        return_bunch=return_bunch,
    )
    rng = check_random_state(random_state)
    clean = _mackey_glass_rows(request, history=rng.uniform(0.5, 1.2), **request.parameters)
    return request.answer(clean[:, None], rng)


def _mackey_glass_rows(request, *, history, beta, gamma, power, delay):
    """Return the rows that follow the transient of a constant history."""
    # A piece lasts as long as the feedback takes to change by its own size, which at the
    # defaults is 1; halving it changes twenty delays by less than 1e-12.
    n_pieces = math.ceil(delay * gamma * max(power, 1.0))
    stepper = DelayStepper.build(delay, gamma, n_pieces)
    feedback = partial(_equations.mackey_glass_feedback, beta=beta, power=power)
    transient = max(
        MACKEY_GLASS_TRANSIENT_DELAYS,
        math.ceil(MACKEY_GLASS_TRANSIENT_DECAYS / (gamma * delay)),
    )
    times = request.dt * np.arange(request.n_samples)
    n_delays = transient + math.floor(times[-1] / delay) + 1
    # A large power overflows to no feedback, which is its limit.
    with np.errstate(over="ignore"):
        solution = solve_delay(stepper, feedback, history, n_delays)
    return stepper.sample(solution[transient:], times)
