"""Nearest neighbours that are not just the row before or after."""

import numpy as np

QUERY_CHUNK = 500


def theiler_limit(n_points, theiler_window):
    """Return how many neighbours outside its Theiler window every point has for sure."""
    return n_points - (2 * theiler_window + 1)


def find_neighbors(tree, tree_times, values, times, n_neighbors, theiler_window):
    """Return distances and tree indices of the nearest points that are far enough in time.

    Points of one orbit segment are close because time passed little, not because the orbit came
    back (Theiler 1986, Phys. Rev. A 34, 2427); those within `theiler_window` rows do not count.

    Parameters
    ----------
    tree : scipy.spatial.cKDTree
        Of at least `n_neighbors + 2 * theiler_window + 1` points.
    tree_times, times : ndarray of int
        Row numbers of the tree's points and of the query points.
    values : ndarray of shape (n_queries, n_dims)
    n_neighbors, theiler_window : int

    Returns
    -------
    distances, indices : ndarray of shape (n_queries, n_neighbors)
    """
    distances = np.empty((len(values), n_neighbors))
    indices = np.empty((len(values), n_neighbors), dtype=np.intp)
    for start in range(0, len(values), QUERY_CHUNK):
        part = np.arange(start, min(start + QUERY_CHUNK, len(values)))
        n_asked = n_neighbors + min(2 * theiler_window + 1, 8 + n_neighbors // 4)
        while len(part):
            n_asked = min(n_asked, tree.n)
            d, i = tree.query(values[part], k=n_asked)
            d, i = d.reshape(len(part), -1), i.reshape(len(part), -1)
            far = np.abs(tree_times[i] - times[part, None]) > theiler_window
            done = far.sum(axis=1) >= n_neighbors
            # A stable sort on "too near in time" moves those back and keeps the order of the rest.
            order = np.argsort(~far[done], axis=1, kind="stable")[:, :n_neighbors]
            distances[part[done]] = np.take_along_axis(d[done], order, axis=1)
            indices[part[done]] = np.take_along_axis(i[done], order, axis=1)
            part = part[~done]
            n_asked *= 2
    return distances, indices
