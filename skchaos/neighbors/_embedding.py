"""Windows of recent rows that can stand for a state: their delay, and how many rows they need."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from sklearn.utils import check_random_state

from skchaos.neighbors._rows import Units, check_count, check_rows, segment_bounds, window_rows
from skchaos.neighbors._scales import embedding_delay, mean_period, mutual_information

MIN_ROWS = 10
# Windows that are looked at: enough for E1 to repeat within .15 (benchmarks/embedding.py).
MAX_WINDOWS = 5000
# E1 beyond which some 1 % of the nearest neighbours are false at most, the share at which their
# count is read too (Kennel, Brown & Abarbanel 1992): on clean data it is .77 and more at the
# smallest number with so few, and .33 and less at one delay fewer (benchmarks/embedding.py).
SATURATED = 0.7
STOCHASTIC = 0.1  # distance of E2 from 1 within which it counts as 1, for very many windows
# Of the distance of any two rows: where the futures of neighbours are closer, something determines
# them, even if E2 is 1 because the distance of neighbours stays as it is, as on a cycle.
APART = 0.5
SAME = 1e-8  # standard deviations up to which two windows are copies of each other
N_BLOCKS = 10


@dataclass(frozen=True)
class DelayChoice:
    """What :func:`choose_delay` measured.

    Parameters
    ----------
    delay : int
        Steps between two rows of a window.
    mutual_information : ndarray of shape (n_lags, n_features)
        Of each column with its own past, nats; row k is a lag of k steps.
    mean_period : float
        Rows.
    """

    delay: int
    mutual_information: np.ndarray
    mean_period: float


@dataclass(frozen=True)
class CaoDimension:
    """What :func:`cao_dimension` measured.

    Parameters
    ----------
    n_delays : int
        Rows of a window: the first number from which on E1 is saturated. The largest examined one
        where it is not.
    e1, e2 : ndarray of shape (n_examined,)
        Cao's quantities for windows of 1, 2, ... rows. nan where all windows are alike.
    verdict : {"determined", "noise", "undecided"}
        Whether such a window determines what comes next, nothing does, or no number up to the
        largest examined one is enough.
    reason : str
        Why, in words.
    theiler_window : int
        Rows within which two windows are no neighbours.
    """

    n_delays: int
    e1: np.ndarray
    e2: np.ndarray
    verdict: str
    reason: str
    theiler_window: int


def choose_delay(X, *, groups=None):
    """Choose the delay of an embedding: the first minimum of the mutual information.

    At that lag a row tells the most that an earlier one does not, among the lags at which the two
    still belong together [1]_. The information comes from a histogram of ranks, so that it does not
    depend on units.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Consecutive rows in time.
    groups : array-like of shape (n_samples,), default=None
        Trajectory of each row; rows of one trajectory are contiguous. None is one trajectory.

    Returns
    -------
    DelayChoice
        Delay, and the curves that it was read from.

    Raises
    ------
    ValueError
        If a column is constant, or `groups` does not hold one label a row.

    Notes
    -----
    With several columns the median of their delays. A column whose information has no minimum
    before twice its autocorrelation time (that of a map is gone after a few rows) has the
    autocorrelation time. The delay is never less than a twelfth of the mean period and never more
    than a fortieth of the longest trajectory. Information comes from the last 20,000 rows.

    References
    ----------
    .. [1] A. M. Fraser and H. L. Swinney, Phys. Rev. A 33 (1986), 1134-1140.

    Examples
    --------
    >>> from skchaos.datasets import make_lorenz63
    >>> from skchaos.neighbors import choose_delay
    >>> choice = choose_delay(make_lorenz63(10_000, columns=["x"], random_state=0))
    >>> 14 <= choice.delay <= 24
    True
    """
    rows, segments = standardised(X, groups)
    period = mean_period(rows, segments)
    delay = embedding_delay(rows, segments, period)
    lags = np.arange(min(3 * delay + 4, len(rows)))  # some way past the minimum
    recent, kept = rows[-20_000:], segments[-20_000:]
    curves = [mutual_information(column, kept, lags) for column in recent.T]
    return DelayChoice(delay, np.column_stack(curves), period)


def cao_dimension(X, *, delay=1, max_n_delays=10, groups=None, random_state=0):
    r"""Count the delays that determine a state, by Cao's method.

    Let i and n be nearest neighbours among windows of d rows, :math:`a_d` the factor by which their
    distance grows when the row one delay later joins the windows, and :math:`E(d)` its mean. While
    d is too small, neighbours are false: only the projection makes them near, and the factor is
    large. :math:`E_1(d) = E(d + 1) / E(d)` rises to 1 as the last of them vanish [1]_. With
    :math:`E^*(d)` the mean distance of those later rows, :math:`E_2(d) = E^*(d + 1) / E^*(d)` is 1
    for every d where the past does not tell them, as in noise.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Consecutive rows in time. With several columns a window holds all of them.
    delay : int, default=1
        Steps between two rows of a window, as from :func:`choose_delay`.
    max_n_delays : int, default=10
        Largest number examined; enough for attractors of up to 4.5 dimensions, since more than
        twice the dimension always is [2]_. Fewer are examined where rows are few.
    groups : array-like of shape (n_samples,), default=None
        Trajectory of each row; rows of one trajectory are contiguous. No window reaches across.
    random_state : int, RandomState instance or None, default=0
        Seed of the choice of 5,000 windows, where there are more.

    Returns
    -------
    CaoDimension
        Number of delays, verdict, and the curves that they were read from.

    Raises
    ------
    TypeError
        If `delay` or `max_n_delays` is not a whole number.
    ValueError
        If one of them is below 1, a column is constant, `groups` does not hold one label a row, or
        no trajectory is long enough.

    Notes
    -----
    Distances are in the max norm, of columns in standard deviations. Windows within one mean
    period are not neighbours [3]_, nor are exact copies. The rule: the first number of delays from
    which on E1 stays above .7, where some 1 % of false neighbours are left, the share at which
    their count is read too [4]_. Observation noise makes false neighbours of its own and so asks
    for more delays, which average it out.

    "noise" are series whose E2 is within .1 (more for few windows) of 1 throughout while the
    futures of neighbours are more than half as far apart as any two rows. A random walk, or noise
    with memory at a delay too short for it, may pass as determined.

    About half a second on one core.

    References
    ----------
    .. [1] L. Cao, Physica D 110 (1997), 43-50.
    .. [2] F. Takens, Lecture Notes in Mathematics 898 (1981), 366-381.
    .. [3] J. Theiler, Phys. Rev. A 34 (1986), 2427-2432.
    .. [4] M. B. Kennel, R. Brown and H. D. I. Abarbanel, Phys. Rev. A 45 (1992), 3403-3411.

    Examples
    --------
    >>> from skchaos.datasets import make_henon
    >>> from skchaos.neighbors import cao_dimension
    >>> cao_dimension(make_henon(2000, columns=["x"], random_state=0)).n_delays
    2
    """
    delay = check_count("delay", delay, 1)
    max_n_delays = check_count("max_n_delays", max_n_delays, 1)
    rows, segments = standardised(X, groups)
    longest = max(stop - start for start, stop in segment_bounds(segments))
    needed = max(MIN_ROWS, 4 * delay + 2)
    if longest < needed:
        raise ValueError(
            f"X has {longest} row(s) in its longest trajectory, too few to count delays; with a "
            f"delay of {delay} at least {needed} are needed: give more rows, or set the number of "
            "delays."
        )
    # The longest windows span half of the longest trajectory at most.
    n_examined = min(max_n_delays, (longest // 2 - 1) // delay - 1)
    theiler_window = min(max(1, round(mean_period(rows, segments))), longest // 10)
    windows, times = _some_windows(
        rows, segments, delay, n_examined + 2, theiler_window, random_state
    )
    growth, apart = neighbor_growth(windows, times, theiler_window)
    spread, future = growth.mean(axis=1), apart.mean(axis=1)
    e1, e2 = spread[1:] / spread[:-1], future[1:] / future[:-1]
    unforeseen = future.min() > APART * _usual_distance(windows) and not _repeats(windows)
    n_delays, verdict, reason = _judge(e1, e2, len(windows), unforeseen)
    return CaoDimension(n_delays, e1, e2, verdict, reason, int(theiler_window))


def standardised(X, groups):
    """Return rows in standard deviations and their trajectory numbers."""
    X, segments = check_rows(X, groups)
    units = Units(X)
    if not units.varies.all():
        column = int(np.argmin(units.varies))
        raise ValueError(
            f"Column {column} of X is constant (value {X[0, column]:.6g}); a constant has neither "
            "a delay nor a dimension: leave it out."
        )
    return units(X), segments


def _some_windows(rows, segments, delay, n_rows, theiler_window, random_state):
    """Return up to 5,000 windows (n_windows, n_rows, n_columns), oldest row first, and times."""
    newest = window_rows(segments, n_rows, delay)
    if len(newest) > MAX_WINDOWS:
        # At random: every second row of a cycle of even length would be half of the cycle.
        chosen = check_random_state(random_state).choice(len(newest), MAX_WINDOWS, replace=False)
        newest = newest[np.sort(chosen)]
    lags = delay * np.arange(n_rows)[::-1]
    # Rows of different trajectories are never near in time.
    return rows[newest[:, None] - lags], newest + segments[newest] * (theiler_window + 1)


def neighbor_growth(windows, times, theiler_window):
    """Return how nearest neighbours part when windows grow by a row.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, n_rows, n_columns)
        Oldest row first, in order of time.
    times : ndarray of shape (n_windows,)
    theiler_window : int

    Returns
    -------
    growth, apart : ndarray of shape (n_rows - 1, n_found)
        For windows of 1, 2, ... rows: factor by which the distance to the nearest neighbour grows,
        and distance of the two next rows. Windows that have no neighbour at some length are left
        out; a single column of nan where none remains.
    """
    n_windows, n_rows, _ = windows.shape
    growth, apart = np.full((2, n_rows - 1, n_windows), np.nan)
    for d in range(1, n_rows):
        short = windows[:, :d].reshape(n_windows, -1)
        distances, nearest = _nearest(short, times, theiler_window)
        apart[d - 1] = np.abs(windows[:, d] - windows[nearest, d]).max(axis=1)
        growth[d - 1] = np.maximum(distances, apart[d - 1]) / distances
    found = np.isfinite(growth).all(axis=0)
    if not found.any():
        return np.full((n_rows - 1, 1), np.nan), np.full((n_rows - 1, 1), np.nan)
    return growth[:, found], apart[:, found]


def _nearest(points, times, theiler_window):
    """Return distances (nan for none) and indices of the nearest points, in the max norm.

    Never a copy of the point itself, since a ratio of zeros says nothing and Cao takes the next
    neighbour then. The points of one block of time have one tree, of all that are outside the
    Theiler window of the whole block: the cost does not grow with the window, and a tenth of the
    candidates is lost at most.
    """
    copies = _fingerprints(points)
    distances, indices = np.full(len(points), np.nan), np.zeros(len(points), dtype=np.intp)
    for part in np.array_split(np.arange(len(points)), N_BLOCKS):
        if len(part) == 0:
            continue
        first, last = times[part[0]] - theiler_window, times[part[-1]] + theiler_window
        far = np.flatnonzero((times < first) | (times > last))
        if len(far) < 2:
            continue
        # Copies of one another would stand in each other's way by the hundred.
        candidates = far[np.unique(copies[far], return_index=True)[1]]
        tree = cKDTree(points[candidates])
        d, i = tree.query(points[part], np.arange(1, min(4, tree.n) + 1), p=np.inf)
        found, first = (d > SAME).any(axis=1), (d > SAME).argmax(axis=1)
        distances[part[found]] = d[found, first[found]]
        indices[part[found]] = candidates[i[found, first[found]]]
    return distances, indices


def _usual_distance(windows):
    """Return the mean distance of two rows taken at random."""
    rows = windows[:, -1]
    return np.abs(rows - check_random_state(0).permutation(rows)).max(axis=1).mean()


def _repeats(windows):
    """Tell whether more than half of the windows are copies of others."""
    return len(np.unique(_fingerprints(windows.reshape(len(windows), -1)))) < len(windows) / 2


def _fingerprints(points):
    """Return a number for each point that copies of it share."""
    return (points @ check_random_state(0).standard_normal(points.shape[1])).round(9)


def _judge(e1, e2, n_windows, unforeseen):
    """Return the number of delays, the verdict and the reason."""
    below = np.flatnonzero(~(e1 >= SATURATED))  # written so that nan is below
    n_delays = int(below[-1]) + 2 if len(below) else 1
    saturated = n_delays <= len(e1)
    n_delays = min(n_delays, len(e1))
    away = np.abs(e2 - 1).max()
    # A mean over n neighbours has a relative error of about 1 / sqrt(n).
    tolerance = STOCHASTIC + 3 / np.sqrt(n_windows)
    if unforeseen and away <= tolerance:
        reason = (
            f"E2 is within {away:.2g} of 1 for all numbers of delays (up to {tolerance:.2g} cannot "
            f"be told from 1 with {n_windows} windows): the past does not tell what comes next, as "
            "in noise"
        )
        return n_delays, "noise", reason
    if np.isnan(e1).any():
        return n_delays, "undecided", "all windows are alike"
    if not saturated:
        reason = f"E1 is {e1[-1]:.2g} at {len(e1)} delay(s), the most examined, below {SATURATED}"
        return n_delays, "undecided", reason
    reason = f"E1 is {e1[n_delays - 1]:.2g} at {n_delays} delay(s) and stays above {SATURATED}"
    return n_delays, "determined", reason
