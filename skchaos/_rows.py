"""Reading of rows: what a user gave, checked, as an array.

scikit-learn checks shapes and names that are all strings. What a time series needs beyond that is
here: labels of any kind in the order of the training rows, and messages that name the column and
row, and a remedy that suits a series.
"""

import re
from typing import Any

import numpy as np
from sklearn.utils import check_array

from skchaos._mapped import blocks, is_mapped
from skchaos._sklearn import validate_data

DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")


def read_rows(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    reset: bool,
    min_rows: int = 1,
    keep_mapped: bool = False,
) -> Any:
    """Return the rows of `X` as float64, and those of `y` if it is given.

    Parameters
    ----------
    estimator : estimator
        Learns the number and names of columns where `reset`, else they are compared with its own.
    X : array-like or DataFrame of shape (n_samples, n_features)
        Data as the user gave them.
    y : array-like of shape (n_samples,) or (n_samples, n_targets), optional
        Targets.
    reset : bool
        True in fit.
    min_rows : int
        Least number of rows.
    keep_mapped : bool
        Whether a memory-mapped float32 array without targets comes back as it is.

    Returns
    -------
    ndarray of shape (n_samples, n_features), or a tuple of it and the targets

    Raises
    ------
    ValueError
        If rows are not numeric and finite, too few, or have other columns than the training rows.
    """
    _check_frame(X)
    if not reset:
        check_labels(estimator, X)
    if keep_mapped and y is None and is_mapped(X):
        return _read_mapped(estimator, X, min_rows, reset)
    target = {} if y is None else {"y": y, "multi_output": True, "y_numeric": True}
    checked = validate_data(
        estimator,
        X,
        dtype=np.float64,
        order="C",
        ensure_all_finite=False,  # a missing value is named below
        ensure_min_samples=min_rows,
        reset=reset,
        **target,
    )
    _check_finite(checked if y is None else checked[0], X, may_drop=reset)
    return checked


def learn_columns(estimator: Any, X: Any) -> None:
    """Let an estimator know the number and names of columns of rows that were read before."""
    validate_data(estimator, X, skip_check_array=True)


def _read_mapped(estimator: Any, X: np.memmap, min_rows: int, reset: bool) -> np.memmap:
    """Return rows that stay in their file, checked a stretch at a time."""
    few = X[: min(min_rows, len(X))]
    validate_data(estimator, few, ensure_all_finite=False, ensure_min_samples=min_rows, reset=reset)
    before = 0
    for block in blocks(X):
        _check_finite(block, X, before)
        before += len(block)
    return X


def read_array(X: Any, min_rows: int = 1) -> np.ndarray:
    """Return the rows of `X` as float64, with the same checks, where there is no estimator."""
    _check_frame(X)
    rows = check_array(X, dtype=np.float64, ensure_all_finite=False, ensure_min_samples=min_rows)
    _check_finite(rows, X)
    return rows


def column_labels(X: Any, n_columns: int) -> np.ndarray:
    """Return the labels of the columns of a frame, or numbers from 0."""
    return np.asarray(X.columns) if hasattr(X, "columns") else np.arange(n_columns)


def column_positions(labels: np.ndarray, chosen: Any) -> np.ndarray:
    """Return where the chosen columns stand: a label or a list of labels; none for None.

    Raises
    ------
    ValueError
        If there is no such column, one is named twice, or none are left.
    """
    known = labels.tolist()
    if chosen is None:
        chosen = []
    elif isinstance(chosen, str | tuple) or np.ndim(chosen) == 0:
        chosen = [chosen]
    chosen = chosen.tolist() if hasattr(chosen, "tolist") else list(chosen)
    if any(isinstance(label, bool | np.bool_) for label in chosen):
        raise ValueError(f"input_columns={chosen!r} is a mask: give labels of columns.")
    if missing := [label for label in chosen if label not in known]:
        raise ValueError(
            f"input_columns={chosen!r}, but X has no column(s) {missing}: its columns are {known}."
        )
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"input_columns={chosen!r} names a column twice.")
    if len(chosen) == len(known):
        raise ValueError(
            f"input_columns={chosen!r} are all columns of X, which leaves none to predict: leave "
            "out those that are."
        )
    return np.array(sorted(known.index(label) for label in chosen), dtype=int)


def without_inputs(rows: np.ndarray, input_columns: np.ndarray) -> np.ndarray:
    """Leave out the columns that are inputs; where there are none it is the same array."""
    return np.delete(rows, input_columns, axis=-1) if len(input_columns) else rows


def _check_finite(rows: np.ndarray, X: Any, n_before: int = 0, may_drop: bool = False) -> None:
    """Raise a ValueError that names the first value of `rows` that is not finite.

    A whole column of such values is one to leave out, where columns may be.
    """
    finite = np.isfinite(rows)
    if finite.all():
        return
    row, column = np.argwhere(~finite)[0]
    what = "NaN" if np.isnan(rows[row, column]) else "infinity"
    label = column_labels(X, rows.shape[1])[column]
    label = label.item() if isinstance(label, np.generic) else label
    if may_drop and not finite[:, column].any():
        raise ValueError(
            f"Column {label!r} of X holds no finite value at all: leave it out, of a frame with "
            f"X.drop(columns={label!r})."
        )
    where = f" ({X.index[row]})" if hasattr(X, "iloc") else ""
    raise ValueError(
        f"Input X contains {what} in column {label!r} at row {n_before + row}{where}; "
        f"{(~finite).sum()} value(s) are not finite. "
        "Fill gaps of a few rows, X.interpolate() of a frame where they are all short; "
        "at longer ones leave rows out and mark the stretches between them with groups= in fit."
    )


def _check_frame(X: Any) -> None:
    if not hasattr(X, "iloc"):
        return
    if not hasattr(X, "columns"):
        raise ValueError(
            "X is a Series; Expected 2D array, a frame of one column: give X.to_frame()."
        )
    if not X.columns.is_unique:
        twice = X.columns[X.columns.duplicated()].unique().tolist()
        raise ValueError(
            f"Column name(s) {twice} stand more than once in X: rename or drop columns, e.g. "
            "X.loc[:, ~X.columns.duplicated()]."
        )
    for label, dtype in X.dtypes.items():
        _check_dtype(X, label, dtype)


def _check_dtype(X: Any, label: Any, dtype: Any) -> None:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(dtype):
        return
    if dtype.kind in "mM" or isinstance(dtype, pd.PeriodDtype):
        raise ValueError(
            f"Column {label!r} holds dates or durations ({dtype}). Time belongs in the index: "
            f"X.set_index({label!r}); drop the column if it is not the time of the rows."
        )
    values = X[label]
    wrong = pd.to_numeric(values, errors="coerce").isna() & values.notna()
    if wrong.any():
        row = int(np.argmax(wrong))
        found = f"Column {label!r} holds {values.iloc[row]!r} at row {row}, which is not a number: "
        if DECIMAL_COMMA.fullmatch(str(values.iloc[row])):
            raise ValueError(
                f"{found}pd.read_csv(..., decimal=',') reads it where the comma is the decimal "
                "point (sep=';' where semicolons part the columns), thousands=',' where it parts "
                "thousands."
            )
        if not pd.isna(pd.to_datetime(values.iloc[[row]], errors="coerce").iloc[0]):
            raise ValueError(
                f"{found}time belongs in the index, X.index = pd.to_datetime(X.pop({label!r})), "
                "with dayfirst=True where the day stands before the month."
            )
        raise ValueError(
            f"{found}drop the column (X.drop(columns={label!r})), or turn it into numbers, e.g. by "
            f"read_csv(na_values=..., decimal=...), pd.to_numeric(X[{label!r}], errors='coerce'). "
            f"Labels of recordings go into groups: fit(X, groups=X.pop({label!r}))."
        )


def check_labels(estimator: Any, X: Any) -> None:
    """Compare labels that are not all strings, which scikit-learn leaves aside."""
    if not hasattr(X, "iloc") or not hasattr(estimator, "column_names_"):
        return
    given, fitted = X.columns.tolist(), estimator.column_names_.tolist()
    if given == fitted or hasattr(estimator, "feature_names_in_"):
        return
    from_array = fitted == list(range(len(fitted)))
    if from_array and set(given) != set(fitted):
        return  # an array has no labels to compare with
    raise ValueError(
        f"The columns of X are {given}; the estimator was fitted on {fitted}, and needs them in "
        f"that order: X[{fitted}]."
    )
