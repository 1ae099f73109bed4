"""How neighbours part: the mean logarithm of their distance over the lag."""

import numpy as np
from scipy.spatial import cKDTree

from skchaos.neighbors._theiler import find_neighbors, theiler_limit


def divergence_curve(points, lags, *, theiler_window, n_neighbors=5, n_references=500):
    r"""Return the mean logarithm of the distance of neighbouring points over the lag.

    .. math:: S(l) = \langle \log \| y_{j+l} - y_{i+l} \| \rangle

    over reference points i and their nearest neighbours j outside the Theiler window (Rosenstein,
    Collins & De Luca 1993, Physica D 65, 117, eq. 13; with several neighbours as in Kantz 1994,
    Phys. Lett. A 185, 77). Its slope, between an early stretch in which displacements turn into
    the growing direction and the size of the attractor, is the largest exponent. Pairs at
    distance zero are left out of the lag at which they are.

    Parameters
    ----------
    points : Points
        State space points. Pairs whose future leaves a trajectory are not used.
    lags : ndarray of shape (n_lags,)
        Rows, ascending.
    theiler_window : int
        Rows within which two points are no neighbours.
    n_neighbors : int, default=5
        Neighbours of each reference point, fewer where there are not as many.
    n_references : int, default=500
        Reference points, evenly spread.

    Returns
    -------
    curve : ndarray of shape (n_lags,)
        nan at lags without a pair.
    """
    curve = np.full(len(lags), np.nan)
    usable = points.with_future(lags[-1])
    n_neighbors = min(n_neighbors, theiler_limit(len(usable), theiler_window))
    if n_neighbors < 1:
        return curve
    times = points.times(theiler_window)
    references = usable[np.unique(np.linspace(0, len(usable) - 1, n_references).astype(int))]
    _, found = find_neighbors(
        cKDTree(points.values[usable]),
        times[usable],
        points.values[references],
        times[references],
        n_neighbors,
        theiler_window,
    )
    first, second = np.repeat(references, n_neighbors), usable[found.ravel()]
    for n, lag in enumerate(lags):
        apart = np.linalg.norm(points.values[first + lag] - points.values[second + lag], axis=1)
        apart = apart[apart > 0]
        if len(apart):
            curve[n] = np.log(apart).mean()
    return curve


def linear_region(lags, curve, period):
    """Return the first and last lag between which a divergence curve can be read.

    It begins after half a mean period, in which displacements align, and ends where the curve has
    made three quarters of its way to its plateau, the median of its last third.
    """
    begin = int(np.searchsorted(lags, period / 2))
    begin = min(begin, max(0, len(lags) - 3))
    plateau = np.median(curve[-(len(curve) // 3 + 1) :])
    bar = curve[begin] + 0.75 * (plateau - curve[begin])
    above = np.flatnonzero(curve[begin:] >= bar)
    end = begin + int(above[0]) if len(above) else len(lags) - 1
    end = min(max(end, begin + 2), len(lags) - 1)
    return int(lags[begin]), int(lags[end])


def slope(lags, curve, start, stop):
    """Return the least-squares slope of a curve between two lags, nan with fewer than two."""
    inside = (lags >= start) & (lags <= stop) & np.isfinite(curve)
    if np.count_nonzero(inside) < 2:
        return np.nan
    return float(np.polyfit(lags[inside], curve[inside], 1)[0])
