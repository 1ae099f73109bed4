"""Tests of orbits: one seed gives one orbit, whatever the processor rounds."""

import numpy as np
from numpy.testing import assert_allclose

from skchaos.datasets import _equations, make_lorenz63


def test_rounding_of_the_processor_makes_no_other_orbit(monkeypatch):
    # Without care, a last digit has grown to the size of the attractor after some 40 time units:
    # before the transient of 60 is over.
    expected = make_lorenz63(6000, random_state=3)
    equations = _equations.lorenz63

    def rounded_elsewhere(*args):
        return np.multiply(equations(*args), 1 + 1e-15)

    monkeypatch.setattr(_equations, "lorenz63", rounded_elsewhere)
    found = make_lorenz63(6000, random_state=3)
    assert np.any(found != expected)  # it does round otherwise
    assert_allclose(found, expected, atol=1e-6)
