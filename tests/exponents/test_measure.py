"""The error of a mean of correlated rates, and what is measured along rows."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import lfilter

from skchaos.datasets import make_henon, make_logistic, make_lorenz63, make_mackey_glass
from skchaos.exponents import _measure, lyapunov_exponents
from skchaos.exponents._measure import chains_along, fit_states, measure, sampling_error
from skchaos.exponents._scaled import Scaled, States

N_RATES, N_SERIES = 5000, 100


def scaled_of(X, groups=None):
    return Scaled.of(X, np.zeros(len(X), dtype=int) if groups is None else np.asarray(groups))


class TestSamplingError:
    # x_t = memory x_(t-1) + normal: the variance of a mean of n is 1 / (1 - memory)^2 / n.
    @pytest.mark.parametrize("memory", [0.0, 0.8, -0.5])
    def test_of_rates_with_a_memory(self, memory, global_random_seed):
        rng = np.random.default_rng(global_random_seed)
        normal = rng.normal(size=(N_SERIES, N_RATES + 200))
        rates = lfilter([1.0], [1.0, -memory], normal)[:, 200:]
        errors = np.array([sampling_error(series) for series in rates])
        true = 1 / (1 - memory) / np.sqrt(N_RATES)
        assert_allclose(np.median(errors), true, rtol=0.15)
        covered = np.abs(rates.mean(axis=1)) < 2 * errors
        assert covered.mean() > 0.8

    def test_what_cancels_between_neighbours_adds_nothing(self, global_random_seed):
        # Growth that is taken back at the next link: the turning of frames, which telescopes.
        turning = np.random.default_rng(global_random_seed).normal(size=(20, N_RATES + 1))
        errors = [sampling_error(rates) for rates in np.diff(turning)]
        assert np.mean(errors) < 0.06 * np.sqrt(2 / N_RATES)

    def test_unit_and_origin(self, global_random_seed):
        rates = np.random.default_rng(global_random_seed).normal(size=1000)
        assert_allclose(sampling_error(4 * rates - 7), 4 * sampling_error(rates), rtol=1e-6)

    def test_of_constant_rates_is_none(self):
        assert_allclose(sampling_error(np.full(1000, 0.3)), 0, atol=1e-12)

    @pytest.mark.parametrize("n_rates", [32, 37, 63, 64, 65, 127, 128])
    def test_of_few_rates_is_a_number(self, n_rates, global_random_seed):
        rates = np.random.default_rng(global_random_seed).normal(size=n_rates)
        assert 0 < sampling_error(rates) < 2


@pytest.fixture(scope="module")
def henon():
    return measure(scaled_of(make_henon(2000, random_state=0)), None, 0)


@pytest.fixture(scope="module")
def kinked(lozi_rows):
    scaled = scaled_of(lozi_rows)
    return scaled, fit_states(scaled, States.of(scaled, 1, 1, 1, None), 0.7, 0)


class TestMeasure:
    def test_rates_are_means_of_local_growth(self, henon):
        assert henon.local.shape == (2000, 2)
        assert_allclose(np.nanmean(henon.local, axis=0), henon.rates)
        assert np.isnan(henon.local).any(axis=1).tolist() == [False] * 1999 + [True]

    def test_local_growth_adds_up_to_the_determinant(self, henon):
        assert_allclose(henon.local[:-1].sum(axis=1), np.log(0.3), atol=0.02)

    def test_errors_hold_sampling_and_method(self, henon):
        assert_allclose(henon.errors**2, henon.sampling**2 + henon.method**2)
        assert (henon.sampling > 0).all()
        assert (henon.method > 0).all()
        assert_allclose(henon.sampling[0], sampling_error(henon.local[:-1, 0]))

    def test_shorter_rows_have_larger_errors(self):
        X = make_logistic(8000, random_state=0)
        long, short = (measure(scaled_of(X[:n]), 1, 0).sampling[0] for n in (8000, 500))
        assert short > 1.5 * long

    def test_noise_raises_the_error_of_the_method(self):
        clean, noisy = (
            measure(scaled_of(make_henon(2000, noise=noise, random_state=0)), 1, 0)
            for noise in (0.0, 0.03)
        )
        assert noisy.fit.noise > 100 * clean.fit.noise
        assert noisy.method[0] > max(2 * clean.method[0], noisy.fit.noise * noisy.rates[0])

    def test_rows_are_states_where_all_columns_are_given(self):
        X = make_lorenz63(3000, random_state=0)
        assert measure(scaled_of(X), 1, 0).fit.states.n_delays == 1
        assert measure(scaled_of(X[:, :1]), 1, 0).fit.states.n_delays > 1

    def test_windows_average_noise_away(self):
        X = make_lorenz63(3000, noise=0.05, random_state=0)
        assert measure(scaled_of(X), 1, 0).fit.states.n_delays > 1

    def test_a_map_that_curves_gains_over_a_linear_one(self, henon):
        assert henon.fit.gain > 1000
        assert_allclose(henon.fit.gain, henon.fit.linear_error / henon.fit.error)
        noise = np.random.default_rng(0).normal(size=(1000, 2))
        assert measure(scaled_of(noise), 1, 0).fit.gain < 1.5

    def test_raised_penalty(self, henon):
        raised = henon.fit.raised()
        assert raised.map.penalty == henon.fit.rougher.penalty > henon.fit.map.penalty
        assert raised.rougher.penalty > raised.map.penalty

    @pytest.mark.parametrize(
        ("rates", "methods", "samplings", "chosen"),
        [
            ([0.9, 0.5, 0.3, 0.2, 0.1], [0.08, 0.01, 0.01, 0.01, 0.01], [0] * 5, 0),  # sure
            ([0.9, 0.5, 0.3, 0.2, 0.1], [0.5, 0.4, 0.02, 0.01, 0.01], [0] * 5, 2),  # sure by then
            ([0.9, 0.5, 0.3, 0.2, 0.1], [0.5, 0.4, 0.3, 0.35, 0.01], [0] * 5, 2),  # errors rise
            ([0.9, 0.5, 0.3, 0.2, 0.1], [0.5, 0.6, 0.7, 0.01, 0.01], [0.6, 0.1, 0, 0, 0], 1),
            ([0.9, 0.8, 0.7, 0.6, 0.5, 0], [0.9, 0.8, 0.7, 0.6, 0.5, 0], [0] * 6, 4),  # enough
            ([0.0, -0.1, -0.2], [1e-3, 1e-4, 1e-5], [0] * 3, 0),  # little beside a mean period
        ],
    )
    def test_penalty_is_raised_while_errors_fall(
        self, henon, monkeypatch, rates, methods, samplings, chosen
    ):
        penalties = []

        def along(scaled, fit, n_vectors, random_state):
            i = len(penalties)
            penalties.append(fit.map.penalty)
            rate, method = np.array([rates[i], -1.0]), np.array([methods[i], 0.1])
            sampling = np.array([samplings[i], 0.0])
            return replace(henon, fit=fit, rates=rate, method=method, sampling=sampling)

        monkeypatch.setattr(_measure, "_along", along)
        scaled = scaled_of(make_henon(1000, random_state=0))
        found = _measure._measure_states(scaled, States.of(scaled, 1, 1, 1, None), 0.7, 2, 0)
        assert found.fit.map.penalty == penalties[chosen]
        assert found.rates[0] == rates[chosen]
        assert_allclose(penalties, penalties[0] * 3.0 ** np.arange(len(penalties)))
        # A quarter of what raising took away counts as error, too.
        left = 0.25 * (rates[0] - rates[chosen])
        assert_allclose(found.method, [np.hypot(methods[chosen], left), 0.1])

    def test_too_few_rows(self):
        assert measure(scaled_of(make_henon(30, random_state=0)), 1, 0) is None
        many_short = np.arange(1000) // 2
        assert measure(scaled_of(make_logistic(1000, random_state=0), many_short), 1, 0) is None

    def test_too_many_exponents(self):
        with pytest.raises(ValueError, match=r"n_exponents=3.*rows\) have 2 dim.*1 to 2"):
            measure(scaled_of(make_henon(500, random_state=0)), 3, 0)
        with pytest.raises(ValueError, match=r"n_exponents=50.*windows of \d+ rows"):
            measure(scaled_of(make_logistic(500, random_state=0)), 50, 0)

    def test_first_period_of_several_trajectories_is_left_out(self):
        X = make_lorenz63(2000, random_state=0)
        one = measure(scaled_of(X), 1, 0)
        two = measure(scaled_of(X, np.arange(2000) // 1000), 1, 0)
        step = two.fit.states.step
        period = int(scaled_of(X, np.arange(2000) // 1000).period)
        assert not np.isnan(one.local[: 1000 - step, 0]).any()
        for start in (0, 1000):
            assert np.isnan(two.local[start : start + period, 0]).all()
            assert not np.isnan(two.local[start + period + 2 * step : start + 900, 0]).any()
            assert np.isnan(two.local[start + 1000 - step : start + 1000, 0]).all()

    def test_chains_have_ten_periods_to_warm_up(self):
        scaled = scaled_of(make_lorenz63(5000, random_state=0))
        states = measure(scaled, 1, 0).fit.states
        _, counts = chains_along(scaled, states)
        assert counts.argmax(axis=1).min() * states.step >= 10 * scaled.period

    def test_is_that_of_the_seed(self):
        scaled = scaled_of(make_henon(500, random_state=0))
        one, same = (measure(scaled, 2, 3) for _ in range(2))
        assert_array_equal(one.local, same.local)
        assert_array_equal(one.errors, same.errors)


class TestResolution:
    def test_errors_hold_what_centres_do_not_resolve(self, lozi_rows):
        # A map rounded at the kink is off by more than blocks of rows can tell. The exact exponent
        # is .4702 (100 orbits of 100,000 rows).
        measured = measure(scaled_of(lozi_rows), None, 0)
        assert measured.errors[0] > 2 * measured.sampling[0]
        assert abs(measured.rates[0] - 0.4702) < 3 * measured.errors[0]

    def test_a_coarser_map_has_fewer_centres(self, kinked):
        _, fit = kinked
        assert len(fit.coarser.centers) == len(fit.map.centers) * 3 // 4
        assert 0 < fit.coarseness <= 3

    def test_the_change_counts_as_often_as_errors_are_left(self, kinked):
        scaled, fit = kinked
        squares = [
            _measure._along(scaled, replace(fit, coarseness=factor), 1, 0).method ** 2
            for factor in (0.0, 1.0, 3.0)
        ]
        assert squares[1] > squares[0]
        assert_allclose(squares[2] - squares[0], 9 * (squares[1] - squares[0]), rtol=1e-6)

    def test_a_few_wild_chains_are_no_change(self):
        lengths = np.array([[10.0], [10.0], [10.0], [0.0]])
        shifts = np.array([[1.0], [2.0], [60.0], [0.0]])
        drop, missing = _measure._shifts(lengths, np.stack([shifts, shifts]))
        assert_allclose(drop, 63 / 30)
        assert_allclose(missing, 0.2)


class TestSecondOpinion:
    @pytest.mark.parametrize(
        ("X", "n_opinions"),
        [
            (make_henon(1000, random_state=0), 2),
            (make_henon(1000, columns="x", random_state=0), 1),
            (make_mackey_glass(2000, random_state=0), 2),  # .23 nats a period
        ],
    )
    def test_on_states_and_on_weak_growth_of_windows(self, monkeypatch, X, n_opinions):
        asked = []

        def spy(scaled, states, length, n_vectors, random_state):
            asked.append(random_state)
            return measure_states(scaled, states, length, n_vectors, random_state)

        measure_states = _measure._measure_states
        monkeypatch.setattr(_measure, "_measure_states", spy)
        measure(scaled_of(X), 1, 7)
        assert asked == [7, 8][:n_opinions]


class TestBlocks:
    def test_a_last_block_without_an_image_is_none(self, monkeypatch):
        # One row more than a block holds: it has no successor within its own.
        X = make_henon(1001, random_state=0)
        whole = lyapunov_exponents(X).exponents
        monkeypatch.setattr(_measure, "BLOCK_ROWS", 1000)
        assert_allclose(lyapunov_exponents(X).exponents, whole, rtol=0.05)


class TestSolver:
    def test_centres_that_are_nearly_the_same(self):
        # Pulses from a flat base: hundreds of states are next to each other.
        rng = np.random.default_rng(6)
        time = np.arange(3000.0)[:, None]
        at = np.cumsum(10 + rng.exponential(40, size=100))
        found = lyapunov_exponents(np.exp(-((time - at) ** 2) / 8).sum(axis=1, keepdims=True))
        assert found.reason


@pytest.mark.parametrize("seed", [None, 1.5, -1])
def test_random_state_is_checked_before_any_work(seed):
    with pytest.raises((TypeError, ValueError), match="random_state"):
        lyapunov_exponents(make_henon(500, random_state=0), random_state=seed)


def test_every_seed_will_do():
    found = lyapunov_exponents(make_henon(500, random_state=0), random_state=2**32 - 1)
    assert found.regime == "chaos"
