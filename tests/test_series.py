"""Trajectories and scales."""

import numpy as np
import pytest

from skchaos._index import TimeIndex
from skchaos._series import Scaling, Series, is_constant, joined, spread


def test_scaling_is_undone():
    rows = np.random.default_rng(0).normal(3, 2, size=(50, 2))
    scaling = Scaling.of(rows)
    scaled = scaling.apply(rows)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(scaled.std(axis=0), 1)
    np.testing.assert_allclose(scaling.undo(scaled), rows)
    np.testing.assert_array_equal(Scaling.of(8 * rows).apply(8 * rows), scaled)


def test_constant_columns_are_found_beyond_rounding():
    noise = np.random.default_rng(0).normal(size=9)
    rows = np.stack([np.full(9, 0.1), noise, 1e9 + 1e-7 * noise, 1e9 + noise], axis=1)
    assert is_constant(rows).tolist() == [True, False, True, False]


@pytest.mark.parametrize("unit", [1e-200, 1e-3, 1e160, 1e300])
def test_scales_beyond_the_squares_of_numbers_are_measured(unit):
    rows = np.random.default_rng(0).normal(3, 2, size=(50, 2))
    scaled = Scaling.of(rows).apply(rows)
    np.testing.assert_allclose(Scaling.of(unit * rows).apply(unit * rows), scaled, rtol=1e-12)


def make_series(input_columns=()):
    rows = np.random.default_rng(0).normal(3, 2, size=(12, 3))
    at = np.array(input_columns, dtype=int)
    return rows, Series.of(rows, None, [7, 5], TimeIndex(), np.arange(3), at)


def test_numbers_are_of_rows_with_others_before_and_after_them():
    _, series = make_series()
    assert series.numbers(0).tolist() == list(range(12))
    assert series.numbers(3, 1).tolist() == [3, 4, 5, 10]
    assert series.numbers(2, 1, [5, 5]).tolist() == [2, 3, 9, 10]
    assert series.numbers(6).tolist() == [6]
    assert spread(series.numbers(0), 3).tolist() == [0, 5, 11]
    assert spread(series.numbers(6), 3).tolist() == [6]


def test_inputs_stand_apart_and_go_back_to_their_place():
    rows, series = make_series([1])
    np.testing.assert_array_equal(series.rows, rows[:, [0, 2]])
    np.testing.assert_array_equal(series.inputs, rows[:, [1]])
    np.testing.assert_array_equal(series.given(slice(2, 5)), rows[2:5])
    np.testing.assert_array_equal(joined(rows[:, [0, 2]], rows[:, [1]], np.array([1])), rows)
    scaled = series.scaled_with_inputs(np.arange(12).reshape(4, 3))
    assert scaled.shape == (4, 3, 3)
    expected = Scaling.of(rows).apply(rows)[:, [0, 2, 1]]
    np.testing.assert_allclose(scaled.reshape(12, 3), expected)
