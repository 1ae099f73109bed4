"""Growth of tangent vectors along a series."""

from dataclasses import dataclass

import numpy as np

from skchaos.neighbors._choose import choose_maps
from skchaos.neighbors._global_map import QuadraticMap
from skchaos.neighbors._local_maps import make_chains, tangent_growth

# Of a short series every row is covered four times, by chains that start at different rows.
MIN_REFERENCES, N_REFERENCES = 200, 2000
MAX_PAIRS = 500_000  # reference points times neighbours
WARM_UP_PERIODS = 10.0  # until a vector points in the growing direction; 2 gave 13 % too little
N_BLOCKS = 20
# Above this error (standard deviations) a map does not follow the dynamics.
POOR_ERROR = 0.2
# Factor by which neighbours must beat a linear prediction before anything nonlinear is seen. Linear
# processes give .6 to 1.3.
MIN_GAIN_OVER_LINEAR = 1.5


@dataclass(frozen=True)
class Growth:
    """Mean growth rate of a tangent vector and its standard error, per row."""

    rate: float
    standard_error: float

    @classmethod
    def of(cls, log_growth, step, period, n_rows):
        """Average growth over chains of shape (n_chains, n_steps) and its error over blocks.

        `n_rows` is the number of rows there are: chains that overlap in time, as those of a short
        series do, add no rows to average over.
        """
        n_steps = log_growth.shape[1]
        n_skipped = int(min(n_steps // 4, np.ceil(WARM_UP_PERIODS * period / step)))
        rates = log_growth[:, n_skipped:] / step
        n_each = max(1, min(rates.shape[1], N_BLOCKS // len(rates)))
        blocks = [block.mean() for row in rates for block in np.array_split(row, n_each)]
        overlap = max(1.0, rates.size * step / n_rows)
        spread = np.std(blocks, ddof=1) if len(blocks) > 1 else np.inf
        return cls(float(rates.mean()), float(spread * np.sqrt(overlap / len(blocks))))

    @classmethod
    def median(cls, growths):
        """Return the median rate; its error counts the spread between the rates as well."""
        rates = [growth.rate for growth in growths]
        sampling = np.median([growth.standard_error for growth in growths])
        spread = np.std(rates, ddof=1) if len(rates) > 1 else 0.0
        return cls(float(np.median(rates)), float(np.hypot(sampling, spread)))


@dataclass(frozen=True)
class Measurement:
    """Growth along a series and the map that it was measured with.

    Attributes
    ----------
    scaled : Scaled
        The rows, with the noise that was added.
    best : Candidate
        The local map that predicts best.
    quadratic : QuadraticMap or None
        Where no point has neighbours: the map of all rows that was used instead.
    growth : Growth
    error, linear_error : float
        Typical errors of a prediction `step` rows ahead, by the map and by the best linear one.
    step : int
        Rows.
    """

    scaled: object
    best: object
    quadratic: QuadraticMap | None
    growth: Growth
    error: float
    linear_error: float
    step: int

    @property
    def gain(self):
        """Factor by which the map predicts better than the best linear prediction."""
        return self.linear_error / self.error

    @property
    def settings(self):
        """Window, directions kept and neighbours of the map that was used."""
        if self.quadratic is not None:
            n_rows, n_columns = self.quadratic.points.values.shape
            return {"n_delays": 1, "delay": 1, "rank": n_columns, "n_neighbors": n_rows}
        space, settings = self.best.space, self.best.settings
        return {
            "n_delays": space.n_delays,
            "delay": space.delay,
            "rank": settings.rank,
            "n_neighbors": settings.n_neighbors,
        }


def measure(scaled, random_state, windows=None):
    """Return the growth along a series; None where there are too few rows to compare."""
    windows = scaled.windows() if windows is None else windows
    scaled, maps = choose_maps(scaled, windows, random_state)
    growths = _local_growths(maps, scaled.period)
    if not growths:
        return None
    if maps[0].error > POOR_ERROR and (1, 1) in windows and QuadraticMap.fits(scaled):
        quadratic = QuadraticMap(scaled)
        gain = quadratic.linear_error / quadratic.error
        if quadratic.error < POOR_ERROR and gain > MIN_GAIN_OVER_LINEAR:
            return _of_quadratic_map(scaled, maps[0], quadratic)
    linear = min(scaled.linear_log_errors(*window).mean() for window in windows)
    return Measurement(
        scaled,
        maps[0],
        None,
        Growth.median(growths),
        maps[0].error,
        float(np.exp(linear)),
        scaled.step,
    )


def _of_quadratic_map(scaled, best, quadratic):
    log_growth = quadratic.growth(N_REFERENCES)
    growth = Growth.of(log_growth, 1, scaled.period, len(quadratic.points))
    return Measurement(
        scaled, best, quadratic, growth, quadratic.error, quadratic.linear_error, quadratic.step
    )


def _local_growths(maps, period):
    """Return the growth along chains of local maps, one for each that has a long enough chain."""
    growths = []
    for space in {id(found.space): found.space for found in maps}.values():
        settings = [found.settings for found in maps if found.space is space]
        most = max(each.n_neighbors for each in settings)
        n_references = max(MIN_REFERENCES, 4 * len(space.points) // space.step)
        n_references = min(n_references, N_REFERENCES, MAX_PAIRS // most)
        chains = make_chains(space.points, space.step, n_references)
        if chains.size == 0:
            continue
        at = chains.ravel()
        neighbors = space.neighbors(at, most)
        for each in settings:
            _, jacobians = space.fit(at, neighbors, each)
            jacobians = jacobians.reshape(*chains.shape, space.n_dims, space.n_dims)
            log_growth = tangent_growth(jacobians, np.ones((len(chains), space.n_dims)))
            growths.append(Growth.of(log_growth, space.step, period, len(space.points)))
    return growths
