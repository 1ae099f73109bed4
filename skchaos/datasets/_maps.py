"""Maps: Henon and logistic."""

import math

from sklearn.utils import check_random_state

from skchaos.datasets import _equations
from skchaos.datasets._integrate import map_rows
from skchaos.datasets._request import System, check_number, check_request

HENON = System(
    key="henon",
    title="Henon map",
    equations="x_next = 1 - a x^2 + y\ny_next = b x",
    source=(
        "Henon, M. (1976). A two-dimensional mapping with a strange attractor. Communications in "
        "Mathematical Physics, 50, 69-77, equation 4."
    ),
)

LOGISTIC = System(
    key="logistic",
    title="Logistic map",
    equations="x_next = r x (1 - x)",
    source=(
        "May, R. M. (1976). Simple mathematical models with very complicated dynamics. Nature, "
        "261, 459-467, equation 3."
    ),
)

TRANSIENT = 1000  # iterations

LARGEST_BELOW_ONE = math.nextafter(1.0, 0.0)


def make_henon(
    n_samples=10_000,
    *,
    a=1.4,
    b=0.3,
    noise=0.0,
    columns=None,
    as_frame=False,
    return_bunch=False,
    random_state=None,
):
    """Make a trajectory on the attractor of the Henon map.

    The map [1]_ (equation 4) is x_next = 1 - a x^2 + y, y_next = b x. A row is one iteration.

    Parameters
    ----------
    n_samples : int, default=10_000
        Number of rows, at least 1.
    a, b : float, default=1.4, 0.3
        Folding and contraction.
    noise : float, default=0.0
        Standard deviation of the observation noise added to each column, as a fraction of the
        column's own standard deviation. The dynamics stay noise-free.
    columns : str, int or sequence of these, default=None
        Names or positions of the columns to keep, out of x, y. None keeps all.
    as_frame : bool, default=False
        Whether to return a DataFrame with named columns, indexed by "time" (iterations).
    return_bunch : bool, default=False
        Whether to return a Bunch, as described in :func:`make_lorenz63`; `dt` is 1.
    random_state : int, RandomState instance or None, default=None
        Source of the initial state and of the noise.

    Returns
    -------
    data : ndarray or DataFrame of shape (n_samples, n_kept), or Bunch
        The series, or a Bunch as described in :func:`make_lorenz63`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or no orbit is bounded.

    Notes
    -----
    A start outside of the basin escapes to infinity and is drawn again; 1,000 iterations are
    dropped.

    References
    ----------
    .. [1] Henon, M. (1976). A two-dimensional mapping with a strange attractor. Communications
       in Mathematical Physics, 50, 69-77.

    Examples
    --------
    >>> from skchaos.datasets import make_henon
    >>> make_henon(500, random_state=0).shape
    (500, 2)
    """
    request = check_request(
        HENON,
        parameters={"a": a, "b": b},
        feature_names=["x", "y"],
        n_samples=n_samples,
        dt=1.0,
        noise=noise,
        columns=columns,
        as_frame=as_frame,
        return_bunch=return_bunch,
    )
    rng = check_random_state(random_state)
    a, b = request.parameters.values()
    clean = map_rows(
        request,
        lambda state: _equations.henon(state, a, b),
        lambda: rng.uniform(-1.0, 1.0, 2),
        transient=TRANSIENT,
    )
    return request.answer(clean, rng)


def make_logistic(
    n_samples=10_000,
    *,
    r=4.0,
    noise=0.0,
    columns=None,
    as_frame=False,
    return_bunch=False,
    random_state=None,
):
    """Make a trajectory of the logistic map.

    The map [1]_ (equation 3) is x_next = r x (1 - x) on the interval from 0 to 1. A row is one
    iteration.

    Parameters
    ----------
    n_samples : int, default=10_000
        Number of rows, at least 1.
    r : float, default=4.0
        Growth rate, from 0 to 4.
    noise : float, default=0.0
        Standard deviation of the observation noise added to the column, as a fraction of the
        column's own standard deviation. The dynamics stay noise-free.
    columns : str, int or sequence of these, default=None
        Names or positions of the columns to keep; there is one, x.
    as_frame : bool, default=False
        Whether to return a DataFrame with a named column, indexed by "time" (iterations).
    return_bunch : bool, default=False
        Whether to return a Bunch, as described in :func:`make_lorenz63`; `dt` is 1.
    random_state : int, RandomState instance or None, default=None
        Source of the initial state and of the noise.

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
    At r = 4 a value within 4e-9 of 1/2 would round to 1 and stay at 0 for ever after; it is
    rounded to the float below 1 instead, an error no larger than that of every other iteration.
    Beyond some 10^7 rows any orbit in double precision is caught in a cycle. 1,000 iterations are
    dropped.

    References
    ----------
    .. [1] May, R. M. (1976). Simple mathematical models with very complicated dynamics. Nature,
       261, 459-467.

    Examples
    --------
    >>> from skchaos.datasets import make_logistic
    >>> make_logistic(500, random_state=0).shape
    (500, 1)
    """
    check_number("r", r, lowest=0.0, highest=4.0)
    request = check_request(
        LOGISTIC,
        parameters={"r": r},
        feature_names=["x"],
        n_samples=n_samples,
        dt=1.0,
        noise=noise,
        columns=columns,
        as_frame=as_frame,
        return_bunch=return_bunch,
    )
    rng = check_random_state(random_state)
    rate = request.parameters["r"]
    clean = map_rows(
        request,
        lambda state: (logistic_step(state[0], rate),),
        lambda: rng.uniform(0.0, 1.0, 1),
        transient=TRANSIENT,
    )
    return request.answer(clean, rng)


def logistic_step(x, r):
    """Return the next value, kept off 1, from which the map falls to 0 and never leaves."""
    return min(_equations.logistic(x, r), LARGEST_BELOW_ONE)
