"""Exponents straight from rows: known systems, units, borders, local rates, and what is refused."""

import warnings
from dataclasses import fields

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_info, threadpool_limits

from skchaos.datasets import make_henon, make_logistic, make_lorenz63
from skchaos.exponents import _spectrum, local_exponents, lyapunov_exponents
from skchaos.neighbors._rows import check_rows

HENON = np.array([0.4192578, -1.6232306])  # skchaos.datasets._exponents, TABLE
LORENZ = 0.9053957
STANDARD_ERRORS = 3  # within which a known exponent is to lie


@pytest.fixture(scope="module")
def henon_rows():
    return make_henon(3000, random_state=0)


@pytest.fixture(scope="module")
def henon(henon_rows):
    return lyapunov_exponents(henon_rows)


@pytest.fixture(scope="module")
def lorenz_rows():
    return make_lorenz63(5000, random_state=2)


@pytest.fixture(scope="module")
def lorenz(lorenz_rows):
    return lyapunov_exponents(lorenz_rows, dt=0.01)


def assert_same(one, other):
    """Compare all that was measured, bit for bit."""
    for field in fields(one):
        assert_array_equal(getattr(one, field.name), getattr(other, field.name), field.name)


class TestKnownSystems:
    def test_henon(self, henon):
        assert_allclose(henon.exponents, HENON, rtol=0.03)
        # The determinant of the map is -0.3 everywhere.
        assert_allclose(henon.exponents.sum(), np.log(0.3), rtol=1e-3)
        assert (np.abs(henon.exponents - HENON) < STANDARD_ERRORS * henon.standard_errors).all()
        assert henon.resolved.all()

    def test_one_column_of_henon(self, henon_rows):
        found = lyapunov_exponents(henon_rows[:, :1])
        assert_allclose(found.lambda_max, HENON[0], rtol=0.05)
        assert found.n_delays > 1

    def test_logistic(self):
        found = lyapunov_exponents(make_logistic(3000, random_state=0))
        # The exponent is ln 2 exactly (Ulam & von Neumann 1947).
        assert_allclose(found.lambda_max, np.log(2), rtol=0.005)
        assert abs(found.lambda_max - np.log(2)) < STANDARD_ERRORS * found.standard_errors[0]

    def test_lorenz(self, lorenz):
        assert_allclose(lorenz.lambda_max, LORENZ, rtol=0.1)
        # The flow itself neither parts nor joins states.
        assert abs(lorenz.exponents[1]) < 0.1 * LORENZ
        assert abs(lorenz.exponents[1]) < STANDARD_ERRORS * lorenz.standard_errors[1]
        assert lorenz.resolved.tolist() == [True, True, False]
        assert np.isnan(lorenz.exponents[2])

    def test_one_column_of_lorenz(self, lorenz_rows):
        found = lyapunov_exponents(lorenz_rows[:, :1], dt=0.01)
        assert_allclose(found.lambda_max, LORENZ, rtol=0.1)

    def test_noise_level(self):
        clean, some, more = (
            lyapunov_exponents(make_lorenz63(3000, noise=noise, random_state=0)).noise_level
            for noise in (0.0, 0.01, 0.02)
        )
        assert clean < 1e-3
        assert 0.007 < some < 0.013
        assert_allclose(more / some, 2, rtol=0.15)

    def test_time_backwards(self, henon_rows):
        # Growth backwards in time is contraction forwards.
        backwards = lyapunov_exponents(henon_rows[::-1])
        assert_allclose(backwards.exponents, -HENON[::-1], rtol=0.05)


class TestUnits:
    def test_of_time(self, henon_rows, henon):
        other = lyapunov_exponents(henon_rows, dt=0.1)
        for name in ("exponents", "standard_errors", "running"):
            assert_array_equal(getattr(other, name), getattr(henon, name) / 0.1)
        assert other.dt == 0.1
        assert (other.regime, other.reason) == (henon.regime, henon.reason)
        assert_array_equal(other.running_rows, henon.running_rows)

    def test_of_columns(self, henon_rows, henon):
        assert_same(lyapunov_exponents(henon_rows * [2.0**40, 0.125]), henon)
        other = lyapunov_exponents(3 - henon_rows * [0.1, 7e50])
        assert_allclose(other.exponents, henon.exponents, rtol=1e-3)

    @pytest.mark.parametrize("columns", [[[1.0, 0.5], [-0.7, 1.0]], [[1, 0, 2], [0, 1, 0]]])
    def test_mixtures_and_copies_of_columns(self, henon_rows, henon, columns):
        other = lyapunov_exponents(henon_rows @ np.array(columns))
        assert_allclose(other.exponents, henon.exponents, rtol=0.01)

    def test_constant_columns_say_nothing(self, henon_rows):
        X = henon_rows[:1000, :1]
        assert_same(
            lyapunov_exponents(np.hstack([X, np.full((1000, 1), 4.2)])), lyapunov_exponents(X)
        )

    def test_change_of_coordinates(self, henon_rows, henon):
        other = lyapunov_exponents(np.exp(henon_rows))
        assert_allclose(other.lambda_max, henon.lambda_max, rtol=0.02)


class TestTrajectories:
    def test_two_are_as_good_as_one(self):
        X = np.concatenate([make_henon(1000, random_state=seed) for seed in (1, 2)])
        found = lyapunov_exponents(X, groups=np.repeat(["b", "a"], 1000))
        assert_allclose(found.exponents, HENON, rtol=0.05)
        assert_allclose(found.exponents.sum(), np.log(0.3), rtol=2e-3)

    def test_borders_are_not_crossed(self):
        # Many short pieces out of order: across borders nothing can be predicted.
        X = make_henon(2000, random_state=0).reshape(100, 20, 2)
        X = X[np.random.default_rng(0).permutation(100)].reshape(-1, 2)
        groups = np.arange(2000) // 20
        apart, joined = lyapunov_exponents(X, groups=groups), lyapunov_exponents(X)
        assert_allclose(apart.exponents, HENON, rtol=0.06)
        assert apart.prediction_error < 1e-3
        assert joined.prediction_error > 100 * apart.prediction_error

    def test_labels_do_not_matter(self, henon_rows, henon):
        assert_same(lyapunov_exponents(henon_rows, groups=np.full(3000, "x")), henon)


class TestAnswer:
    def test_numbers_of_exponents(self, henon_rows, henon):
        one = lyapunov_exponents(henon_rows, n_exponents=1)
        assert one.exponents.shape == one.standard_errors.shape == one.resolved.shape == (1,)
        assert_allclose(one.lambda_max, henon.lambda_max, rtol=0.01)
        windows = lyapunov_exponents(henon_rows[:1000, :1], n_exponents=2)
        assert windows.exponents.shape == (2,)

    def test_is_in_order_with_positive_errors(self, henon, lorenz):
        for found in (henon, lorenz):
            known = found.exponents[found.resolved]
            assert (np.diff(known) < 0).all()
            assert (found.standard_errors[found.resolved] > 0).all()
            assert_array_equal(np.isnan(found.exponents), ~found.resolved)
            assert_array_equal(np.isnan(found.standard_errors), ~found.resolved)

    def test_running_mean_ends_at_the_exponent(self, henon, lorenz):
        for found in (henon, lorenz):
            assert_allclose(found.running[-1], found.lambda_max, rtol=1e-10)
            assert (np.diff(found.running_rows) > 0).all()
            assert found.running.shape == found.running_rows.shape
            # At half of the rows it is near already, and not half of it.
            assert_allclose(found.running[len(found.running) // 2], found.lambda_max, rtol=0.2)

    def test_describes_the_map(self, henon, lorenz):
        assert (henon.n_delays, henon.delay, henon.step, henon.n_dims) == (1, 1, 1, 2)
        assert lorenz.step > 1
        assert henon.gain > 1000
        assert henon.n_centers > 50
        assert henon.penalty > 0
        assert lorenz.length > henon.length > 0
        # Half a turn of a wing takes some 75 rows.
        assert 40 < lorenz.mean_period < 150

    def test_is_that_of_the_seed(self, henon_rows):
        one, same, other = (
            lyapunov_exponents(henon_rows[:500], random_state=seed) for seed in (7, 7, 8)
        )
        assert_same(one, same)
        assert one.lambda_max != other.lambda_max
        assert_allclose(one.lambda_max, other.lambda_max, rtol=0.05)

    def test_running_estimate_reaches_the_last_row(self, henon, lorenz_rows):
        assert henon.running_rows[-1] == 3000
        assert lyapunov_exponents(lorenz_rows[:2000, :1]).running_rows[-1] == 2000

    def test_windows_of_finely_sampled_rows_have_dimensions(self):
        # Of a thousand rows a period, a window and its image span hundreds, not tens of thousands.
        X = make_lorenz63(10_000, dt=0.001, columns="x", random_state=0)
        assert lyapunov_exponents(X).n_dims == 8

    def test_what_is_not_known_is_as_many_numbers(self, henon_rows):
        # So that columns of a pipeline do not depend on the verdict.
        for X in (henon_rows, henon_rows[:, :1]):
            known, unknown = lyapunov_exponents(X[:1000]), lyapunov_exponents(X[:20])
            assert unknown.exponents.shape == known.exponents.shape

    @pytest.mark.parametrize("function", [lyapunov_exponents, local_exponents])
    def test_one_thread_is_used(self, function, henon_rows, monkeypatch):
        during = []

        def watched(*arguments):
            during.extend(threadpool_info())
            return check_rows(*arguments)

        monkeypatch.setattr(_spectrum, "check_rows", watched)
        with threadpool_limits(2, "blas"):
            function(henon_rows[:100])
            after = threadpool_info()
        assert {pool["num_threads"] for pool in during if pool["user_api"] == "blas"} == {1}
        assert {pool["num_threads"] for pool in after if pool["user_api"] == "blas"} == {2}
        # numpy's own among them, which an old threadpoolctl does not see
        assert any("numpy" in pool["filepath"] for pool in during)

    def test_data_are_left_alone(self, henon_rows):
        X = henon_rows[:500].copy()
        lyapunov_exponents(X)
        assert_array_equal(X, henon_rows[:500])

    @pytest.mark.parametrize(
        ("X", "reason"),
        [
            (np.ones((100, 2)), "do not vary"),
            (np.ones((1, 1)), "do not vary"),
            (1e15 + make_henon(100, random_state=0), "rounding of their values"),
            (make_henon(40, random_state=0), "40 rows are too few"),
            (np.random.default_rng(0).normal(size=(5, 2)), "mean periods"),
        ],
    )
    def test_nothing_known_is_said(self, X, reason):
        found = lyapunov_exponents(X, dt=0.5)
        assert found.regime == "undecided"
        assert reason in found.reason
        assert np.isnan(found.lambda_max)
        assert found.exponents.shape == found.resolved.shape == found.standard_errors.shape
        assert not found.resolved.any()
        assert found.dt == 0.5

    @pytest.mark.parametrize("rows_a_trajectory", [200, 20, 5])
    @pytest.mark.parametrize("n_rows", [51, 55, 60, 75, 100, 150])
    @pytest.mark.parametrize("n_columns", [1, 3])
    def test_few_rows_warn_of_nothing(self, n_rows, n_columns, rows_a_trajectory):
        X = np.random.default_rng(0).uniform(size=(n_rows, n_columns))
        groups = np.arange(n_rows) // rows_a_trajectory
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = lyapunov_exponents(X, groups=groups)
        assert found.reason


class TestRefused:
    @pytest.mark.parametrize("dt", [0, -0.1, np.nan, np.inf, True, "1", None])
    def test_sampling_intervals(self, henon_rows, dt):
        with pytest.raises(ValueError, match="dt must be a positive number"):
            lyapunov_exponents(henon_rows, dt=dt)

    @pytest.mark.parametrize("function", [lyapunov_exponents, local_exponents])
    def test_numbers_of_exponents(self, henon_rows, function):
        X = henon_rows[:500]
        with pytest.raises(ValueError, match=r"n_exponents=3.*1 to 2"):
            function(X, n_exponents=3)
        with pytest.raises(ValueError, match="n_exponents must be at least 1"):
            function(X, n_exponents=0)
        with pytest.raises(TypeError, match="n_exponents must be a whole number"):
            function(X, n_exponents=1.5)

    @pytest.mark.parametrize("function", [lyapunov_exponents, local_exponents])
    def test_rows(self, henon_rows, function):
        X = henon_rows[:500].copy()
        with pytest.raises(ValueError, match=r"groups has shape \(499,\)"):
            function(X, groups=np.zeros(499))
        with pytest.raises(ValueError, match="comes back to the label 0"):
            function(X, groups=np.arange(500) % 2)
        with pytest.raises(ValueError, match="2D array"):
            function(X[:, 0])
        for wrong in (np.nan, np.inf):
            X[3, 1] = wrong
            with pytest.raises(ValueError, match="contains"):
                function(X)


def local_span(X):
    found = lyapunov_exponents(X)
    return (found.n_delays - 1) * found.delay


class TestLocal:
    def test_mean_is_the_exponent(self, henon_rows, henon):
        rates = local_exponents(henon_rows, n_exponents=2)
        assert rates.shape == (3000, 2)
        assert_allclose(rates.mean(axis=0), henon.exponents, rtol=0.005)
        assert np.isfinite(rates).all()

    def test_mean_of_a_flow_is_per_row(self, lorenz_rows, lorenz):
        rates = local_exponents(lorenz_rows[:, :1])
        assert_allclose(rates.mean(), 0.01 * LORENZ, rtol=0.15)

    def test_rates_are_those_of_the_map(self, henon_rows):
        # A tangent vector, turned by the true Jacobians, measured in standardised columns.
        rates = local_exponents(henon_rows)[:, 0]
        vector, expected = np.array([1.0, 0.0]), []
        for x in henon_rows[:500, 0]:
            vector = np.array([[-2.8 * x, 1.0], [0.3, 0.0]]) @ vector
            length = np.linalg.norm(vector / henon_rows.std(axis=0))
            expected.append(np.log(length))
            vector /= length
        assert_allclose(rates[50:500], expected[50:], atol=0.02)

    def test_of_other_rows_by_the_same_map(self, henon_rows):
        other = make_henon(300, random_state=5)
        rates = local_exponents(henon_rows, other)
        assert rates.shape == (300, 1)
        longer = local_exponents(henon_rows, make_henon(600, random_state=5))
        # A row's rate follows its past, so that later rows change nothing.
        assert_allclose(rates[:-1], longer[:299], atol=1e-6)

    def test_nothing_is_said_far_from_the_fitted_rows(self, henon_rows):
        other = make_henon(300, random_state=5)
        other[100] += 10 * np.ptp(henon_rows, axis=0)
        other[200] += 0.5 * np.ptp(henon_rows, axis=0)
        rates = local_exponents(henon_rows, other)[:, 0]
        assert np.flatnonzero(np.isnan(rates)).tolist() == [100]
        assert np.isnan(local_exponents(henon_rows, henon_rows + 100)).all()

    def test_nothing_is_said_of_windows_that_hold_far_rows(self, lorenz_rows):
        fitted, other = lorenz_rows[:3000, :1], lorenz_rows[3000:3500, :1].copy()
        span = local_span(fitted)
        other[:5] += 1000
        unknown = np.isnan(local_exponents(fitted, other)[:, 0])
        assert np.flatnonzero(unknown)[-1] == 4 + span
        assert unknown[: 5 + span].all()
        assert np.isnan(local_exponents(fitted, other + 1000)).all()

    def test_groups_of_rows_need_rows(self, henon_rows):
        with pytest.raises(ValueError, match="X_groups is given without X"):
            local_exponents(henon_rows, X_groups=np.zeros(3000))

    def test_last_rows_have_the_rate_before(self, lorenz_rows):
        rates = local_exponents(lorenz_rows[:, :1], lorenz_rows[:1000, :1])
        found = lyapunov_exponents(lorenz_rows[:, :1], n_exponents=1)
        first = (found.n_delays - 1) * found.delay
        assert_array_equal(rates[:first], np.broadcast_to(rates[first], (first, 1)))
        assert rates[first + 1] != rates[first]
        last = 1000 - found.step
        assert_array_equal(rates[last:], np.broadcast_to(rates[last - 1], (found.step, 1)))
        assert rates[last - 2] != rates[last - 1]

    def test_groups(self):
        X = np.concatenate([make_henon(1000, random_state=seed) for seed in (1, 2)])
        rates = local_exponents(X, groups=np.repeat([0, 1], 1000))
        assert_allclose(rates.mean(), HENON[0], rtol=0.05)

    def test_few_fitted_rows_have_none(self):
        for X in (make_henon(30, random_state=0), np.ones((100, 2))):
            rates = local_exponents(X, X[:20], n_exponents=2)
            assert rates.shape == (20, 2)
            assert np.isnan(rates).all()

    def test_rows_are_too_few_or_others(self, henon_rows):
        X = henon_rows[:500]
        with pytest.raises(ValueError, match=r"X has 1 row.*at least 2 consecutive"):
            local_exponents(X, X[:1])
        with pytest.raises(ValueError, match=r"X has 3 row.*a window and its image span"):
            local_exponents(X[:, :1], X[:3, :1])
        with pytest.raises(ValueError, match=r"X has 1 column\(s\).*fitted rows have 2"):
            local_exponents(X, X[:, :1])

    def test_is_that_of_the_seed(self, henon_rows):
        one, same, other = (
            local_exponents(henon_rows[:500], random_state=seed) for seed in (7, 7, 8)
        )
        assert_array_equal(one, same)
        assert not np.array_equal(one, other)
