import numpy as np
import pytest

from skchaos.datasets import make_duffing, make_henon, make_logistic, make_lorenz63
from skchaos.neighbors import recommend_window


@pytest.fixture(scope="module")
def lorenz():
    return make_lorenz63(3000, random_state=0)


def test_one_row_where_it_determines_the_next(lorenz):
    assert recommend_window(lorenz) == (1, 1)
    assert recommend_window(make_henon(1000, random_state=0)) == (1, 1)
    assert recommend_window(make_logistic(1000, random_state=0)) == (1, 1)


def test_six_rows_over_a_third_of_a_period_where_it_does_not(lorenz):
    n_delays, delay = recommend_window(lorenz[:, :1])
    assert n_delays == 6
    assert 4 <= delay <= 9


def test_consecutive_rows_of_a_map():
    n_delays, delay = recommend_window(make_henon(1000, columns=[0], random_state=0))
    assert 2 <= n_delays <= 6
    assert delay == 1


def test_duffing_whose_phase_is_half_seen():
    n_delays, delay = recommend_window(make_duffing(2000, random_state=0))
    assert n_delays == 6
    assert 1 <= delay <= 5


def test_several_rows_where_one_is_noisy(lorenz):
    noise = 0.05 * lorenz.std(axis=0) * np.random.RandomState(0).standard_normal(lorenz.shape)
    n_delays, _ = recommend_window(lorenz + noise)
    assert n_delays == 6


def test_scale_does_not_matter(lorenz):
    assert recommend_window(lorenz[:, :1]) == recommend_window(2.0**-50 * lorenz[:, :1])


@pytest.mark.parametrize("n_rows", [1, 2, 7, 30, 100])
@pytest.mark.parametrize("n_columns", [1, 2])
def test_windows_leave_rows(n_rows, n_columns):
    X = np.random.RandomState(0).standard_normal((n_rows, n_columns)).cumsum(axis=0)
    n_delays, delay = recommend_window(X)
    assert (n_delays - 1) * delay <= n_rows // 4


def test_constant_rows():
    assert recommend_window(np.ones((50, 2))) == (1, 1)


def test_windows_fit_in_the_trajectories():
    x = np.sin(0.05 * np.arange(600))[:, None]
    n_delays, delay = recommend_window(x, groups=np.repeat(np.arange(30), 20))
    assert (n_delays - 1) * delay <= 5
