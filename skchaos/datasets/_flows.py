"""Flows of three variables: the Lorenz, Roessler and Duffing systems."""

import math

import numpy as np
from sklearn.utils import check_random_state

from skchaos.datasets import _equations
from skchaos.datasets._integrate import flow_rows
from skchaos.datasets._request import System, check_request

LORENZ63 = System(
    key="lorenz63",
    title="Lorenz system",
    equations="dx/dt = sigma (y - x)\ndy/dt = x (rho - z) - y\ndz/dt = x y - beta z",
    source=(
        "Lorenz, E. N. (1963). Deterministic nonperiodic flow. Journal of the Atmospheric "
        "Sciences, 20, 130-141, equations 25 to 27."
    ),
)

ROESSLER = System(
    key="roessler",
    title="Roessler system",
    equations="dx/dt = -y - z\ndy/dt = x + a y\ndz/dt = b + z (x - c)",
    source=(
        "Roessler, O. E. (1976). An equation for continuous chaos. Physics Letters A, 57, "
        "397-398, equation 2."
    ),
)

DUFFING = System(
    key="duffing",
    title="Duffing oscillator, driven",
    equations=(
        "dx/dt = y\n"
        "dy/dt = -delta y - beta x - alpha x^3 + gamma cos(phase)\n"
        "dphase/dt = omega; the third column is cos(phase)"
    ),
    source=(
        "Guckenheimer, J. & Holmes, P. (1983). Nonlinear Oscillations, Dynamical Systems, and "
        "Bifurcations of Vector Fields. Springer, section 2.2."
    ),
)

# Times dropped before the first row. They are many times the time of return to the attractor, and
# for the weakly chaotic systems long enough to forget where on it the orbit came in.
LORENZ63_TRANSIENT = 60
ROESSLER_TRANSIENT = 200
DUFFING_TRANSIENT = 200


def make_lorenz63(
    n_samples=10_000,
    *,
    dt=0.01,
    sigma=10.0,
    rho=28.0,
    beta=8.0 / 3.0,
    noise=0.0,
    columns=None,
    as_frame=False,
    return_bunch=False,
    random_state=None,
):
    """Make a trajectory on the attractor of the Lorenz system.

    The equations [1]_ (25 to 27) are dx/dt = sigma (y - x), dy/dt = x (rho - z) - y and
    dz/dt = x y - beta z.

    Parameters
    ----------
    n_samples : int, default=10_000
        Number of rows, at least 1.
    dt : float, default=0.01
        Time between rows, in time units of the equations.
    sigma, rho, beta : float, default=10.0, 28.0, 2.6666666666666665
        Prandtl number, relative Rayleigh number and geometric factor (8 / 3) of the cell. The
        experiments of [2]_ use `rho=38`.
    noise : float, default=0.0
        Standard deviation of the observation noise added to each column, as a fraction of the
        column's own standard deviation. The dynamics stay noise-free.
    columns : str, int or sequence of these, default=None
        Names or positions of the columns to keep, out of x, y, z. None keeps all.
    as_frame : bool, default=False
        Whether to return a DataFrame with named columns, indexed by "time".
    return_bunch : bool, default=False
        Whether to return a Bunch instead of the series alone.
    random_state : int, RandomState instance or None, default=None
        Source of the initial state and of the noise. The noise-free series does not depend on
        `noise`, nor a column on the other `columns` kept.

    Returns
    -------
    data : ndarray or DataFrame of shape (n_samples, n_kept), or Bunch
        The series; with `return_bunch`, a :class:`~sklearn.utils.Bunch` of

        - data, clean : the series, and the same without noise
        - dt : time between rows
        - equations, DESCR : the equations, and a description
        - feature_names : names of the columns kept
        - exponents : ndarray of the Lyapunov exponents of the system, per unit of time,
          descending, or None for parameters that are not in the stored table
        - standard_errors : their standard errors, or None

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or the orbit is unbounded.

    Notes
    -----
    Integrated with DOP853 at a relative tolerance of 1e-10; an orbit of 50 time units is dropped
    first. 100,000 rows take some six seconds.

    References
    ----------
    .. [1] Lorenz, E. N. (1963). Deterministic nonperiodic flow. Journal of the Atmospheric
       Sciences, 20, 130-141.
    .. [2] Mikhaeil, J. M., Monfared, Z. & Durstewitz, D. (2022). On the difficulty of learning
       chaotic dynamics with RNNs. Advances in Neural Information Processing Systems, 35.

    Examples
    --------
    >>> from skchaos.datasets import make_lorenz63
    >>> make_lorenz63(500, random_state=0).shape
    (500, 3)
    >>> bunch = make_lorenz63(500, columns=["x"], return_bunch=True, random_state=0)
    >>> print(bunch.data.shape, f"{bunch.exponents[0]:.3f}")
    (500, 1) 0.905
    """
    request = check_request(
        LORENZ63,
        parameters={"sigma": sigma, "rho": rho, "beta": beta},
        feature_names=["x", "y", "z"],
        n_samples=n_samples,
        dt=dt,
        noise=noise,
        columns=columns,
        as_frame=as_frame,
        return_bunch=return_bunch,
    )
    rng = check_random_state(random_state)
    values = tuple(request.parameters.values())
    start = np.array([0.0, 0.0, rho - 1.0]) + rng.uniform(-5.0, 5.0, 3)
    _, clean = flow_rows(
        request,
        lambda _, state: _equations.lorenz63(state.tolist(), *values),
        start,
        transient=LORENZ63_TRANSIENT,
    )
    return request.answer(clean, rng)


def make_roessler(
    n_samples=10_000,
    *,
    dt=0.1,
    a=0.15,
    b=0.2,
    c=10.0,
    noise=0.0,
    columns=None,
    as_frame=False,
    return_bunch=False,
    random_state=None,
):
    """Make a trajectory on the attractor of the Roessler system.

    The equations [1]_ (2) are dx/dt = -y - z, dy/dt = x + a y and dz/dt = b + z (x - c).

    Parameters
    ----------
    n_samples : int, default=10_000
        Number of rows, at least 1.
    dt : float, default=0.1
        Time between rows, in time units of the equations; a turn takes about 6.
    a, b, c : float, default=0.15, 0.2, 10.0
        Growth of the spiral, injection, and the place where it folds. The defaults are those of
        [2]_; the other common set is 0.2, 0.2, 5.7 of [1]_.
    noise : float, default=0.0
        Standard deviation of the observation noise added to each column, as a fraction of the
        column's own standard deviation. The dynamics stay noise-free.
    columns : str, int or sequence of these, default=None
        Names or positions of the columns to keep, out of x, y, z. None keeps all.
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
    Integrated with DOP853 at a relative tolerance of 1e-10; an orbit of 200 time units is dropped
    first.

    References
    ----------
    .. [1] Roessler, O. E. (1976). An equation for continuous chaos. Physics Letters A, 57,
       397-398.
    .. [2] Mikhaeil, J. M., Monfared, Z. & Durstewitz, D. (2022). On the difficulty of learning
       chaotic dynamics with RNNs. Advances in Neural Information Processing Systems, 35.

    Examples
    --------
    >>> from skchaos.datasets import make_roessler
    >>> make_roessler(500, random_state=0).shape
    (500, 3)
    """
    request = check_request(
        ROESSLER,
        parameters={"a": a, "b": b, "c": c},
        feature_names=["x", "y", "z"],
        n_samples=n_samples,
        dt=dt,
        noise=noise,
        columns=columns,
        as_frame=as_frame,
        return_bunch=return_bunch,
    )
    rng = check_random_state(random_state)
    values = tuple(request.parameters.values())
    # On the disc of the spiral, within its fold.
    start = rng.uniform(-0.5, 0.5, 3) * [c, c, 0.0]
    _, clean = flow_rows(
        request,
        lambda _, state: _equations.roessler(state.tolist(), *values),
        start,
        transient=ROESSLER_TRANSIENT,
    )
    return request.answer(clean, rng)


def make_duffing(
    n_samples=10_000,
    *,
    dt=0.177,
    delta=0.1,
    alpha=1.0,
    beta=-1.0,
    gamma=0.35,
    omega=1.4,
    noise=0.0,
    columns=None,
    as_frame=False,
    return_bunch=False,
    random_state=None,
):
    """Make a trajectory on the attractor of the driven Duffing oscillator.

    The equations [1]_ (section 2.2) are dx/dt = y and
    dy/dt = -delta y - beta x - alpha x^3 + gamma cos(phase), where dphase/dt = omega. The columns
    are x, y and cos(phase). Without sin(phase) a single row does not determine the next one.

    Parameters
    ----------
    n_samples : int, default=10_000
        Number of rows, at least 1.
    dt : float, default=0.177
        Time between rows, in time units of the equations; some 25 rows to a period of the drive.
    delta : float, default=0.1
        Damping.
    alpha, beta : float, default=1.0, -1.0
        Cubic and linear stiffness; the defaults make a double well.
    gamma, omega : float, default=0.35, 1.4
        Amplitude and angular frequency of the drive. All defaults are those of [2]_.
    noise : float, default=0.0
        Standard deviation of the observation noise added to each column, as a fraction of the
        column's own standard deviation. The dynamics stay noise-free.
    columns : str, int or sequence of these, default=None
        Names or positions of the columns to keep, out of x, y, cos_phase. None keeps all.
    as_frame : bool, default=False
        Whether to return a DataFrame with named columns, indexed by "time".
    return_bunch : bool, default=False
        Whether to return a Bunch, as described in :func:`make_lorenz63`. Its three exponents
        are those of (x, y, phase); the phase contributes an exact zero.
    random_state : int, RandomState instance or None, default=None
        Source of the initial state, the initial phase and the noise.

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
    Integrated with DOP853 at a relative tolerance of 1e-10; an orbit of 200 time units is dropped
    first.

    References
    ----------
    .. [1] Guckenheimer, J. & Holmes, P. (1983). Nonlinear Oscillations, Dynamical Systems, and
       Bifurcations of Vector Fields. Springer.
    .. [2] Mikhaeil, J. M., Monfared, Z. & Durstewitz, D. (2022). On the difficulty of learning
       chaotic dynamics with RNNs. Advances in Neural Information Processing Systems, 35.

    Examples
    --------
    >>> from skchaos.datasets import make_duffing
    >>> make_duffing(500, columns=["x", "y"], random_state=0).shape
    (500, 2)
    """
    request = check_request(
        DUFFING,
        parameters={"delta": delta, "alpha": alpha, "beta": beta, "gamma": gamma, "omega": omega},
        feature_names=["x", "y", "cos_phase"],
        n_samples=n_samples,
        dt=dt,
        noise=noise,
        columns=columns,
        as_frame=as_frame,
        return_bunch=return_bunch,
    )
    rng = check_random_state(random_state)
    delta, alpha, beta, gamma, omega = request.parameters.values()
    start = rng.uniform(-1.0, 1.0, 2)
    start_phase = rng.uniform(0.0, 2.0 * math.pi)

    def derivative(time, state):
        force = gamma * math.cos(start_phase + omega * time)
        return _equations.duffing(state.tolist(), force, delta, alpha, beta)

    times, orbit = flow_rows(request, derivative, start, transient=DUFFING_TRANSIENT)
    clean = np.column_stack((orbit, np.cos(start_phase + omega * times)))
    return request.answer(clean, rng)
