import numpy as np
import pytest

from skchaos.neighbors._rows import Units, check_rows, window_rows, windows_at
from skchaos.neighbors._scaled import Scaled
from skchaos.neighbors._spaces import StateSpace


@pytest.fixture
def walk(global_random_seed):
    return np.random.RandomState(global_random_seed).standard_normal((300, 2)).cumsum(axis=0)


def test_windows_hold_the_newest_row_first():
    X = np.arange(12.0).reshape(6, 2)
    segments = np.array([0, 0, 0, 0, 1, 1])
    rows = window_rows(segments, 2, 2)
    np.testing.assert_array_equal(rows, [2, 3])
    np.testing.assert_array_equal(windows_at(X, rows, 2, 2), [[4, 5, 0, 1], [6, 7, 2, 3]])


def test_a_label_that_comes_back_is_another_trajectory():
    _, segments = check_rows(np.zeros((6, 1)), groups=list("aabbaa"))
    np.testing.assert_array_equal(segments, [0, 0, 1, 1, 2, 2])


def test_units_do_not_overflow_and_leave_out_constants():
    X = np.array([[1e300, 5.0, 1e-300], [-1e300, 5.0, -1e-300]])
    np.testing.assert_array_equal(Units(X)(X), [[1, 1], [-1, -1]])


@pytest.mark.parametrize("n_delays", [1, 5])
def test_points_and_futures_stay_on_their_trajectory(walk, n_delays):
    groups = np.repeat([0, 1, 2], [150, 30, 120])
    scaled = Scaled.of(walk, groups, 0)
    space = StateSpace.of(scaled, n_delays, 3)
    at = space.points.rows[space.usable]
    oldest, future = at - (n_delays - 1) * 3, at + scaled.step
    assert (groups[oldest] == groups[at]).all()
    assert (groups[future] == groups[at]).all()
    np.testing.assert_array_equal(space.images[:, space.n_dims :], scaled.rows[future])


def test_neighbors_of_other_trajectories_have_no_time_between_them(walk):
    scaled = Scaled.of(walk, np.repeat([0, 1], 150), 0)
    space = StateSpace.of(scaled, 1, 1)
    gap = np.diff(space.points.times(scaled.theiler_window))
    assert gap[149] > scaled.theiler_window
    assert (np.delete(gap, 149) == 1).all()


def test_exact_copies_are_noticed(walk):
    assert Scaled.of(np.tile(walk[:60], (5, 1)), None, 0).repeats(3, 2)
    assert not Scaled.of(walk, None, 0).repeats(3, 2)


def test_linear_prediction_of_a_linear_process_errs_by_its_noise(global_random_seed):
    rng = np.random.RandomState(global_random_seed)
    x = np.zeros(4000)
    for t in range(2, 4000):
        x[t] = 0.5 * x[t - 1] - 0.8 * x[t - 2] + rng.standard_normal()
    scaled = Scaled.of(x[:, None], None, 0)
    assert scaled.step == 1
    errors = scaled.linear_log_errors(4, 1)
    assert np.sqrt(np.exp(2 * errors).mean()) * x.std() == pytest.approx(1, rel=0.05)
