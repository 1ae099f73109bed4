"""Surrogates keep values and linear correlations, and a map that curves is told from them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import lfilter

from skchaos.datasets import make_henon, make_logistic
from skchaos.exponents._scaled import Scaled, States
from skchaos.exponents._surrogates import (
    is_nonlinear,
    surrogate,
    with_matching_ends,
    with_shifted_phases,
)


def oscillation(n_rows, seed):
    """Return a noise-driven oscillation: x_t = x_(t-1) - .5 x_(t-2) + normal."""
    noise = np.random.default_rng(seed).normal(size=n_rows + 200)
    return lfilter([1.0], [1.0, -1.0, 0.5], noise)[200:, None]


def correlations(rows, lag):
    """Return the correlation of every column with every one `lag` rows later."""
    n = rows.shape[1]
    return np.corrcoef(rows[: len(rows) - lag].T, rows[lag:].T)[:n, n:]


class TestSurrogate:
    @pytest.fixture
    def rows(self, global_random_seed):
        x = oscillation(4001, global_random_seed)
        mixed = x[:-1] + 0.5 * oscillation(4000, global_random_seed + 100)
        return np.hstack([np.exp(x[1:] / 3), mixed])  # one column that is not normal

    @pytest.fixture
    def other(self, rows, global_random_seed):
        return surrogate(rows, np.random.RandomState(global_random_seed))

    def test_has_the_same_values_in_another_order(self, rows, other):
        assert other.shape == rows.shape
        assert_array_equal(np.sort(other, axis=0), np.sort(rows, axis=0))
        assert np.abs(correlations(np.hstack([rows, other]), 0)[:2, 2:]).max() < 0.2

    @pytest.mark.parametrize("lag", [0, 1, 2, 4, 8])
    def test_keeps_correlations_within_and_between_columns(self, rows, other, lag):
        assert_allclose(correlations(other, lag), correlations(rows, lag), atol=0.07)

    def test_keeps_no_direction_of_time(self, global_random_seed):
        # A saw tooth rises slowly and falls at once.
        phase = np.cumsum(np.random.default_rng(global_random_seed).uniform(0.02, 0.08, 4000))
        saw = (phase % 1)[:, None]
        skewness = [
            np.mean(np.diff(x[:, 0]) ** 3) / np.mean(np.diff(x[:, 0]) ** 2) ** 1.5
            for x in (saw, surrogate(saw, np.random.RandomState(0)))
        ]
        assert skewness[0] < -2
        assert abs(skewness[1]) < 0.5

    def test_is_that_of_the_seed(self, rows):
        one, same, another = (surrogate(rows, np.random.RandomState(i)) for i in (1, 1, 2))
        assert_array_equal(one, same)
        assert not np.array_equal(one, another)


class TestPhases:
    def test_amplitudes_are_kept(self):
        rows = np.random.default_rng(0).normal(size=(501, 2))
        other = with_shifted_phases(rows, np.random.RandomState(0))
        amplitudes = [np.abs(np.fft.rfft(x, axis=0)) for x in (rows, other)]
        assert_allclose(*amplitudes, rtol=1e-9)
        assert np.abs(correlations(np.hstack([rows, other]), 0)[:2, 2:]).max() < 0.2

    def test_matching_ends_meet(self):
        # 10.3 periods: the stretch that is kept holds whole ones, so that ends meet.
        rows = np.sin(2 * np.pi * np.arange(1030) / 100)[:, None]
        kept = with_matching_ends(rows)
        assert 0.8 * len(rows) < len(kept) < len(rows)
        assert abs(kept[-1] - kept[0]) < 0.07  # as one row from the next
        assert abs(rows[-1] - rows[0]) > 0.9


def tell(X, seed=0, groups=None):
    scaled = Scaled.of(X, np.zeros(len(X), dtype=int) if groups is None else groups)
    return is_nonlinear(scaled, States.of(scaled, 5, 1, 1, 8), seed)


class TestIsNonlinear:
    @pytest.mark.parametrize("noise", [0.0, 0.1])
    def test_of_maps(self, noise):
        assert tell(make_henon(1000, noise=noise, columns="x", random_state=0))
        assert tell(make_logistic(1000, noise=noise, random_state=0))

    def test_not_of_linear_rows(self):
        # By chance once in twenty times.
        rng = np.random.default_rng(0)
        series = [rng.normal(size=(1000, 1)) for _ in range(5)]
        series += [oscillation(1000, seed) for seed in range(5)]
        assert sum(tell(X) for X in series) <= 2

    def test_not_of_linear_rows_seen_through_a_curve(self):
        noise = np.random.default_rng(0).normal(size=(6, 1000, 1))
        assert sum(tell(np.exp(X)) for X in noise) <= 1

    def test_none_where_trajectories_are_too_short(self):
        X = make_henon(1000, columns="x", random_state=0)
        assert tell(X, groups=np.arange(1000) // 54) is None  # 50 windows of 5, less their images
        assert tell(X, groups=np.arange(1000) // 100) is not None

    def test_looks_at_the_longest_trajectory(self):
        henon = make_henon(700, columns="x", random_state=0)
        linear = np.random.default_rng(0).normal(size=(1000, 1))
        for n_rows, expected in ((300, True), (1000, False)):
            X = np.concatenate([henon, linear[:n_rows]])
            assert tell(X, groups=np.repeat([0, 1], [700, n_rows])) == expected
