"""Trajectories of rows."""

import numpy as np
import pandas as pd
import pytest

from skchaos.neighbors._rows import check_rows, trajectory_lengths


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
        (["a", None, "b"], "no label at row 1"),
        (np.array(["2024", "NaT", "2025"], dtype="datetime64[Y]"), "no label at row 1"),
        (pd.array(["a", "b", None], dtype="string"), "no label at row 2"),
    ],
)
def test_groups_are_checked(groups, message):
    with pytest.raises(ValueError, match=message):
        trajectory_lengths(groups, 3)


def test_segments_are_numbered():
    X, segments = check_rows(np.arange(6)[:, None], ["b", "b", "a", "c", "c", "c"])
    assert X.dtype == np.float64
    assert segments.tolist() == [0, 0, 1, 2, 2, 2]
    assert check_rows(X)[1].tolist() == [0] * 6
