"""TransformedForecaster: forecasts in original units through an invertible transformer."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone

from skchaos._forecaster import ForecasterMixin
from skchaos._index import read_index
from skchaos._rows import column_labels, column_positions, read_rows, without_inputs
from skchaos._series import joined
from skchaos._sklearn import HasMethods, check_is_fitted, fit_method, has_fit_parameter
from skchaos.neighbors._rows import trajectory_lengths

MAX_ROUND_TRIP = 0.01  # of a column's range: quantiles and power transforms are undone roughly


class TransformedForecaster(ForecasterMixin, RegressorMixin, BaseEstimator):
    """Forecast through an invertible transformer, and give forecasts in original units.

    A Pipeline forecasts in the units of its last step. This estimator transforms the rows, lets
    the forecaster continue the transformed series, and undoes the transformation on the way back,
    index and columns included. Columns that are inputs of the forecaster are not transformed.

    Parameters
    ----------
    forecaster : estimator with ``fit``, ``predict`` and ``forecast``
        :class:`ChaoticRNNRegressor`, for example, or
        :class:`~skchaos.model_selection.ChaoticRNNRegressorCV`. Their `input_columns` are columns
        of `X`.
    transformer : transformer with ``inverse_transform``
        Acts row by row, for example PowerTransformer, PCA or FunctionTransformer(np.log, np.exp),
        or is a :class:`~skchaos.preprocessing.DelayEmbedding`.

    Attributes
    ----------
    forecaster_, transformer_ : estimators
        Fitted clones.
    n_context_ : int
        Rows that a context must have.
    context_ : ndarray of shape (`n_context_`, `n_features_in_`)
        Last training rows, from which a forecast goes on.
    dt_, predictability_time_ : float
        Those of the forecaster; nan where it has no predictability time.
    column_names_ : ndarray of shape (`n_features_in_`,)
        Column labels of the training frame; numbers from 0 where it was an array.
    input_columns_ : ndarray of shape (n_inputs,)
        Positions of the columns of `X` that are inputs.
    time_index_ : ndarray of str
        How the index of the training frame goes on.
    target_ndim_ : int
        Number of axes of `y`; 0 where it was not given, or the forecaster takes none.
    n_features_in_ : int
        Columns of `X`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, where `X` has names that are all strings.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from skchaos import ChaoticRNNRegressor, TransformedForecaster
    >>> from skchaos.datasets import make_logistic
    >>> X = make_logistic(400, random_state=0) + 1
    >>> log = FunctionTransformer(np.log, np.exp)
    >>> model = TransformedForecaster(ChaoticRNNRegressor(max_iter=20, random_state=0), log)
    >>> bool((model.fit(X).forecast(5) > 0).all())
    True
    """

    _parameter_constraints: dict = {
        "forecaster": [HasMethods(["fit", "predict", "forecast"])],
        "transformer": [HasMethods(["fit", "transform", "inverse_transform"])],
    }

    def __init__(self, forecaster, transformer):
        self.forecaster = forecaster
        self.transformer = transformer

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # scikit-learn tests with a handful of updates on rows without any order in time.
        tags.regressor_tags.poor_score = True
        return tags

    @fit_method
    def fit(self, X, y=None, *, groups=None):
        """Fit the transformer, then the forecaster on the transformed rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Target of each row, for a forecaster that takes one; it is not transformed. With None
            the target of a row is the next row.
        groups : array-like of shape (n_samples,), default=None
            Trajectory of each row.

        Returns
        -------
        self : TransformedForecaster
            Fitted estimator.

        Raises
        ------
        ValueError
            If the transformer or the forecaster refuse the rows, their index has holes, or the
            transformer cannot undo what it does.
        """
        checked = read_rows(self, X, y, reset=True, min_rows=2)
        rows = checked if y is None else checked[0]
        self.column_names_ = column_labels(X, rows.shape[1])
        inputs_of, wanted = _input_parameter(self.forecaster)
        self.input_columns_ = column_positions(self.column_names_, wanted)
        lengths = trajectory_lengths(groups, len(rows))
        self.time_index_ = read_index(X, lengths).pack()
        given = {} if groups is None else {"groups": groups}
        labelled = given if has_fit_parameter(self.transformer, "groups") else {}
        moved = without_inputs(rows, self.input_columns_)
        self.transformer_ = clone(self.transformer).fit(self._labelled(moved), **labelled)
        transformed = self._transform_each(moved, lengths)
        self._check_invertible(transformed, lengths)
        forecaster, inward = clone(self.forecaster), self._with_inputs(transformed, rows)
        at = list(range(transformed.shape[1], inward.shape[1]))  # of inputs there
        if at:
            forecaster.set_params(**{inputs_of: at})
        self.forecaster_ = forecaster.fit(inward, y, **given)
        fitted = getattr(self.forecaster_, "best_estimator_", self.forecaster_)  # of a search
        if list(getattr(fitted, "input_columns_", ())) != at:
            raise ValueError(
                f"forecaster={self.forecaster!r} has inputs that no parameter of it names, such as "
                "one that is fitted already: give it unfitted, with input_columns."
            )
        # A transformer that looks back needs rows of its own before those of the forecaster.
        memory = getattr(self.transformer_, "n_context_", 1) - 1
        self.n_context_ = fitted.n_context_ + memory
        self.target_ndim_ = getattr(fitted, "target_ndim_", 0)
        self.context_ = rows[-min(self.n_context_, lengths[-1]) :].copy()
        # Invertible maps leave exponents as they are.
        self.dt_ = getattr(fitted, "dt_", 1.0)
        self.predictability_time_ = getattr(fitted, "predictability_time_", np.nan)
        return self

    def _check_invertible(self, transformed, lengths):
        """Raise where rows that went back and forth are not what they were.

        A transformer that drops directions, such as PCA, does not give the rows back, but what it
        gives back it transforms to the same again.
        """
        if not np.isfinite(transformed).all():
            raise ValueError(
                f"transformer={self.transformer!r} makes {(~np.isfinite(transformed)).sum()} "
                "value(s) that are not finite, from rows that are: is it a logarithm of values "
                "that are not positive?"
            )
        with np.errstate(all="ignore"):
            again = self._transform_each(self._undo(transformed), lengths)
        error = np.abs(again - transformed).max(axis=0)
        if not (error <= MAX_ROUND_TRIP * np.ptp(transformed, axis=0)).all():
            raise ValueError(
                f"transformer={self.transformer!r} has an inverse_transform that does not undo its "
                "transform, so that forecasts would not be in original units. Give both, e.g. "
                "FunctionTransformer(np.log, np.exp)."
            )

    def predict(self, X):
        """Predict one step ahead of every row, in original units.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features), or that of `y` in :meth:`fit`
            Row t is the prediction of row t + 1, or of the target of row t.
        """
        check_is_fitted(self)
        predicted = self.forecaster_.predict(self._inward(self._read_consecutive(X)))
        return predicted if self.target_ndim_ else self._undo(predicted)

    def _continue(self, contexts, n_steps, future_inputs=None):
        n_contexts, n_rows, n_features = contexts.shape
        inward = self._inward(contexts.reshape(-1, n_features)).reshape(n_contexts, n_rows, -1)
        at = self.input_columns_
        given = {"future_inputs": future_inputs} if len(at) else {}
        run = self.forecaster_.forecast(n_steps, inward, **given)
        run = run[..., : run.shape[-1] - len(at)]
        run = self._undo(run.reshape(n_contexts * n_steps, -1)).reshape(n_contexts, n_steps, -1)
        return joined(run, future_inputs, at) if len(at) else run

    @property
    def _is_random(self):
        """Whether a free run is one of many, by the noise that it carries."""
        fitted = getattr(self.forecaster_, "best_estimator_", self.forecaster_)
        return getattr(fitted, "_is_random", False)

    def _inward(self, rows):
        """Return rows as the forecaster takes them."""
        moved = without_inputs(rows, self.input_columns_)
        return self._with_inputs(self._transform(moved), rows)

    def _with_inputs(self, transformed, rows):
        return np.column_stack([transformed, rows[:, self.input_columns_]])

    def _transform_each(self, rows, lengths):
        """Transform trajectories one by one, as a transformer that looks back must."""
        pieces = np.split(rows, np.cumsum(lengths)[:-1])
        return np.concatenate([self._transform(piece) for piece in pieces])

    def _transform(self, rows):
        return np.asarray(self.transformer_.transform(self._labelled(rows)))

    def _undo(self, rows):
        return np.asarray(self.transformer_.inverse_transform(rows))

    def _labelled(self, rows):
        """Return a frame where the training rows had names, which a transformer may need."""
        if not hasattr(self, "feature_names_in_"):
            return rows
        import pandas as pd

        names = np.delete(self.feature_names_in_, self.input_columns_)
        return pd.DataFrame(rows, columns=names)


def _input_parameter(forecaster):
    """Return the parameter that names inputs, also of an estimator within, and its value."""
    for name, value in forecaster.get_params().items():
        if name.rpartition("__")[2] == "input_columns" and value is not None:
            return name, value
    return None, None
