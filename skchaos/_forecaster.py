"""What every forecaster does with a context: check it, continue it, give labels back."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.metrics import r2_score
from sklearn.utils import check_array, check_scalar

from skchaos._index import TimeIndex, check_consecutive, read_index
from skchaos._rows import read_rows, without_inputs
from skchaos._sklearn import check_is_fitted


class ForecasterMixin:
    """Forecasts of an estimator that can continue contexts, and its one-step score.

    A subclass gives ``_continue(contexts, n_steps)``, from contexts of shape (n_contexts,
    `n_context_`, n_features) to free runs of shape (n_contexts, n_steps, n_features), both in the
    units of the data, and ``predict``. Its fit leaves `n_context_`, `n_features_in_`, `context_`,
    `column_names_` and `time_index_`; if some columns are inputs `input_columns_`, and then
    ``_continue`` also takes their future values, of shape (n_contexts, n_steps, n_inputs).
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags

    def forecast(self, n_steps, X=None, *, future_inputs=None):
        """Continue a series by a free run of the model.

        Parameters
        ----------
        n_steps : int
            Steps to go.
        X : array-like or DataFrame, default=None
            Context: rows after which the forecast begins, at least `n_context_` of them, at the
            time step of the training rows. A 3-D array of shape (n_contexts, n_rows, n_features)
            begins many forecasts at once. None continues the training series (its last trajectory).
        future_inputs : array-like or DataFrame of shape (n_steps, n_inputs), default=None
            Inputs of the rows to come, where some columns are inputs. A frame may have other
            columns too, and rows before and after, which its index tells apart. For many contexts
            an array of shape (n_contexts, n_steps, n_inputs). Those of the last row act on nothing
            yet, and may be missing (nan).

        Returns
        -------
        DataFrame or ndarray of shape (n_steps, n_features)
            The next rows, in the units of the data. A frame on the continued index if `X` is one,
            or, without `X`, if the estimator was fitted on one. For many contexts an array of shape
            (n_contexts, n_steps, n_features). Columns that are inputs are those of `future_inputs`.

        Raises
        ------
        TypeError
            If `n_steps` is not an integer.
        ValueError
            If `n_steps` is below 1, the context is too short, has other columns or another time
            step, or holes in its index, or `future_inputs` are missing, or not of these rows.
        """
        check_is_fitted(self)
        check_scalar(n_steps, "n_steps", Integral, min_val=1)
        contexts, index, columns = self._read_context(X)
        if contexts.shape[1] < self.n_context_:
            raise ValueError(
                f"The context has {contexts.shape[1]} row(s); a forecast needs at least "
                f"n_context_={self.n_context_}. Give more of the rows before the forecast."
            )
        inputs = self._read_inputs(future_inputs, len(contexts), n_steps, index)
        run = self._continue(contexts[:, -self.n_context_ :], n_steps, *inputs)
        if X is not None and np.ndim(X) == 3:
            return run
        return run[0] if index.kind == "none" else to_frame(run[0], index, columns)

    def score(self, X, y=None):
        """Return the one-step R2.

        It barely moves with the quality of the dynamics: choose settings by the scorers of
        :mod:`skchaos.metrics` instead.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets; with None the next rows of `X`.

        Returns
        -------
        float
            R2, averaged over columns.
        """
        predicted = self.predict(X)
        if y is not None:
            return r2_score(y, predicted)
        if getattr(self, "target_ndim_", 0):
            raise ValueError("The estimator was fitted with y; score(X, y) needs it too.")
        rows = read_rows(self, X, reset=False, min_rows=3)
        rows = without_inputs(rows, getattr(self, "input_columns_", ()))
        return r2_score(rows[1:], predicted[:-1])

    def _read_consecutive(self, X):
        """Return the rows of one trajectory."""
        rows = read_rows(self, X, reset=False)
        check_consecutive(X, like=TimeIndex.unpack(self.time_index_))
        return rows

    def _read_context(self, X):
        """Return contexts (n_contexts, n_rows, n_features), and index and columns to give."""
        fitted_index = TimeIndex.unpack(self.time_index_)
        if X is None:
            return self.context_[None], fitted_index, self.column_names_
        if np.ndim(X) == 3:
            return self._read_contexts(X), TimeIndex(), None
        rows = read_rows(self, X, reset=False)
        index = read_index(X, like=fitted_index)
        return rows[None], index, getattr(X, "columns", None)

    def _read_inputs(self, future_inputs, n_contexts, n_steps, index):
        """Return nothing, or future inputs (n_contexts, n_steps, n_inputs) where there are some."""
        at = getattr(self, "input_columns_", ())
        if len(at) == 0:
            if future_inputs is not None:
                raise ValueError(
                    "future_inputs are given, but no columns are inputs: fit with input_columns."
                )
            return ()
        names = np.asarray(self.column_names_)[at].tolist()
        if future_inputs is None:
            raise ValueError(
                f"The columns {names} are inputs: give future_inputs, what they are in the "
                f"{n_steps} rows to come."
            )
        if hasattr(future_inputs, "to_frame"):  # a pandas Series
            name = future_inputs.name
            future_inputs = future_inputs.to_frame(names[0] if name is None else name)
        if hasattr(future_inputs, "columns"):
            if missing := [name for name in names if name not in list(future_inputs.columns)]:
                raise ValueError(
                    f"future_inputs have no column(s) {missing}, only "
                    f"{list(future_inputs.columns)}: name them as in fit."
                )
            future_inputs = _rows_to_come(future_inputs[names], index, n_steps)
        values = check_array(
            future_inputs, dtype=np.float64, ensure_2d=False, allow_nd=True,
            ensure_all_finite=False, input_name="future_inputs",
        )  # fmt: skip
        if values.ndim == 1 and len(at) == 1:
            values = values[:, None]
        shape = (n_contexts, n_steps, len(at))
        if values.shape not in (shape, shape[1:] if n_contexts == 1 else shape):
            raise ValueError(
                f"future_inputs have shape {values.shape}; {n_steps} step(s) of {len(at)} input(s) "
                f"{names} from {n_contexts} context(s) need shape "
                f"{shape[1:] if n_contexts == 1 else shape}."
            )
        values = values.reshape(shape)
        if len(bad := np.argwhere(~np.isfinite(values[:, :-1]))):
            at_context, step, column = bad[0]
            within = f" of context {at_context}" if n_contexts > 1 else ""
            raise ValueError(
                f"future_inputs have {len(bad)} value(s) that are missing or not finite, the first "
                f"in row {step}{within}, {names[column]!r}. Only those of the last row may be so."
            )
        return (values,)

    def _read_contexts(self, X):
        contexts = check_array(X, dtype=np.float64, allow_nd=True, ensure_all_finite=False)
        if contexts.shape[2] != self.n_features_in_:
            raise ValueError(
                f"X has contexts of {contexts.shape[2]} columns, shape {contexts.shape}; the "
                f"estimator was fitted on {self.n_features_in_}: give an array of shape "
                f"(n_contexts, n_rows, {self.n_features_in_})."
            )
        bad = np.flatnonzero(~np.isfinite(contexts).all(axis=(1, 2)))
        if len(bad):
            raise ValueError(f"Context {bad[0]} of {len(contexts)} has values that are not finite.")
        return contexts


def _rows_to_come(frame: Any, index: TimeIndex, n_steps: int) -> Any:
    """Return those rows of a frame of future inputs that are of the rows to come."""
    if index.kind == "none":  # nothing says which they are
        return frame
    found, expected = frame.index, index.continued(n_steps)
    if not (found.is_unique and found.is_monotonic_increasing):
        raise ValueError(
            "The index of future_inputs is out of order or has repeats: sort_index(), and drop "
            "labels that are duplicated()."
        )
    at = index.places(found, expected)
    if (at < 0).any():
        first = expected[np.argmax(at < 0)]
        raise ValueError(
            f"future_inputs lack {(at < 0).sum()} of the {n_steps} row(s) to come, the first of "
            f"which is {first!r}: those are {_span(expected)}, and future_inputs are "
            f"{_span(found)}. Give the rows after the context, on an index like its own."
        )
    return frame.iloc[at]


def _span(labels: Any) -> str:
    return f"{labels[0]} to {labels[-1]} ({labels.dtype})" if len(labels) else "empty"


def to_frame(rows: np.ndarray, index: TimeIndex, columns: Any):
    """Return `rows` as a frame on the labels that follow `index`."""
    import pandas as pd

    return pd.DataFrame(rows, index=index.continued(len(rows)), columns=columns)
