import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skchaos.datasets import (
    make_henon,
    make_logistic,
    make_lorenz63,
    make_mackey_glass,
    make_roessler,
)
from skchaos.neighbors import cao_dimension, choose_delay
from skchaos.neighbors._embedding import MAX_WINDOWS, N_BLOCKS, neighbor_growth


def embed(X):
    return cao_dimension(X, delay=choose_delay(X).delay)


def sine(n_samples, period, phase=0.0):
    return np.sin(2 * np.pi * np.arange(n_samples)[:, None] / period + phase)


def noise(n_samples, random_state, coefficient=0.0):
    """A first-order autoregressive process, white where the coefficient is 0."""
    x = np.random.RandomState(random_state).standard_normal(n_samples)
    for t in range(1, n_samples):
        x[t] += coefficient * x[t - 1]
    return x[:, None]


def test_information_begins_with_the_entropy_and_is_least_at_the_delay():
    # A column tells itself its rank among 16: log 16. Lorenz-63: .16 to .18 time, as in Abarbanel
    # et al. 1993, Rev. Mod. Phys. 65, 1331, figure 8.
    choice = choose_delay(make_lorenz63(4800, columns=[0], random_state=5))
    information = choice.mutual_information[:, 0]
    assert information[0] == pytest.approx(np.log(16), rel=1e-12)
    assert 14 <= choice.delay <= 24
    assert information[choice.delay] <= information[choice.delay - 5 : choice.delay + 3].min()


def test_every_column_has_its_curve_and_trajectories_are_kept_apart():
    X = make_lorenz63(2000, random_state=0)
    whole, x = choose_delay(X), choose_delay(X[:, :1])
    n_lags = min(len(whole.mutual_information), len(x.mutual_information))
    assert_array_equal(whole.mutual_information[:n_lags, 0], x.mutual_information[:n_lags, 0])
    # Two copies side by side in time know no more of each other than one alone.
    twice = choose_delay(np.concatenate([X, X]), groups=np.repeat([0, 1], 2000))
    assert abs(twice.delay - whole.delay) <= 1


def test_growth_of_the_logistic_map_is_that_of_its_derivative(global_random_seed):
    # A small distance grows by abs(f'), and in the max norm never by less than 1: E(1) is the mean
    # of max(1, |f'|), E(2) that of max(1, |f'|, |(f^2)'|) / max(1, |f'|).
    x = make_logistic(20_000, random_state=global_random_seed)[:, 0]
    once = np.abs(4 - 8 * x[:-1])
    twice = once[:-1] * once[1:]
    one = np.maximum(1, once)
    expected = (np.maximum(one[:-1], twice) / one[:-1]).mean() / one.mean()
    e1 = cao_dimension(x[:, None]).e1
    assert e1[0] == pytest.approx(expected, abs=0.02)


def test_neighbors_are_the_nearest_outside_the_theiler_window():
    X = make_lorenz63(600, random_state=0)  # rows just before and after are the nearest
    windows, times, window = X[:, None], np.arange(600), 7
    windows = np.concatenate([windows[:-1], windows[1:]], axis=1)
    growth, apart = neighbor_growth(windows, times[:-1], window)
    between = np.abs(X[:-1, None] - X[None, :-1]).max(axis=2)
    after = np.abs(X[1:, None] - X[None, 1:]).max(axis=2)
    gap = np.abs(times[:-1, None] - times[None, :-1])
    block = len(windows) // N_BLOCKS + 1
    nearest = np.where(gap > window, between, np.inf).min(axis=1)
    farther = np.where(gap > window + block, between, np.inf).min(axis=1)
    for i in range(len(windows)):
        at = np.flatnonzero((after[i] == apart[0, i]) & (gap[i] > window))
        assert len(at) == 1
        distance = between[i, at[0]]
        assert nearest[i] <= distance <= farther[i]
        assert growth[0, i] == pytest.approx(max(distance, apart[0, i]) / distance, rel=1e-9)


@pytest.mark.parametrize(
    ("make", "allowed"),
    [
        # The map itself: one row determines the next.
        (lambda seed: make_logistic(5000, random_state=seed), {1}),
        # Cao 1997, and by construction: x_next = 1 - a x^2 + b x_before.
        (lambda seed: make_henon(5000, columns=[0], random_state=seed), {2}),
        # False neighbours vanish at 3: Kennel, Brown & Abarbanel 1992; dimension 2.06.
        (lambda seed: make_lorenz63(5000, columns=[0], random_state=seed), {3}),
        # Dimension 2.01, so more than 2; at 3 some 1 % of the neighbours are false.
        (lambda seed: make_roessler(5000, columns=[0], random_state=seed), {3, 4}),
        # Dimension 2.1 at a delay of 17.
        (lambda seed: make_mackey_glass(5000, random_state=seed), {3, 4}),
        # A closed curve crosses itself on a line and not in a plane.
        (lambda seed: sine(2000, 31.4, phase=seed), {2}),
        # Rows that are whole states.
        (lambda seed: make_lorenz63(3000, random_state=seed), {1}),
        (lambda seed: make_henon(3000, random_state=seed), {1}),
    ],
    ids=["logistic", "henon", "lorenz", "roessler", "mackey-glass", "sine", "states", "map"],
)
def test_number_of_delays_of_systems(make, allowed, global_random_seed):
    found = embed(make(global_random_seed))
    assert found.n_delays in allowed
    assert found.verdict == "determined"


@pytest.mark.parametrize("coefficient", [0.0, 0.95])
def test_e2_of_noise_is_one(coefficient, global_random_seed):
    found = embed(noise(5000, global_random_seed, coefficient))
    assert found.verdict == "noise"
    np.testing.assert_allclose(found.e2, 1, atol=0.1)
    assert np.abs(embed(make_henon(1000, columns=[0], random_state=0)).e2 - 1).max() > 0.5


def test_noise_on_the_data_asks_for_more_delays(global_random_seed):
    noisy = make_henon(5000, columns=[0], noise=0.05, random_state=global_random_seed)
    found = embed(noisy)
    assert found.verdict == "determined"
    assert 3 <= found.n_delays <= 6


def test_copies_are_no_neighbors():
    # Rows that repeat exactly, of which every window has a hundred copies: growth stays finite.
    for period in (2, 5, 20):
        found = cao_dimension(np.tile(sine(period, period, phase=0.3), (100, 1)))
        assert np.isfinite(found.e1).all()
        assert found.verdict == "determined"
    assert embed(np.tile(sine(20, 20, phase=0.3), (100, 1))).n_delays == 2


def test_cycle_whose_neighbors_stay_as_near_is_no_noise():
    # 29.92 rows a period: the nearest neighbour is a fixed and small phase away, so that E2 is 1.
    found = cao_dimension(np.sin(0.21 * np.arange(2000)[:, None] + 1), delay=7)
    assert np.abs(found.e2 - 1).max() < 0.1
    assert found.verdict == "determined"


def test_slow_series_that_never_come_back_have_an_answer():
    assert cao_dimension(np.cumsum(noise(3000, 0), axis=0), delay=75).n_delays >= 1


def test_windows_that_are_all_alike_are_undecided():
    X = np.zeros((200, 1))
    X[-1] = 1
    found = cao_dimension(X)
    assert found.verdict == "undecided"
    assert "alike" in found.reason


def test_too_few_delays_examined_are_undecided():
    found = cao_dimension(make_henon(2000, columns=[0], random_state=0), max_n_delays=1)
    assert (found.n_delays, found.verdict) == (1, "undecided")
    assert "at 1 delay" in found.reason


def test_units_do_not_matter():
    X = make_henon(1500, columns=[0], random_state=0)
    assert_array_equal(cao_dimension(X).e1, cao_dimension(X * 2.0**30).e1)
    np.testing.assert_allclose(cao_dimension(X).e1, cao_dimension(-3 * X + 7).e1, rtol=1e-6)


def test_long_series_are_sampled_by_the_seed_alone():
    X = make_henon(2 * MAX_WINDOWS, columns=[0], random_state=0)
    assert_array_equal(cao_dimension(X).e1, cao_dimension(X).e1)
    assert (cao_dimension(X).e1 != cao_dimension(X, random_state=1).e1).any()


def test_no_window_reaches_across_trajectories(global_random_seed):
    # Stretches of 12 rows that begin anywhere on the attractor.
    X = make_henon(12 * 40 * 9, columns=[0], random_state=global_random_seed)
    X = X.reshape(-1, 9, 12, 1)[:, 0].reshape(-1, 1)
    groups = np.repeat(np.arange(len(X) // 12), 12)
    # Where two rows tell the third it is far nearer for neighbours among pairs than among rows.
    apart = cao_dimension(X, max_n_delays=3, groups=groups).e2[0]
    joined = cao_dimension(X, max_n_delays=3).e2[0]
    assert apart < 0.3 < joined


def test_short_series_examine_fewer_delays():
    X = make_henon(100, columns=[0], random_state=0)
    assert len(cao_dimension(X, delay=8).e1) == 5  # windows of 7 rows span 49 steps, half of all


@pytest.mark.parametrize(
    ("X", "options", "error", "message"),
    [
        (np.ones((50, 1)), {}, ValueError, r"Column 0 of X is constant \(value 1\)"),
        (np.arange(9.0)[:, None], {}, ValueError, r"9 row\(s\).*at least 10"),
        (np.arange(29.0)[:, None], {"delay": 7}, ValueError, r"29 row\(s\).*at least 30"),
        (np.arange(29.0)[:, None], {"delay": 0}, ValueError, "delay must be at least 1, got 0"),
        (np.arange(29.0)[:, None], {"delay": 1.5}, TypeError, "whole number"),
        (np.arange(29.0)[:, None], {"max_n_delays": 0}, ValueError, "max_n_delays must be at"),
        (np.full((50, 1), np.nan), {}, ValueError, "NaN"),
    ],
)
def test_bad_input(X, options, error, message):
    with pytest.raises(error, match=message):
        cao_dimension(X, **options)


def test_shortest_series_with_an_answer():
    assert len(cao_dimension(np.arange(30.0)[:, None] % 7, delay=7).e1) == 1


def test_constant_column_has_no_delay():
    with pytest.raises(ValueError, match="Column 1 of X is constant"):
        choose_delay(np.column_stack([np.arange(50), np.zeros(50)]))
