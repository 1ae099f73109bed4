"""TransformedForecaster: forecasts in original units through an invertible transformer."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.metrics import r2_score

from skchaos._sklearn import HasMethods, check_is_fitted, fit_context, validate_data


class TransformedForecaster(RegressorMixin, BaseEstimator):
    """Forecast through an invertible transformer, and give forecasts in original units.

    A Pipeline forecasts in the units of its last step. This estimator transforms the rows, lets
    the forecaster continue the transformed series, and undoes the transformation on the way back,
    index and columns included.

    Parameters
    ----------
    forecaster : estimator with ``fit``, ``predict`` and ``forecast``
        For example :class:`ChaoticRNNRegressor`.
    transformer : transformer with ``inverse_transform``
        Acts row by row, for example PowerTransformer, PCA or FunctionTransformer(np.log, np.exp).

    Attributes
    ----------
    forecaster_, transformer_ : estimators
        Fitted clones.
    n_context_ : int
        Rows that a context must have.
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
        tags.target_tags.required = False
        # scikit-learn tests with a handful of updates on rows without any order in time.
        tags.regressor_tags.poor_score = True
        return tags

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, *, groups=None):
        """Fit the transformer, then the forecaster on the transformed rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        y : None
            Ignored; the target of a row is the next row.
        groups : array-like of shape (n_samples,), default=None
            Trajectory of each row.

        Returns
        -------
        self : TransformedForecaster
            Fitted estimator.
        """
        rows = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self.transformer_ = clone(self.transformer).fit(_like(X, rows))
        self.forecaster_ = clone(self.forecaster).fit(self._transform(X, rows), groups=groups)
        self.column_names_ = np.asarray(getattr(X, "columns", np.arange(rows.shape[1])))
        self.n_context_ = self.forecaster_.n_context_
        return self

    def predict(self, X):
        """Predict one step ahead of every row, in original units.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Row t is the prediction of row t + 1.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        return self._undo(self.forecaster_.predict(self._transform(X, rows)))

    def score(self, X, y=None):
        """Return the one-step R2 in original units.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        y : None
            Ignored; the target of a row is the next row.

        Returns
        -------
        float
            R2, averaged over columns.
        """
        predicted = self.predict(X)
        rows = validate_data(self, X, dtype=np.float64, reset=False, ensure_min_samples=3)
        return r2_score(rows[1:], predicted[:-1])

    def forecast(self, n_steps, X=None):
        """Continue a series by a free run, in original units.

        Parameters
        ----------
        n_steps : int
            Steps to go.
        X : array-like or DataFrame, default=None
            Context in original units, at least `n_context_` rows; a 3-D array of shape
            (n_contexts, n_rows, n_features) begins many forecasts at once. None continues the
            training series.

        Returns
        -------
        DataFrame or ndarray of shape (n_steps, n_features)
            A frame on the continued index where the context, or the training series, is one. For
            many contexts an array of shape (n_contexts, n_steps, n_features).
        """
        check_is_fitted(self)
        if X is not None and np.ndim(X) == 3:
            contexts = np.asarray(X, dtype=np.float64)
            flat = self._transform(None, contexts.reshape(-1, contexts.shape[2]))
            run = self.forecaster_.forecast(n_steps, flat.reshape(*contexts.shape[:2], -1))
            return self._undo(run.reshape(-1, run.shape[2])).reshape(*run.shape[:2], -1)
        if X is not None:
            X = self._transform(X, validate_data(self, X, dtype=np.float64, reset=False))
        return self._undo(self.forecaster_.forecast(n_steps, X))

    def _transform(self, X, rows):
        """Transform `rows`; where `X` is a frame the result is one on the same index."""
        transformed = self.transformer_.transform(_like(X, rows))
        if not hasattr(X, "columns") or hasattr(transformed, "columns"):
            return transformed
        import pandas as pd

        n_columns = np.shape(transformed)[1]
        same = n_columns == rows.shape[1]
        columns = X.columns if same else [f"transformed{i}" for i in range(n_columns)]
        return pd.DataFrame(np.asarray(transformed), index=X.index, columns=columns)

    def _undo(self, run):
        rows = np.asarray(self.transformer_.inverse_transform(np.asarray(run)))
        if not hasattr(run, "columns"):
            return rows
        import pandas as pd

        return pd.DataFrame(rows, index=run.index, columns=self.column_names_)


def _like(X, rows):
    """Return `X` itself where it is a frame, whose names a transformer may need, else `rows`."""
    return X if hasattr(X, "columns") else rows
