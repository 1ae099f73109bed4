import numpy as np
import pytest

from skchaos.datasets import make_henon, make_logistic
from skchaos.neighbors import divergence_curve
from skchaos.neighbors._divergence import linear_region, mean_log_distance, slope
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
    curve = mean_log_distance(points, lags, theiler_window=30)
    np.testing.assert_allclose(curve - curve[0], lags * np.log(growth), atol=1e-10)


def test_curve_is_the_mean_of_a_full_comparison(global_random_seed):
    values = np.random.RandomState(global_random_seed).standard_normal((60, 2))
    points = Points(values, np.arange(60), np.zeros(60, dtype=int))
    curve = mean_log_distance(points, np.array([0, 4]), theiler_window=3, n_neighbors=1)
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
    curve = mean_log_distance(points, np.arange(10), theiler_window=2)
    assert (curve < np.log(10)).all()
    joined = Points(points.values, points.rows, np.zeros(200, dtype=int))
    assert mean_log_distance(joined, np.arange(10), theiler_window=2)[-1] > np.log(10)


def test_copies_do_not_make_it_infinite():
    rows = np.random.RandomState(0).standard_normal((50, 2))
    points = Points(np.tile(rows, (3, 1)), np.arange(150), np.zeros(150, dtype=int))
    assert np.isnan(mean_log_distance(points, np.arange(5), theiler_window=1, n_neighbors=1)).all()
    curve = mean_log_distance(points, np.arange(5), theiler_window=1, n_neighbors=5)
    assert np.isfinite(curve).all()


def test_too_few_points_give_nan():
    points = Points(np.arange(8.0)[:, None], np.arange(8), np.zeros(8, dtype=int))
    assert np.isnan(mean_log_distance(points, np.arange(6), theiler_window=3)).all()


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


def test_slope_of_the_logistic_map_is_log_2(global_random_seed):
    X = make_logistic(3000, random_state=global_random_seed)
    found = divergence_curve(X)
    assert found.slope == pytest.approx(np.log(2), rel=0.05)
    assert (found.n_delays, found.delay) == (1, 1)
    assert found.lags[0] <= found.window[0] < found.window[1] <= found.lags[-1]
    assert slope(found.lags, found.curve, *found.window) == pytest.approx(found.slope)


def test_window_of_one_column_has_the_slope_of_the_whole_map():
    X = make_henon(3000, random_state=0)
    found = divergence_curve(X[:, :1])
    assert found.n_delays == 2
    assert found.slope == pytest.approx(0.419, rel=0.1)  # Henon, see skchaos.datasets
    assert found.slope == pytest.approx(divergence_curve(X).slope, rel=0.1)


def test_units_of_time_and_data():
    X = make_logistic(800, random_state=0)
    found, other = divergence_curve(X), divergence_curve(8 * X, dt=0.25)
    np.testing.assert_array_equal(other.curve, found.curve)
    np.testing.assert_allclose(other.lags, found.lags / 4)
    np.testing.assert_allclose(other.window, np.array(found.window) / 4)
    assert other.slope == pytest.approx(4 * found.slope)


def cycle(n_rows):
    return np.sin(0.2 * np.arange(n_rows))[:, None]


def red_noise(n_rows):
    steps = np.random.RandomState(0).standard_normal(n_rows)
    return np.array([0.9 ** np.arange(n) @ steps[:n][::-1] for n in range(1, n_rows + 1)])[:, None]


@pytest.mark.parametrize("n_delays", ["auto", 8])
@pytest.mark.parametrize(
    "X",
    [np.random.RandomState(0).standard_normal((1500, 1)), red_noise(1500), cycle(1500)],
    ids=["noise", "red noise", "cycle"],
)
def test_what_does_not_part_has_no_slope(X, n_delays):
    found = divergence_curve(X, n_delays=n_delays)
    assert np.isnan([found.slope, *found.window]).all()
    assert np.isfinite(found.curve).any()


def test_no_window_and_no_pair_crosses_a_border():
    rng = np.random.RandomState(0)
    places = np.repeat(1e3 * np.arange(6), 200)[:, None]  # every trajectory far from the others
    X = places + rng.standard_normal((1200, 1))
    groups = np.repeat(np.arange(6), 200)
    apart = divergence_curve(X, n_delays=2, delay=1, groups=groups).curve
    joined = divergence_curve(X, n_delays=2, delay=1).curve
    size = np.log(10 / X.std())  # of a trajectory, in standard deviations of all
    assert apart.max() < size < joined.max()
    assert len(apart) < len(joined)  # a quarter of a trajectory, not of all rows


def test_order_of_trajectories_does_not_matter():
    """It would, if windows reached across borders; all windows are references here."""
    parts = [make_henon(60, columns=["x"], random_state=seed) for seed in range(6)]
    groups = np.repeat(np.arange(6), 60)
    found, other = (
        divergence_curve(np.vstack(order), n_delays=4, delay=2, groups=groups).curve
        for order in (parts, parts[::-1])
    )
    np.testing.assert_allclose(found, other, rtol=1e-9)


def test_only_the_last_rows_of_a_long_series_are_used(monkeypatch):
    X = make_logistic(900, random_state=0)
    monkeypatch.setattr("skchaos.neighbors._divergence.MAX_ROWS", 600)
    found = divergence_curve(X, n_delays=1)
    np.testing.assert_array_equal(found.curve, divergence_curve(X[300:], n_delays=1).curve)
    # Trajectories that are cut off do not confuse the numbers of the rest.
    groups = np.repeat([0, 1, 2], 300)
    found = divergence_curve(X, n_delays=1, groups=groups)
    other = divergence_curve(X[300:], n_delays=1, groups=groups[300:])
    np.testing.assert_array_equal(found.curve, other.curve)


def test_many_columns_are_reduced():
    x = make_logistic(400, random_state=0)
    X = x @ np.ones((1, 60)) + 1e-3 * np.random.RandomState(0).standard_normal((400, 60))
    assert divergence_curve(X, n_delays=3, delay=1).slope > 0


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"dt": 0}, ValueError, "dt must be a positive number, got 0"),
        ({"dt": "1"}, ValueError, "dt must be a positive number, got '1'"),
        ({"n_delays": 0}, ValueError, "n_delays must be at least 1, got 0"),
        ({"n_delays": 1.5}, TypeError, "n_delays must be a whole number"),
        ({"n_delays": "best"}, ValueError, "n_delays='best' must be a whole number"),
        ({"delay": 0}, ValueError, "delay must be at least 1, got 0"),
        ({"delay": "best"}, ValueError, "delay='best' must be a whole number"),
        ({"n_neighbors": 0}, ValueError, "n_neighbors must be at least 1, got 0"),
        ({"groups": [0, 1]}, ValueError, r"groups has shape \(2,\), but X has 100 rows"),
        ({"n_delays": 10, "delay": 11}, ValueError, r"1 window\(s\) of 10 row\(s\).* 109 rows"),
        ({"n_delays": 10, "delay": 20}, ValueError, r"0 window\(s\) of 10 row\(s\).* 190 rows"),
    ],
)
def test_bad_settings(settings, error, match):
    with pytest.raises(error, match=match):
        divergence_curve(make_logistic(100, random_state=0), **settings)


def test_constant_rows_are_refused():
    with pytest.raises(ValueError, match="Column 0 of X is constant"):
        divergence_curve(np.ones((100, 1)))
