"""Units that forget the user's, and windows that stay on trajectories."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skchaos.datasets import make_henon, make_lorenz63
from skchaos.exponents._scaled import RowTransform, Scaled, States


def scaled_of(X, groups=None):
    return Scaled.of(X, np.zeros(len(X), dtype=int) if groups is None else np.asarray(groups))


@pytest.fixture
def normal_rows(global_random_seed):
    return np.random.default_rng(global_random_seed).normal(size=(2000, 3))


class TestUnits:
    def test_standardise(self, normal_rows):
        rows = RowTransform(normal_rows * [3.0, 1e-8, 1e5] + [1.0, -2.0, 7.0])(
            normal_rows * [3.0, 1e-8, 1e5] + [1.0, -2.0, 7.0]
        )
        expected = (normal_rows - normal_rows.mean(axis=0)) / normal_rows.std(axis=0)
        assert_allclose(rows, expected, atol=1e-6)

    def test_powers_of_two_leave_every_bit(self, normal_rows):
        normal_rows[:, 2] **= 5  # with spikes
        one = scaled_of(normal_rows)
        for factors in ([8.0, 0.25, 2.0], [2.0**600, 2.0**-600, 1.0]):
            other = scaled_of(normal_rows * factors)
            assert_array_equal(one.rows, other.rows)
            assert (one.period, one.memory) == (other.period, other.memory)

    def test_constant_columns_are_left_out(self, normal_rows):
        X = np.column_stack([normal_rows[:, 0], np.full(2000, 1e6), normal_rows[:, 1]])
        assert_array_equal(scaled_of(X).rows, scaled_of(normal_rows[:, :2]).rows)

    def test_nothing_that_varies_is_nothing(self):
        assert scaled_of(np.ones((100, 2))) is None
        assert scaled_of(np.zeros((1, 1))) is None

    def test_further_rows_get_the_units_of_the_first(self, normal_rows):
        transform = RowTransform(normal_rows)
        assert_array_equal(transform(normal_rows[50:60]), transform(normal_rows)[50:60])


class TestSpikes:
    def test_are_bent_in_order(self, normal_rows):
        X = normal_rows.copy()
        X[:, 0] = np.sinh(3 * X[:, 0])
        rows = RowTransform(X)(X)
        assert np.abs(X[:, 0]).max() / X[:, 0].std() > 10 > np.abs(rows[:, 0]).max()
        assert_array_equal(rows[:, 0].argsort(), X[:, 0].argsort())
        # Columns without spikes are scaled and no more.
        assert_allclose(rows[:, 1:], RowTransform(normal_rows)(normal_rows)[:, 1:], rtol=1e-12)

    def test_may_be_rare_beyond_the_bulk(self):
        # More than half of the values are the same: there is no bulk to measure spikes by.
        X = np.zeros((1000, 1))
        X[::10, 0] = np.arange(100)
        assert_allclose(RowTransform(X)(X), (X - X.mean()) / X.std(), rtol=1e-12)


class TestReduction:
    def test_copies_are_one_column(self, normal_rows):
        x, y = normal_rows[:, 0], normal_rows[:, 1]
        assert scaled_of(np.column_stack([x, 5 - 2 * x])).rows.shape == (2000, 1)
        assert scaled_of(np.column_stack([x, y, x + y])).rows.shape == (2000, 2)
        assert scaled_of(np.column_stack([x, y])).rows.shape == (2000, 2)

    def test_many_columns_of_few_causes_are_few(self, normal_rows, global_random_seed):
        mix = np.random.default_rng(global_random_seed).normal(size=(3, 60))
        X = normal_rows @ mix
        rows = scaled_of(X).rows
        assert rows.shape == (2000, 3)
        # Directions are orthonormal: distances stay.
        units = X / X.std(axis=0)
        expected = np.linalg.norm(units[:100] - units[100:200], axis=1)
        assert_allclose(np.linalg.norm(rows[:100] - rows[100:200], axis=1), expected, rtol=1e-5)

    def test_many_columns_keep_what_varies_most(self, global_random_seed):
        rng = np.random.default_rng(global_random_seed)
        shared = rng.normal(size=(2000, 1))
        rows = scaled_of(shared + rng.normal(size=(2000, 100))).rows
        assert rows.shape[1] < 100
        # The common part, which half of every column is, comes first.
        assert abs(np.corrcoef(rows[:, 0], shared[:, 0])[0, 1]) > 0.98


class TestTimeScales:
    @pytest.mark.parametrize("period", [10, 37, 100])
    def test_period_of_a_sine(self, period):
        scaled = scaled_of(np.sin(2 * np.pi * np.arange(2000) / period)[:, None])
        assert_allclose(scaled.period, period, rtol=0.1)
        assert_allclose(scaled.n_periods, 2000 / scaled.period)

    def test_steps_are_a_fraction_of_a_period_for_flows_and_one_for_maps(self):
        henon, lorenz = make_henon(1000, random_state=0), make_lorenz63(2000, random_state=0)
        assert scaled_of(henon).is_map
        assert scaled_of(henon).step == 1
        flow = scaled_of(lorenz)
        assert not flow.is_map
        assert 1 < flow.step < flow.period / 4
        finer = scaled_of(make_lorenz63(8000, dt=0.0025, random_state=0))
        assert_allclose(finer.period, 4 * flow.period, rtol=0.4)
        assert finer.step > 2 * flow.step


class TestStates:
    def test_windows_and_their_images_stay_on_a_trajectory(self, normal_rows):
        groups = np.repeat([0, 1, 2], [1000, 8, 992])
        states = States.of(scaled_of(normal_rows, groups), 4, 3, 2, 12)
        expected = [i for i in range(9, 2000) if groups[i] == groups[i - 9]]
        assert states.rows.tolist() == expected
        assert_array_equal(states.segments, groups[expected])
        at = states.with_image()
        assert_array_equal(states.rows[at + 2], states.rows[at] + 2)
        assert_array_equal(states.segments[at + 2], states.segments[at])
        assert len(at) == len(states.rows) - 2 * 2  # of two trajectories the last two have none

    def test_leading_direction_has_unit_variance(self, normal_rows):
        for n_delays in (1, 3):
            states = States.of(scaled_of(normal_rows), n_delays, 1, 1, 5)
            assert_allclose(states.values.std(axis=0).max(), 1)
            assert states.values.shape[1] == (3 if n_delays == 1 else 5)

    def test_values_are_windows_times_axes(self, normal_rows):
        scaled = scaled_of(normal_rows)
        states = States.of(scaled, 3, 2, 1, 4)
        windows = np.hstack([scaled.rows[4:], scaled.rows[2:-2], scaled.rows[:-4]])
        assert_allclose(states.values, windows @ states.axes, atol=1e-12)

    def test_further_rows_are_embedded_alike(self, normal_rows):
        scaled = scaled_of(normal_rows)
        states = States.of(scaled, 3, 2, 1, 4)
        part = states.at(scaled.rows[100:200], np.zeros(100, dtype=int))
        assert_allclose(part.values, states.values[100:196], atol=1e-12)
        assert_array_equal(part.rows, np.arange(4, 100))

    def test_too_short_trajectories_have_none(self, normal_rows):
        groups = np.arange(2000) // 5
        assert States.of(scaled_of(normal_rows, groups), 6, 1, 1, 5) is None  # no window
        assert States.of(scaled_of(normal_rows, groups), 5, 1, 1, 5) is None  # no image
        assert len(States.of(scaled_of(normal_rows, groups), 4, 1, 1, 5).with_image()) == 400

    def test_a_handful_is_not_enough(self, normal_rows):
        assert not States.of(scaled_of(normal_rows[:10]), 1, 1, 1, None).is_enough
        assert States.of(scaled_of(normal_rows), 1, 1, 1, None).is_enough
