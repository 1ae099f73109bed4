"""Trajectories and scales."""

import numpy as np
import pytest

from skchaos._series import Scaling, is_constant, trajectory_lengths


def test_trajectory_lengths():
    assert trajectory_lengths(None, 7) == [7]
    assert trajectory_lengths(["b", "b", "a", "c", "c", "c"], 6) == [2, 1, 3]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([1, 1], r"\(2,\).*\(3,\)"),
        ([1, 2, 1], "comes back to the label 1"),
        ([[1]] * 3, "one label"),
        ([1, np.nan, 1], "no label at row 1"),
    ],
)
def test_groups_are_checked(groups, message):
    with pytest.raises(ValueError, match=message):
        trajectory_lengths(groups, 3)


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
