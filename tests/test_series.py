"""Trajectories and scales."""

import numpy as np
import pytest

from skchaos._series import Scaling, is_constant


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
