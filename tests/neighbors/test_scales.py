import numpy as np
import pytest
from sklearn.utils import check_random_state

from skchaos.datasets import make_henon, make_lorenz63
from skchaos.neighbors._scales import (
    autocorrelation_time,
    embedding_delay,
    mean_period,
    mutual_information,
)


def one_trajectory(X):
    return np.zeros(len(X), dtype=int)


def autoregressive(coefficient, n_samples, random_state):
    noise = check_random_state(random_state).standard_normal(n_samples)
    x = np.empty(n_samples)
    x[0] = noise[0]
    for t in range(1, n_samples):
        x[t] = coefficient * x[t - 1] + np.sqrt(1 - coefficient**2) * noise[t]
    return x


@pytest.mark.parametrize("period", [4, 20, 125])
def test_mean_period_of_a_sine_is_its_period(period):
    x = np.sin(2 * np.pi * np.arange(1000) / period)[:, None]
    assert mean_period(x, one_trajectory(x)) == pytest.approx(period, rel=1e-9)


def test_mean_period_barely_moves_with_noise(global_random_seed):
    x = np.sin(2 * np.pi * np.arange(2000) / 40)[:, None]
    noise = 0.05 * np.random.RandomState(global_random_seed).standard_normal(x.shape)
    assert mean_period(x + noise, one_trajectory(x)) == pytest.approx(40, rel=0.1)


def test_mean_period_of_trajectories_is_theirs():
    x = np.sin(2 * np.pi * np.arange(200) / 20)[:, None]
    groups = np.repeat([0, 1], 200)
    assert mean_period(np.concatenate([x, x[::-1]]), groups) == pytest.approx(20, rel=1e-9)


def test_mean_period_of_a_map_is_a_few_rows():
    X = make_henon(1000, random_state=0)
    assert 2 <= mean_period(X, one_trajectory(X)) <= 5


def test_mean_period_of_nothing_is_the_shortest():
    assert mean_period(np.zeros((1, 1)), np.zeros(1, dtype=int)) == 2


def test_autocorrelation_time_of_an_autoregressive_process(global_random_seed):
    # The autocorrelation is coefficient ** lag, below 1/e from lag -1 / log(coefficient) = 19.5 on.
    x = autoregressive(0.95, 20_000, global_random_seed)
    assert autocorrelation_time(x, one_trajectory(x)) == pytest.approx(20, abs=4)


def test_autocorrelation_does_not_cross_trajectories():
    # Each trajectory is a cosine; joined without a boundary they would be one of double amplitude.
    x = np.cos(2 * np.pi * np.arange(400) / 40)
    apart = autocorrelation_time(np.tile(x, 5), np.repeat(np.arange(5), 400))
    assert apart == autocorrelation_time(x, one_trajectory(x))


def test_mutual_information_of_a_gaussian_process(global_random_seed):
    # -log(1 - r^2) / 2 with the correlation r; 16 bins see a little less.
    x = autoregressive(0.8, 20_000, global_random_seed)
    lags = np.array([1, 3])
    information = mutual_information(x, one_trajectory(x), lags)
    expected = -np.log(1 - 0.8 ** (2 * lags)) / 2
    np.testing.assert_allclose(information, expected, rtol=0.12)


def test_mutual_information_does_not_depend_on_units():
    x = autoregressive(0.8, 500, 0)
    lags = np.arange(1, 5)
    segments = one_trajectory(x)
    np.testing.assert_array_equal(
        mutual_information(x, segments, lags), mutual_information(np.exp(3 * x), segments, lags)
    )


def test_mutual_information_leaves_out_pairs_across_trajectories(global_random_seed):
    # Every trajectory goes on where the one before it ended, and then anywhere: joined, every other
    # row would tell the next.
    x = np.random.RandomState(global_random_seed).standard_normal(4001).repeat(2)[1:-1]
    lags = np.array([1, 2])
    apart = mutual_information(x, np.arange(8000) // 2, lags)
    assert apart[0] < 0.1 < mutual_information(x, one_trajectory(x), lags)[0]
    assert apart[1] == 0


def test_delay_of_lorenz_is_the_first_minimum_of_its_information():
    # Fraser & Swinney's rule gives 16 to 18 rows for x at this sampling step (.16 to .18 time),
    # as in Abarbanel et al. 1993, Rev. Mod. Phys. 65, 1331, figure 8.
    x = make_lorenz63(5000, columns=[0], random_state=5)
    x = (x - x.mean()) / x.std()
    segments = one_trajectory(x)
    assert 14 <= embedding_delay(x, segments, mean_period(x, segments)) <= 24


def test_delay_of_a_map_is_one_row():
    X = make_henon(1000, random_state=0)
    assert embedding_delay(X, one_trajectory(X), 3.0) == 1


def test_delay_leaves_rows_to_compare():
    x = np.linspace(-1, 1, 400)[:, None]
    assert 1 <= embedding_delay(x, one_trajectory(x), 800.0) <= 10
