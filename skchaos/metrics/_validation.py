"""Checks that all metrics share, and units in which none of them overflows."""

import numpy as np
from sklearn.utils import check_array

# Far beyond any attractor, in units of its own size, yet its square times the number of columns
# stays far below the largest float.
_FARTHEST = 1e100
_ORDINARY = 100  # columns within 2**-100 to 2**100 keep their unit


def check_option(value, name, options):
    """Raise a ValueError unless `value` is one of `options`."""
    if not (isinstance(value, str) and value in options):
        raise ValueError(f"{name}={value!r} is not one of {', '.join(map(repr, options))}.")


def check_pair(X_true, X_pred, *, min_rows=2):
    """Return two series as float64, in common units.

    Parameters
    ----------
    X_true, X_pred : array-like of shape (n_rows, n_features)
        Rows are consecutive time steps; the number of rows may differ.
    min_rows : int, default=2
        Least number of rows of each.

    Returns
    -------
    X_true, X_pred : ndarray of shape (n_rows, n_features)
        See `common_units`.

    Raises
    ------
    ValueError
        If a series is not a finite two-dimensional array with `min_rows` rows, the columns differ
        in number or names, or a column of `X_true` is constant.
    """
    _check_same_names(X_true, X_pred)
    X_true = _as_float(X_true, "X_true", ensure_min_samples=min_rows)
    X_pred = _as_float(X_pred, "X_pred", ensure_min_samples=min_rows)
    if X_true.shape[1] != X_pred.shape[1]:
        raise ValueError(
            f"X_true has {X_true.shape[1]} column(s) and X_pred has {X_pred.shape[1]}; they must "
            "describe the same columns."
        )
    check_varies(X_true)
    return common_units(X_true, X_pred)[:2]


def check_forecasts(X_true, X_pred):
    """Return forecasts from one or several starts as three-dimensional float64 arrays.

    Parameters
    ----------
    X_true, X_pred : array-like of shape (n_steps, n_features) or (n_starts, n_steps, n_features)
        Of equal shape.

    Returns
    -------
    X_true, X_pred : ndarray of shape (n_starts, n_steps, n_features)
        In the units they came in.

    Raises
    ------
    ValueError
        If they are not finite, have another number of dimensions, or differ in shape, names or
        index.
    """
    _check_same_names(X_true, X_pred)
    _check_same_index(X_true, X_pred)
    X_true = _as_float(X_true, "X_true", allow_nd=True)
    X_pred = _as_float(X_pred, "X_pred", allow_nd=True)
    if X_true.shape != X_pred.shape or X_true.ndim > 3:
        raise ValueError(
            f"X_true has shape {X_true.shape} and X_pred has shape {X_pred.shape}; they must be "
            "equal, either (n_steps, n_features) or (n_starts, n_steps, n_features)."
        )
    return (X_true, X_pred) if X_true.ndim == 3 else (X_true[None], X_pred[None])


def _check_same_index(X_true, X_pred):
    """Rows are compared one by one, so two frames must be of the same times."""
    both = hasattr(X_true, "iloc") and hasattr(X_pred, "iloc") and len(X_true) == len(X_pred)
    if both and not X_true.index.equals(X_pred.index):
        raise ValueError(
            f"X_true goes from {X_true.index[0]} to {X_true.index[-1]} and X_pred from "
            f"{X_pred.index[0]} to {X_pred.index[-1]}; they are compared row by row, and must be "
            "of the same times: X_true.loc[X_pred.index], or compare arrays."
        )


def check_varies(X_true, remedy="drop the column(s), or compare over a longer stretch"):
    """Raise a ValueError if a column of `X_true` varies no more than by rounding."""
    low, high = extremes(X_true)
    extent = high / 2 - low / 2  # halves: the full extent may overflow
    constant = extent <= 4 * np.finfo(X_true.dtype).eps * np.maximum(-low, high)
    if constant.any():
        which = np.flatnonzero(constant).tolist()
        raise ValueError(
            f"Column(s) {which} of X_true are constant (value {X_true[0, which[0]]:.6g}), so there "
            f"is no unit to compare in. Remedy: {remedy}."
        )


def extremes(X):
    """Return least and largest value of each column of an array of shape (..., n_features)."""
    columns = X.reshape(-1, X.shape[-1]).T  # one at a time: numpy is slow along short rows
    return np.array([[c.min(), c.max()] for c in columns]).reshape(-1, 2).T


def common_units(X_true, X_pred):
    """Divide columns of very large or small values by the power of two above those of `X_true`.

    The division is exact, so no result for ordinary data would depend on it; but series in units of
    1e200 or 1e-200 can then be squared, and a forecast that all but left the range of numbers is
    held where it is still finite.

    Parameters
    ----------
    X_true, X_pred : ndarray of shape (..., n_features)
        Finite.

    Returns
    -------
    X_true, X_pred : ndarray of shape (..., n_features)
        In the new units.
    exponents : ndarray of shape (n_features,)
        A value in old units is `ldexp(value, exponents)`.
    """
    low, high = extremes(X_true)
    exponents = np.frexp(np.maximum(-low, high))[1]
    exponents[np.abs(exponents) <= _ORDINARY] = 0
    if exponents.any():
        with np.errstate(over="ignore"):  # becomes inf, and then _FARTHEST
            X_true, X_pred = np.ldexp(X_true, -exponents), np.ldexp(X_pred, -exponents)
    if np.abs(extremes(X_pred)).max() > _FARTHEST:
        X_pred = np.clip(X_pred, -_FARTHEST, _FARTHEST)
    return X_true, X_pred, exponents


def _as_float(X, name, **options):
    return check_array(X, dtype=np.float64, input_name=name, **options)


def _check_same_names(X_true, X_pred):
    if not (hasattr(X_true, "columns") and hasattr(X_pred, "columns")):
        return
    true_names, pred_names = list(X_true.columns), list(X_pred.columns)
    if true_names != pred_names:
        raise ValueError(
            f"The columns of X_true are {true_names} and those of X_pred are {pred_names}; reorder "
            "or rename one of the frames: X_pred[X_true.columns]."
        )
