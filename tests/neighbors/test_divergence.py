import numpy as np
import pytest

from skchaos.neighbors._divergence import divergence_curve, linear_region, slope
from skchaos.neighbors._rows import Points


def trajectories(growth, n_rows=30, n_trajectories=12, random_state=0):
    """Return orbits of x -> growth * x, and their pairwise distances grow by just that factor."""
    starts = np.random.RandomState(random_state).standard_normal((n_trajectories, 1, 2))
    values = starts * growth ** np.arange(n_rows)[:, None]
    segments = np.repeat(np.arange(n_trajectories), n_rows)
    return Points(values.reshape(-1, 2), np.arange(len(segments)), segments)


@pytest.mark.parametrize("growth", [0.7, 1.0, 1.1])
def test_linear_map_has_its_exact_slope(growth, global_random_seed):
    points = trajectories(growth, random_state=global_random_seed)
    lags = np.array([0, 1, 5, 12])
    curve = divergence_curve(points, lags, theiler_window=30)
    np.testing.assert_allclose(curve - curve[0], lags * np.log(growth), atol=1e-10)


def test_curve_is_the_mean_of_a_full_comparison(global_random_seed):
    values = np.random.RandomState(global_random_seed).standard_normal((60, 2))
    points = Points(values, np.arange(60), np.zeros(60, dtype=int))
    curve = divergence_curve(points, np.array([0, 4]), theiler_window=3, n_neighbors=1)
    logs = []
    for i in range(56):
        far = [j for j in range(56) if abs(i - j) > 3]
        j = min(far, key=lambda j: np.linalg.norm(values[i] - values[j]))
        logs.append([np.log(np.linalg.norm(values[i + k] - values[j + k])) for k in (0, 4)])
    np.testing.assert_allclose(curve, np.mean(logs, axis=0))


def test_pairs_stay_on_their_trajectories():
    near = np.random.RandomState(0).standard_normal((10, 20, 1))
    far = 1e6 * np.arange(10)[:, None, None]  # every trajectory in a place of its own
    segments = np.repeat(np.arange(10), 20)
    points = Points((near + far).reshape(-1, 1), np.arange(200), segments)
    curve = divergence_curve(points, np.arange(10), theiler_window=2)
    assert (curve < np.log(10)).all()
    joined = Points(points.values, points.rows, np.zeros(200, dtype=int))
    assert divergence_curve(joined, np.arange(10), theiler_window=2)[-1] > np.log(10)


def test_copies_do_not_make_it_infinite():
    rows = np.random.RandomState(0).standard_normal((50, 2))
    points = Points(np.tile(rows, (3, 1)), np.arange(150), np.zeros(150, dtype=int))
    assert np.isnan(divergence_curve(points, np.arange(5), theiler_window=1, n_neighbors=1)).all()
    curve = divergence_curve(points, np.arange(5), theiler_window=1, n_neighbors=5)
    assert np.isfinite(curve).all()


def test_too_few_points_give_nan():
    points = Points(np.arange(8.0)[:, None], np.arange(8), np.zeros(8, dtype=int))
    assert np.isnan(divergence_curve(points, np.arange(6), theiler_window=3)).all()


def test_linear_region_is_between_transient_and_plateau():
    lags = np.arange(200)
    curve = np.minimum(-5 + 0.05 * lags, 0) - 2 * np.exp(-lags / 2)
    start, stop = linear_region(lags, curve, period=20)
    assert 5 <= start < stop <= 100
    assert slope(lags, curve, start, stop) == pytest.approx(0.05, rel=0.02)


def test_linear_region_of_a_short_curve_is_inside_it():
    lags = np.arange(4)
    start, stop = linear_region(lags, np.full(4, np.nan), period=50)
    assert 0 <= start < stop <= 3
    assert np.isnan(slope(lags, np.full(4, np.nan), start, stop))
