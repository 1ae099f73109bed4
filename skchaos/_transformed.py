"""TransformedForecaster: forecasts in original units through an invertible transformer."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone

from skchaos._forecaster import ForecasterMixin
from skchaos._index import read_index
from skchaos._rows import column_labels, read_rows
from skchaos._sklearn import HasMethods, check_is_fitted, fit_method, has_fit_parameter
from skchaos.neighbors._rows import trajectory_lengths

MAX_ROUND_TRIP = 0.01  # of a column's range: quantiles and power transforms are undone roughly

_NO_INPUTS = (
    "The forecaster has input_columns, which a transformer of all columns would change without "
    "being able to give them back: transform the other columns beforehand."
)


class TransformedForecaster(ForecasterMixin, RegressorMixin, BaseEstimator):
    """Forecast through an invertible transformer, and give forecasts in original units.

    A Pipeline forecasts in the units of its last step. This estimator transforms the rows, lets
    the forecaster continue the transformed series, and undoes the transformation on the way back,
    index and columns included.

    Parameters
    ----------
    forecaster : estimator with ``fit``, ``predict`` and ``forecast``
        For example :class:`ChaoticRNNRegressor`.
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
        if getattr(self.forecaster, "input_columns", None) is not None:
            raise ValueError(_NO_INPUTS)
        checked = read_rows(self, X, y, reset=True, min_rows=2)
        rows = checked if y is None else checked[0]
        self.column_names_ = column_labels(X, rows.shape[1])
        lengths = trajectory_lengths(groups, len(rows))
        self.time_index_ = read_index(X, lengths).pack()
        given = {} if groups is None else {"groups": groups}
        labelled = given if has_fit_parameter(self.transformer, "groups") else {}
        self.transformer_ = clone(self.transformer).fit(self._labelled(rows), **labelled)
        transformed = self._transform_each(rows, lengths)
        self._check_invertible(transformed, lengths)
        self.forecaster_ = clone(self.forecaster).fit(transformed, y, **given)
        if len(getattr(self.forecaster_, "input_columns_", ())):
            raise ValueError(_NO_INPUTS)
        # A transformer that looks back needs rows of its own before those of the forecaster.
        memory = getattr(self.transformer_, "n_context_", 1) - 1
        self.n_context_ = self.forecaster_.n_context_ + memory
        self.target_ndim_ = getattr(self.forecaster_, "target_ndim_", 0)
        self.context_ = rows[-min(self.n_context_, lengths[-1]) :].copy()
        # Invertible maps leave exponents as they are.
        self.dt_ = getattr(self.forecaster_, "dt_", 1.0)
        self.predictability_time_ = getattr(self.forecaster_, "predictability_time_", np.nan)
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
        predicted = self.forecaster_.predict(self._transform(self._read_consecutive(X)))
        return predicted if self.target_ndim_ else self._undo(predicted)

    def _continue(self, contexts, n_steps):
        n_contexts, n_rows, n_features = contexts.shape
        transformed = self._transform(contexts.reshape(-1, n_features))
        run = self.forecaster_.forecast(n_steps, transformed.reshape(n_contexts, n_rows, -1))
        return self._undo(run.reshape(n_contexts * n_steps, -1)).reshape(n_contexts, n_steps, -1)

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

        return pd.DataFrame(rows, columns=self.feature_names_in_)
