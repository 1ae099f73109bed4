import numpy as np
import pytest
from scipy.spatial import cKDTree

from skchaos.neighbors._theiler import find_neighbors


@pytest.fixture
def slow_walk(global_random_seed):
    # Neighbours in time are neighbours in space, so that the window matters.
    return np.random.RandomState(global_random_seed).standard_normal((400, 2)).cumsum(axis=0)


@pytest.mark.parametrize("theiler_window", [0, 3, 60])
def test_neighbors_are_those_of_a_full_comparison(slow_walk, theiler_window):
    times = np.arange(len(slow_walk))
    at = np.array([0, 57, 399])
    distances, indices = find_neighbors(
        cKDTree(slow_walk), times, slow_walk[at], times[at], 7, theiler_window
    )
    for i, found, apart in zip(at, indices, distances, strict=True):
        full = np.linalg.norm(slow_walk - slow_walk[i], axis=1)
        full[np.abs(times - i) <= theiler_window] = np.inf
        np.testing.assert_array_equal(found, np.argsort(full)[:7])
        np.testing.assert_allclose(apart, np.sort(full)[:7], atol=1e-12)


def test_as_many_neighbors_as_there_are(slow_walk):
    points = slow_walk[:30]
    times = np.arange(30)
    distances, indices = find_neighbors(cKDTree(points), times, points, times, 19, 5)
    assert np.isfinite(distances).all()
    assert (np.abs(indices - times[:, None]) > 5).all()
