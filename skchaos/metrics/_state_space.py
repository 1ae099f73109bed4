"""Divergence between the occupations of state space, D_stsp."""

from numbers import Integral, Real

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils import check_random_state, check_scalar

from skchaos.metrics._validation import check_option, check_pair

# Added to the count of every visited cell, the Laplace smoothing of [3]_; a series stuck at the
# mean of Lorenz-63 then scores 16.3 over 100,000 rows and 30 bins.
_PSEUDO_COUNT = 1e-5
# Fewer rows than this for each cell of a two-dimensional sheet, and the noise of the counts exceeds
# the difference between a good model and a bad one. (The attractor of a flow in three dimensions is
# little more than a sheet: the dimension of Lorenz-63 is 2.06.)
_ROWS_PER_CELL = 10
_MAX_BINNED_COLUMNS = 3
_MAX_GRID = 2**20  # cells that are laid out, 8 MB a series; of more only those visited are counted
_BLOCK = 2**14  # rows at a time, so that what is computed on the way stays in the cache
_MONTE_CARLO_BLOCK = 1000  # points at a time: 40 MB of distances to 5000 Gaussians


def state_space_divergence(
    X_true,
    X_pred,
    *,
    method="auto",
    n_bins=30,
    bin_range="data",
    bandwidth="scott",
    n_components=5000,
    n_monte_carlo=1000,
    random_state=None,
):
    """Compute the divergence between two occupations of state space, D_stsp.

    The Kullback-Leibler divergence KL(p || q) = sum over x of p(x) log(p(x) / q(x)), in nats, where
    p is the density with which the rows of `X_true` visit state space and q that of `X_pred`.
    Time order plays no part: two trajectories of one chaotic system that have long parted still
    agree. It is zero for equal occupations and does not depend on the units of the columns.

    Parameters
    ----------
    X_true : array-like of shape (n_rows_true, n_features)
        Rows of the true system. They alone define the bins, the units and the bandwidth, so values
        for several models against one `X_true` are comparable.
    X_pred : array-like of shape (n_rows_pred, n_features)
        Rows of a free run; the number of rows may differ.
    method : {"auto", "binned", "mixture"}, default="auto"
        "binned" compares histograms, "mixture" two mixtures of Gaussians, one around every row.
        "auto" is "binned" for at most three columns and at least 10 rows in both series for every
        bin (one column) or pair of bins (two or three): 300 and 9,000 rows with 30 bins. Else
        "mixture". It depends on shapes only, so that equal folds are measured alike. The values of
        the two are not comparable.
    n_bins : int, default=30
        Intervals of equal width on each axis [3]_. Take fewer for short series.
    bin_range : {"data", "two_sd"}, default="data"
        What the `n_bins` intervals span: the range of `X_true` [3]_, or its mean plus and minus two
        standard deviations, which with `n_bins=10` is the window of [1]_ and [2]_.
    bandwidth : float or {"scott", "silverman"}, default="scott"
        Standard deviation of the Gaussians, in units of the standard deviation of each column of
        `X_true`. The rules give it as :class:`sklearn.neighbors.KernelDensity` does, for n
        Gaussians in d columns n**(-1 / (d + 4)) (Scott) and (n (d + 2) / 4)**(-1 / (d + 4)). Take
        1.0 to compare with [1]_ and [2]_.
    n_components : int, default=5000
        Largest number of Gaussians in a mixture. Of a longer series so many rows are drawn.
    n_monte_carlo : int, default=1000
        Points drawn from p to estimate the integral, as in [2]_. Take more to compare values that
        differ by less than about .01.
    random_state : int, RandomState instance or None, default=None
        Determines the rows and points drawn for "mixture". Pass an int for reproducible values.

    Returns
    -------
    float
        Divergence in nats, not negative and, for finite input, finite.

    Raises
    ------
    ValueError
        If the series are not finite two-dimensional arrays with equal columns and at least two
        rows, a column of `X_true` is constant, or a parameter is out of its range.
    TypeError
        If a parameter is not of its type.

    Notes
    -----
    **binned.** Each axis is cut into the `n_bins` intervals and two half-infinite ones beyond them,
    so every row is counted: a forecast gains nothing by leaving the range. (The code behind
    [1]_ and [2]_ drops such rows, and has no value for a model that left altogether.) A cell that
    both series leave empty has no part in the sum. To each of the K others 1e-5 is added, so a
    series that misses the attractor scores about log(n_rows_pred / 1e-5) minus the entropy of the
    true histogram, not infinity. Memory and time grow with the number of rows, not with that of
    cells; but in many dimensions cells hold single rows and all trajectories look alike far apart,
    so prefer "mixture".

    **mixture.** p and q are means of Gaussians N(x; row, s**2) in standardised columns, and KL is
    the mean of log p(x) - log q(x) over points x drawn from p, cut off at zero ([2]_, appendix). A
    fixed s of one standard deviation, as in the papers, hardly sees a difference between Lorenz and
    a Gaussian of the same covariance in few columns (.02 nats); a fixed small one sees nothing but
    sampling noise in many. Scott's rule follows the spacing of the rows, so the value depends on
    their number: compare on equal lengths. The cost is `n_monte_carlo` x `n_components` distances.

    Print the divergence between two halves of `X_true` beside the value: no model can be expected
    to be much better.

    References
    ----------
    .. [1] J. M. Mikhaeil, Z. Monfared and D. Durstewitz, "On the difficulty of learning chaotic
       dynamics with RNNs", NeurIPS 2022 (arXiv:2110.07238).
    .. [2] M. Brenner, F. Hess, J. M. Mikhaeil et al., "Tractable dendritic RNNs for reconstructing
       nonlinear dynamical systems", ICML 2022 (arXiv:2207.02542).
    .. [3] F. Hess, Z. Monfared, M. Brenner and D. Durstewitz, "Generalized teacher forcing for
       learning chaotic dynamics", ICML 2023 (arXiv:2306.04406).

    Examples
    --------
    >>> import numpy as np
    >>> from skchaos.metrics import state_space_divergence
    >>> X = np.random.RandomState(0).uniform(size=(1000, 1))
    >>> state_space_divergence(X, X[::-1])
    0.0
    >>> round(state_space_divergence(X, X / 2), 1)  # the upper half is never visited
    6.9
    """
    check_option(method, "method", ("auto", "binned", "mixture"))
    check_option(bin_range, "bin_range", ("data", "two_sd"))
    check_scalar(n_bins, "n_bins", Integral, min_val=1)
    check_scalar(n_components, "n_components", Integral, min_val=1)
    check_scalar(n_monte_carlo, "n_monte_carlo", Integral, min_val=1)
    _check_bandwidth(bandwidth)
    X_true, X_pred = check_pair(X_true, X_pred)
    if method == "auto":
        method = _choose_method(min(len(X_true), len(X_pred)), X_true.shape[1], n_bins)
    if method == "binned":
        return _binned_divergence(X_true, X_pred, n_bins, bin_range)
    rng = check_random_state(random_state)
    return _mixture_divergence(X_true, X_pred, bandwidth, n_components, n_monte_carlo, rng)


def _check_bandwidth(bandwidth):
    if isinstance(bandwidth, str):
        check_option(bandwidth, "bandwidth", ("scott", "silverman"))
        return
    check_scalar(bandwidth, "bandwidth", Real, min_val=0, include_boundaries="neither")
    if not np.isfinite(bandwidth):
        raise ValueError(f"bandwidth={bandwidth} must be finite, in standard deviations.")


def _choose_method(n_rows, n_features, n_bins):
    if n_features > _MAX_BINNED_COLUMNS:
        return "mixture"
    enough = _ROWS_PER_CELL * n_bins ** min(n_features, 2)
    return "binned" if n_rows >= enough else "mixture"


def _binned_divergence(X_true, X_pred, n_bins, bin_range):
    low, high = X_true.min(axis=0), X_true.max(axis=0)
    if bin_range == "two_sd":
        center, half = X_true.mean(axis=0), 2 * X_true.std(axis=0)
        low, high = center - half, center + half
    series = (X_true, X_pred)
    if X_true.shape[1] * np.log2(n_bins + 2) <= np.log2(_MAX_GRID):
        counts = _grid_counts(series, low, high, n_bins)
    else:
        counts = _visited_counts(series, low, high, n_bins)
    p, q = counts[:, counts.any(axis=0)] + _PSEUDO_COUNT
    p, q = p / p.sum(), q / q.sum()
    # Rounding can leave a sum of equal and opposite terms at -1e-17.
    return max(0.0, float(p @ np.log(p / q)))


def _grid_counts(series, low, high, n_bins):  # (series, cell)
    """Count rows in every cell of a grid small enough to be laid out."""
    counts = np.zeros((len(series), (n_bins + 2) ** len(low)))
    for total, X in zip(counts, series, strict=True):
        for start in range(0, len(X), _BLOCK):
            cells = _cells(X[start : start + _BLOCK], low, high, n_bins)
            total += np.bincount(cells, minlength=len(total))
    return counts


def _visited_counts(series, low, high, n_bins):  # (series, cell)
    """Count rows in the cells that a row is in, whatever the number of dimensions."""
    per_key = int(62 / np.log2(n_bins + 2))  # axes whose intervals fit one integer
    cells = np.zeros(sum(map(len, series)), dtype=np.int64)
    for axis in range(0, len(low), per_key):
        axes = slice(axis, axis + per_key)
        key = np.concatenate([_cells(X[:, axes], low[axes], high[axes], n_bins) for X in series])
        key = np.unique(key, return_inverse=True)[1]
        cells = np.unique(cells * (key.max() + 1) + key, return_inverse=True)[1]
    n_true, n_cells = len(series[0]), cells.max() + 1
    counts = [np.bincount(part, minlength=n_cells) for part in (cells[:n_true], cells[n_true:])]
    return np.array(counts, dtype=float)


def _cells(X, low, high, n_bins):
    """Return a number for the cell of each row, of (n_bins + 2) to the number of columns."""
    cells = np.zeros(len(X), dtype=np.int64)
    for values, first, last in zip(X.T, low, high, strict=True):
        position = (values - first) / (last - first)
        position *= n_bins
        np.floor(position, out=position)
        position[values == last] = n_bins - 1  # the range is closed: the largest row is inside
        np.clip(position, -1, n_bins, out=position)  # beyond it are two half-infinite intervals
        cells *= n_bins + 2
        cells += (position + 1).astype(np.int64)
    return cells


def _mixture_divergence(X_true, X_pred, bandwidth, n_components, n_monte_carlo, rng):
    center, scale = X_true.mean(axis=0), X_true.std(axis=0)
    # One seed for both: equal lengths keep the same rows, so equal series have distance zero.
    seed = rng.randint(np.iinfo(np.int32).max)
    true_centers = _draw_rows((X_true - center) / scale, n_components, seed)
    pred_centers = _draw_rows((X_pred - center) / scale, n_components, seed)
    width = _gaussian_width(bandwidth, *true_centers.shape)
    true_centers, pred_centers = true_centers / width, pred_centers / width
    log_ratios = []
    for start in range(0, n_monte_carlo, _MONTE_CARLO_BLOCK):
        n_points = min(_MONTE_CARLO_BLOCK, n_monte_carlo - start)
        points = true_centers[rng.randint(len(true_centers), size=n_points)]
        points = points + rng.standard_normal(points.shape)
        log_p = _log_mixture_density(points, true_centers)
        log_ratios.append(log_p - _log_mixture_density(points, pred_centers))
    return max(0.0, float(np.concatenate(log_ratios).mean()))


def _draw_rows(X, n_rows, seed):
    if len(X) <= n_rows:
        return X
    return X[np.random.RandomState(seed).permutation(len(X))[:n_rows]]


def _gaussian_width(bandwidth, n_centers, n_features):
    if bandwidth == "scott":
        return n_centers ** (-1 / (n_features + 4))
    if bandwidth == "silverman":
        return (n_centers * (n_features + 2) / 4) ** (-1 / (n_features + 4))
    return float(bandwidth)


def _log_mixture_density(
    points,  # (point, feature), in units of the Gaussians' standard deviation
    centers,  # (center, feature)
):  # (point,), up to a constant that both mixtures share
    distances = cdist(points, centers, "sqeuclidean")
    # Logarithm of a sum of exponentials, in place: copies would take longer than the arithmetic.
    nearest = distances.min(axis=1)
    distances -= nearest[:, None]
    distances *= -0.5
    np.exp(distances, out=distances)
    return np.log(distances.mean(axis=1)) - 0.5 * nearest
