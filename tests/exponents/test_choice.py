"""What is chosen by how well it predicts: the length of the kernel and the step of the map."""

import numpy as np

from skchaos.datasets import make_lorenz63
from skchaos.exponents._choice import choose_length, choose_map
from skchaos.exponents._kernel_map import MEDIUM_LENGTH
from skchaos.exponents._measure import fit_states, measure
from skchaos.exponents._scaled import Scaled, States


def states_of(X, step=1):
    scaled = Scaled.of(X, np.zeros(len(X), dtype=int))
    return scaled, States.of(scaled, 1, 1, step, None)


def lozi(n_rows):
    rows = np.empty((n_rows, 2))
    x, y = 0.1, 0.1
    for t in range(-100, n_rows):
        x, y = 1 - 1.7 * abs(x) + y, 0.5 * x
        if t >= 0:
            rows[t] = x, y
    return rows


class TestLength:
    def test_is_short_where_the_map_has_a_kink(self):
        error, length = choose_length(states_of(lozi(4000))[1], 0)
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

    def test_predicts_better_than_its_neighbours(self):
        scaled, states = states_of(lozi(4000))
        _, length = choose_length(states, 0)
        chosen, *others = (
            fit_states(scaled, states, factor * length, 0).error for factor in (1.0, 4.0, 8.0)
        )
        assert all(chosen < other for other in others)


class TestStep:
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


class TestErrors:
    def test_know_of_a_kink_that_centres_do_not_resolve(self):
        # The map is rounded at the kink, and stretches less there: too small an exponent, by more
        # than blocks of rows could tell. The exact one is .4702 (100 orbits of 100,000 rows).
        X = lozi(5000)
        measured = measure(Scaled.of(X, np.zeros(len(X), dtype=int)), None, 0)
        assert measured.rates[0] < 0.4702 - 2 * measured.sampling[0]
        assert abs(measured.rates[0] - 0.4702) < 3 * measured.errors[0]

    def test_compare_with_a_map_of_fewer_centres(self):
        scaled, states = states_of(lozi(5000))
        fit = fit_states(scaled, states, 0.7, 0)
        assert len(fit.coarser.centers) == len(fit.map.centers) * 3 // 4
        assert 0 < fit.coarseness <= 3
