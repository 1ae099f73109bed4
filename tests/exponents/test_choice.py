"""What is chosen by how well it predicts: the length of the kernel and the step of the map."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.ndimage import gaussian_filter1d

from skchaos.datasets import make_henon, make_lorenz63
from skchaos.exponents import _choice, lyapunov_exponents
from skchaos.exponents._choice import (
    choose_length,
    choose_map,
    choose_states,
    count_centers,
    transfer_error,
)
from skchaos.exponents._kernel_map import LONG_LENGTH, MEDIUM_LENGTH, KernelRegression
from skchaos.exponents._measure import fit_states
from skchaos.exponents._scaled import Scaled, States


def states_of(X, step=1):
    scaled = Scaled.of(X, np.zeros(len(X), dtype=int))
    return scaled, States.of(scaled, 1, 1, step, None)


class TestLength:
    def test_is_short_where_the_map_has_a_kink(self, lozi_rows):
        error, length = choose_length(states_of(lozi_rows[:4000])[1], 0)
        assert length < MEDIUM_LENGTH
        assert 1e-5 < error < 1e-2

    def test_is_long_where_the_map_is_smooth(self):
        _, states = states_of(make_lorenz63(8000, random_state=0), step=7)
        error, length = choose_length(states, 0)
        assert length > MEDIUM_LENGTH
        assert error < 1e-4

    def test_stays_where_it_predicts_well_enough(self):
        # A rotation: any length gives rounding errors, of which the smallest says nothing.
        angle = 0.37 * np.arange(2000.0)
        _, states = states_of(np.column_stack([np.cos(angle), np.sin(angle)]))
        assert choose_length(states, 0)[1] == MEDIUM_LENGTH

    def test_predicts_better_than_its_neighbours(self, lozi_rows):
        scaled, states = states_of(lozi_rows[:4000])
        _, length = choose_length(states, 0)
        chosen, *others = (
            fit_states(scaled, states, factor * length, 0).error for factor in (1.0, 4.0, 8.0)
        )
        assert all(chosen < other for other in others)

    def test_expects_what_more_centres_gain(self, lozi_rows):
        # The map that is tried has half of the centres; the error to be expected is a smaller one.
        _, states = states_of(lozi_rows[:4000])
        error, length = choose_length(states, 0)
        n_centers = count_centers(states) // 2
        values, images = states.values[:-1], states.values[1:]
        rng = np.random.RandomState(0)
        tried = KernelRegression(values, images, images, n_centers, length, rng)
        half, whole = tried.errors(*(tried.coefficients(0.0, omit=omit) for omit in (2, None)))
        assert_allclose(error, whole[0] ** 2 / half[0], rtol=0.2)
        assert error < 0.7 * whole[0]

    @pytest.mark.parametrize(("n_dims", "length"), [(8, MEDIUM_LENGTH), (9, LONG_LENGTH)])
    def test_begins_long_in_many_dimensions(self, monkeypatch, n_dims, length):
        tried = []

        def spy(*arguments):
            tried.append(arguments[4])
            return KernelRegression(*arguments)

        monkeypatch.setattr(_choice, "KernelRegression", spy)
        choose_length(states_of(np.random.default_rng(0).normal(size=(1000, n_dims)))[1], 0)
        assert tried[0] == length


class TestTransfer:
    def test_of_rows_that_come_back(self):
        _, states = states_of(make_henon(2000, random_state=0))
        assert 0.5 < transfer_error(states, MEDIUM_LENGTH, 0) < 2

    def test_of_rows_that_do_not(self):
        walk = np.random.default_rng(0).normal(size=(2000, 2)).cumsum(axis=0)
        smooth = gaussian_filter1d(walk, 20, axis=0)
        assert transfer_error(states_of(smooth)[1], MEDIUM_LENGTH, 0) > 4

    def test_either_end_will_do(self, lozi_rows):
        # The last rows go where no other did, but the first are like those that follow.
        rows = lozi_rows[:2000].copy()
        rows[-300:] *= 3
        assert transfer_error(states_of(rows)[1], MEDIUM_LENGTH, 0) < 4


class TestStep:
    def test_is_a_row_where_a_map_lingers(self):
        # Holmes' cubic map hops seldom between two lobes: rows are remembered like those of a flow.
        rows = np.empty((2000, 1))
        x = y = 0.5
        for i in range(len(rows)):
            rows[i] = x
            x, y = y, -0.2 * x + 2.77 * y - y**3
        scaled, _ = states_of(rows)
        assert not scaled.is_map
        assert scaled.step == 1
        states = choose_states(scaled, 0)
        assert (states.step, states.delay, states.n_delays) == (1, 1, 5)
        found = lyapunov_exponents(rows)
        assert found.regime == "chaos"
        # Mean of 20 orbits of 100,000 rows, benchmarks/lyapunov/systems.py. Of 2,000 rows: sd 2 %.
        assert_allclose(found.lambda_max, 0.5944, rtol=0.06)

    def test_is_a_row_of_coarsely_sampled_columns(self):
        # A dozen rows in a period, noisy, so that windows are taken.
        rows = make_lorenz63(60_000, noise=0.03, random_state=0)[::6][:5000]
        scaled, _ = states_of(rows)
        assert not scaled.is_map
        states = choose_states(scaled, 0)
        assert (states.step, states.delay) == (1, 1)
        assert states.n_delays in (5, 8, 12, 16)

    def test_windows_of_many_columns_are_short(self):
        rng = np.random.default_rng(0)
        rows = rng.standard_normal((4000, 20))
        scaled, _ = states_of(rows)
        states = choose_states(scaled, 0)
        assert 1 < states.n_delays <= 128 / 20

    def test_is_halved_where_a_map_cannot_look_that_far(self):
        _, states = states_of(make_lorenz63(8000, random_state=0), step=60)
        chosen, _ = choose_map(states, 0)
        assert 60 % chosen.step == 0
        assert chosen.step < 60

    def test_stays_where_noise_limits_prediction(self):
        # Noise does not shrink with the step, and growth over shorter ones drowns in it.
        X = make_lorenz63(8000, random_state=0)
        X += 0.05 * X.std(axis=0) * np.random.default_rng(0).standard_normal(X.shape)
        _, states = states_of(X, step=8)
        assert choose_map(states, 0)[0].step == 8

    def test_stays_where_a_map_predicts_well(self):
        _, states = states_of(make_lorenz63(8000, random_state=0), step=7)
        assert choose_map(states, 0)[0].step == 7
