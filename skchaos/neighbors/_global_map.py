"""One quadratic map for all rows: for states of many dimensions, where no point has neighbours."""

import numpy as np

from skchaos.neighbors._local_maps import log_errors, make_chains, tangent_growth
from skchaos.neighbors._rows import Points

MIN_COLUMNS = 4  # below, points have neighbours
MIN_ROWS_PER_COEFFICIENT = 5
MAX_ROWS = 20_000


class QuadraticMap:
    """Least-squares quadratic map from each row to the next, y' = c + A y + y^T Q y.

    Parameters
    ----------
    scaled : Scaled
        The last 20,000 rows are used.

    Attributes
    ----------
    error, linear_error : float
        Typical error of a prediction one row ahead, and that of the best linear one, in standard
        deviations.
    """

    step = 1

    def __init__(self, scaled):
        rows, segments = scaled.rows[-MAX_ROWS:], scaled.segments[-MAX_ROWS:]
        self.points = Points(rows, np.arange(len(rows)), segments)
        now = self.points.with_future(1)
        self.n_columns = rows.shape[1]
        design = self._design(rows[now])
        images = rows[now + 1]
        gram = design.T @ design
        gram[np.diag_indices(len(gram))] *= 1 + 1e-9
        self.coefficients = np.linalg.solve(gram, design.T @ images)
        freedom = 1 - design.shape[1] / len(design)
        residuals = (design @ self.coefficients - images) / np.sqrt(freedom)
        self.error = float(np.exp(log_errors(residuals).mean()))
        plain = design[:, : 1 + self.n_columns]
        residuals = plain @ np.linalg.lstsq(plain, images, rcond=None)[0] - images
        self.linear_error = float(np.exp(log_errors(residuals).mean()))

    @staticmethod
    def fits(scaled):
        """Tell whether there are enough columns to need this map, and rows to determine it."""
        n_columns = scaled.rows.shape[1]
        n_coefficients = 1 + n_columns + n_columns * (n_columns + 1) // 2
        n_pairs = len(scaled.rows) - scaled.segments[-1] - 1
        return n_columns >= MIN_COLUMNS and n_pairs >= MIN_ROWS_PER_COEFFICIENT * n_coefficients

    def _design(self, rows):
        i, j = np.triu_indices(self.n_columns)
        return np.column_stack([np.ones(len(rows)), rows, rows[:, i] * rows[:, j]])

    def jacobians(self, rows):
        """Return d image / d row, (from, to), at each row."""
        n = self.n_columns
        curvature = np.zeros((n, n, n))
        i, j = np.triu_indices(n)
        curvature[i, j] += self.coefficients[1 + n :]
        curvature[j, i] += self.coefficients[1 + n :]
        return self.coefficients[1 : 1 + n] + np.tensordot(rows, curvature, axes=1)

    def growth(self, n_references):
        """Return log growth (n_chains, n_steps) of a tangent vector along fitted rows."""
        chains = make_chains(self.points, 1, n_references)
        jacobians = self.jacobians(self.points.values[chains.ravel()])
        jacobians = jacobians.reshape(*chains.shape, self.n_columns, self.n_columns)
        return tangent_growth(jacobians, np.ones((len(chains), self.n_columns)))
