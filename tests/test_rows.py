"""Reading of rows: what is refused, and what the message names."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from skchaos._rows import column_labels, read_rows


class Reader(BaseEstimator):
    def fit(self, X):
        rows = read_rows(self, X, reset=True)
        self.column_names_ = column_labels(X, rows.shape[1])
        return self


ROWS = np.random.default_rng(0).normal(size=(6, 2))
FRAME = pd.DataFrame(ROWS, columns=["a", "b"], index=pd.date_range("2024", periods=6, freq="D"))


@pytest.mark.parametrize("X", [ROWS, ROWS.tolist(), FRAME, FRAME.astype(object)])
def test_numbers_are_read(X):
    np.testing.assert_array_equal(read_rows(Reader(), X, reset=True), ROWS)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (FRAME["a"], r"to_frame\(\)"),
        (FRAME.reset_index(), r"Column 'index' holds dates.*set_index\('index'\)"),
        (FRAME.assign(c=FRAME.index.to_period("D")), "Column 'c' holds dates"),
        (FRAME.assign(c="x"), "Column 'c' holds 'x' at row 0.*drop"),
        (FRAME.assign(c="2024-05-01"), r"holds '2024-05-01' .* index, X.index = pd.to_datetime"),
        (FRAME.assign(c="70,0373"), r"holds '70,0373' .*decimal=','"),
        (FRAME.assign(c=np.nan), r"Column 'c' of X holds no finite value.*columns='c'"),
        (FRAME.assign(c=["1", "2", "3", "4 m", "5", "6"]), "Column 'c' holds '4 m' at row 3"),
        (pd.concat([FRAME, FRAME], axis=1), r"\['a', 'b'\] stand more than once"),
        (
            FRAME.drop(index=FRAME.index[2]).reindex(FRAME.index),
            "NaN in column 'a' at row 2 .2024-01-03.*; 2 value",
        ),
        (FRAME.replace(ROWS[1, 1], np.inf), "infinity in column 'b' at row 1"),
        (np.where(ROWS[4, 1] == ROWS, np.nan, ROWS), "NaN in column 1 at row 4; 1 value"),
    ],
)
def test_what_is_not_a_number_is_named(X, message):
    with pytest.raises(ValueError, match=message):
        read_rows(Reader(), X, reset=True)


def test_missing_values_are_not_blamed_on_the_estimator():
    with pytest.raises(ValueError, match="interpolate") as caught:
        read_rows(Reader(), FRAME.where(FRAME > 0), reset=True)
    assert "HistGradientBoosting" not in str(caught.value)


LABELS = [[3, 7], [("a", 1), ("a", 2)], [("a", "x"), ("b", "x")], [0.5, 1.5], ["p", "q"]]


@pytest.mark.parametrize("labels", LABELS, ids=str)
def test_columns_in_another_order_are_refused(labels):
    frame = pd.DataFrame(ROWS, columns=pd.Index(labels))
    reader = Reader().fit(frame)
    np.testing.assert_array_equal(read_rows(reader, frame, reset=False), ROWS)
    with pytest.raises(ValueError, match="order"):
        read_rows(reader, frame.iloc[:, ::-1], reset=False)


def test_columns_have_no_order_where_the_estimator_saw_an_array():
    reader = Reader().fit(ROWS)
    read_rows(reader, pd.DataFrame(ROWS, columns=[3, 7]), reset=False)
    read_rows(reader, pd.DataFrame(ROWS), reset=False)
