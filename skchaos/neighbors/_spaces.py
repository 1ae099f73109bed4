"""State spaces made of windows of rows."""

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import cKDTree

from skchaos.neighbors._local_maps import fit_local_maps
from skchaos.neighbors._rows import Points, project_windows, window_axes, window_rows
from skchaos.neighbors._scaled import MAX_COLUMNS
from skchaos.neighbors._theiler import find_neighbors, theiler_limit

MAX_WINDOW_DIMS = 8
# Above that many dimensions a KD-tree looks at nearly every point.
MAX_HIGH_DIMENSIONAL_NEIGHBORS = 260
MAX_HIGH_DIMENSIONAL_POINTS = 20_000
MIN_POINTS = 10
MIN_ROWS_PER_NEIGHBOR = 6
MAX_CLOSE_IN_TIME = 100
N_PROBES = 300


@dataclass(frozen=True)
class StateSpace:
    """Windows of rows as points, with their futures and a KD-tree.

    Attributes
    ----------
    n_delays, delay : int
        The window.
    points : Points
    usable : ndarray of shape (n_usable,)
        Indices of the points that have a future `step` rows ahead.
    images : ndarray of shape (n_usable, n_dims + n_columns)
        Their future points, and the newest rows of these.
    stride : int
        Every so many of the usable points is a neighbour. A point of a slow series has hundreds of
        others close in time, which say nothing new and would all have to be passed over.
    step, theiler_window : int
        Rows.
    axes : ndarray of shape (n_delays * n_columns, n_dims)
        Directions of the windows that are kept.
    """

    n_delays: int
    delay: int
    points: Points
    usable: np.ndarray
    images: np.ndarray
    stride: int
    step: int
    theiler_window: int
    axes: np.ndarray
    tree: cKDTree = field(repr=False)

    @classmethod
    def of(cls, scaled, n_delays, delay):
        """Embed scaled rows; None where hardly any window has a future to compare."""
        rows = window_rows(scaled.segments, n_delays, delay)
        if len(rows) < 2:
            return None
        max_dims = MAX_COLUMNS if n_delays == 1 else MAX_WINDOW_DIMS
        axes = window_axes(scaled.rows, rows, n_delays, delay, max_dims)
        values = project_windows(scaled.rows, rows, delay, axes)
        points = Points(values, rows, scaled.segments[rows])
        usable = points.with_future(scaled.step)
        stride = max(1, scaled.theiler_window // MAX_CLOSE_IN_TIME)
        if values.shape[1] > MAX_WINDOW_DIMS:
            stride = max(stride, -(-len(usable) // MAX_HIGH_DIMENSIONAL_POINTS))
        if theiler_limit(len(usable) // stride, scaled.theiler_window // stride) < MIN_POINTS:
            return None
        future = usable + scaled.step
        images = np.hstack([values[future], scaled.rows[rows[future]]])
        return cls(
            n_delays,
            delay,
            points,
            usable,
            images,
            stride,
            scaled.step,
            scaled.theiler_window,
            axes,
            cKDTree(values[usable[::stride]]),
        )

    @property
    def n_dims(self):
        """Dimensions of a point."""
        return self.points.values.shape[1]

    @property
    def tree_times(self):
        """Row numbers of the tree's points; trajectories are far apart."""
        return self.points.times(self.theiler_window)[self.usable[:: self.stride]]

    @property
    def most_neighbors(self):
        """Neighbours that may be asked for."""
        limit = theiler_limit(self.tree.n, self.theiler_window // self.stride + 1)
        limit = max(0, min(self.tree.n // MIN_ROWS_PER_NEIGHBOR, limit))
        high = self.n_dims > MAX_WINDOW_DIMS
        return min(limit, MAX_HIGH_DIMENSIONAL_NEIGHBORS) if high else limit

    def neighbors(self, at, n_neighbors):
        """Return distances and neighbours (as positions in the tree) of the points `at`."""
        times = self.points.times(self.theiler_window)
        return find_neighbors(
            self.tree,
            self.tree_times,
            self.points.values[at],
            times[at],
            n_neighbors,
            self.theiler_window,
        )

    def fit(self, at, found, settings):
        """Return prediction errors of the newest row, and Jacobians, at the points `at`."""
        here = np.searchsorted(self.usable, at)
        errors, jacobians = fit_local_maps(
            self.tree.data,
            self.images[:: self.stride],
            self.points.values[at],
            self.images[here],
            *found,
            settings,
        )
        return errors[:, self.n_dims :], jacobians

    def probes(self):
        """Return reference points spread evenly over the series."""
        at = np.linspace(0, len(self.usable) - 1, N_PROBES).astype(int)
        return self.usable[np.unique(at)]
