"""The search for the window and the local map that predict a series best."""

from dataclasses import dataclass

import numpy as np

from skchaos.neighbors._local_maps import LocalMap, log_errors, n_coefficients
from skchaos.neighbors._scaled import JITTER
from skchaos.neighbors._spaces import StateSpace

RANKS = (3, 4, 6)
# Neighbours per coefficient: more of them average more noise and see less curvature.
CROWDS = (3, 6, 12)
# A larger crowd must lower the error by this part to be preferred.
MIN_IMPROVEMENT = 0.03
# Larger crowds are tried for maps within the first factor of the best error; those within the
# second are as good as the best, as far as 300 probes can tell.
PROMISING, EQUALLY_GOOD = 1.5, 1.25
MAX_MAPS = 4
# Where rows are few, the extent off the attractor that a map cannot resolve is larger, and the
# noise that hides it must be: this many times the error of prediction, up to a limit.
SPARSE_ERROR = 1.5 * JITTER
SPARSE_JITTER, MAX_JITTER = 2.0, 0.03


@dataclass(frozen=True)
class Candidate:
    """A state space with a local map, and how well it predicts.

    Attributes
    ----------
    space : StateSpace
    settings : LocalMap
    log_errors : ndarray of shape (n_probes,)
        Logarithm of the error of predicting the newest row a step ahead, in standard deviations.
    """

    space: StateSpace
    settings: LocalMap
    log_errors: np.ndarray

    @property
    def error(self):
        """Geometric mean of the errors.

        It compares settings by what happens at most points, not by the few where the orbit passes
        a place never seen.
        """
        return float(np.exp(self.log_errors.mean()))

    @property
    def is_sparse(self):
        """Tell whether the smallest crowd predicts best and yet not well.

        Then not noise but the distance of the neighbours limits the prediction: there are too few
        rows for the curvature.
        """
        smallest = _n_neighbors(self.settings.rank, self.settings.quadratic, CROWDS[0])
        return self.settings.n_neighbors <= smallest and self.error > SPARSE_ERROR


def _n_neighbors(rank, quadratic, crowd):
    return crowd * n_coefficients(rank, quadratic) + 5


class _Search:
    """The local maps of one state space; neighbours are found once, for the most asked for."""

    def __init__(self, space):
        self.space = space
        self.at = space.probes()
        self.found = (np.empty((0, 0)), np.empty((0, 0)))

    def shapes(self):
        """Return the ranks to try, and whether their maps are curved, largest first."""
        n_dims = self.space.n_dims
        plain = [(n_dims, False)] * (n_dims > max(RANKS))
        return plain + [(r, True) for r in sorted({min(r, n_dims) for r in RANKS}, reverse=True)]

    def candidate(self, rank, quadratic, crowd):
        """Return a map with `crowd` neighbours a coefficient; None where there are not as many."""
        k = _n_neighbors(rank, quadratic, crowd)
        if k > self.space.most_neighbors:
            return None
        if k > self.found[0].shape[1]:
            self.found = self.space.neighbors(self.at, k)
        settings = LocalMap(rank, k, quadratic)
        errors, _ = self.space.fit(self.at, self.found, settings)
        return Candidate(self.space, settings, log_errors(errors))

    def with_larger_crowds(self, best):
        """Return the map with as many more neighbours as lower its error."""
        for crowd in CROWDS[1:]:
            found = self.candidate(best.settings.rank, best.settings.quadratic, crowd)
            if found is None or found.error > (1 - MIN_IMPROVEMENT) * best.error:
                break
            best = found
        return best


def find_maps(scaled, windows):
    """Return up to four local maps that predict a series best, best first.

    None are left where the rows are too few.
    """
    spaces = [StateSpace.of(scaled, *window) for window in windows]
    first = []
    for search in [_Search(space) for space in spaces if space is not None]:
        tried = [search.candidate(*shape, CROWDS[0]) for shape in search.shapes()]
        first += [(search, found) for found in tried if found is not None]
    bar = PROMISING * min((found.error for _, found in first), default=0.0)
    grown = [search.with_larger_crowds(found) for search, found in first if found.error <= bar]
    grown.sort(key=lambda found: found.error)
    return [found for found in grown[:MAX_MAPS] if found.error <= EQUALLY_GOOD * grown[0].error]


def choose_maps(scaled, windows, random_state):
    """Return the series, with more noise where its rows are few, and the maps that fit it best."""
    maps = find_maps(scaled, windows)
    if maps and maps[0].is_sparse:
        scaled = scaled.with_jitter(min(SPARSE_JITTER * maps[0].error, MAX_JITTER), random_state)
        maps = find_maps(scaled, windows)
    return scaled, maps
