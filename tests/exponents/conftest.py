"""Rows of a map with a kink."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def lozi_rows():
    rows = np.empty((5000, 2))
    x, y = 0.1, 0.1
    for t in range(-100, len(rows)):
        x, y = 1 - 1.7 * abs(x) + y, 0.5 * x
        if t >= 0:
            rows[t] = x, y
    return rows
