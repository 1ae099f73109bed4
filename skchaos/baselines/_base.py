"""What all baselines share, and the simplest of them."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from skchaos._forecaster import ForecasterMixin
from skchaos._index import read_index
from skchaos._rows import column_labels, read_rows
from skchaos._series import Scaling
from skchaos._sklearn import check_is_fitted, fit_method
from skchaos._warn import warn
from skchaos.exceptions import DivergenceWarning
from skchaos.metrics import valid_prediction_time

FARTHEST_SD = 1e3  # a free run this far from the mean has left for good, and is stopped there
_MAX_TUNING_ROWS = 10_000  # at the end of the training rows; more would not change a choice
_N_TUNING_STARTS, _MAX_TUNING_STEPS = 20, 200


class BaseForecaster(ForecasterMixin, RegressorMixin, BaseEstimator):
    """What all baselines share: checks, scaling, contexts, and the loop of a free run.

    A subclass gives `_learn(rows)`, which sets `n_context_`, and three functions of standardised
    rows: `_states`, of shape (context, row, ...), the state after every row; `_step`, the next row
    from states; `_advance`, the states after one more row.
    """

    @fit_method
    def fit(self, X, y=None):
        """Fit the map from past rows to the next.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows of one trajectory.
        y : None
            Ignored; the target of a row is the next row.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError
            If the rows are not numeric and finite, or too few.
        """
        rows = read_rows(self, X, reset=True, min_rows=3)
        scaling = Scaling.of(rows)
        self.mean_, self.scale_ = scaling.mean, scaling.scale
        self.time_index_ = read_index(X).pack()
        self.column_names_ = column_labels(X, rows.shape[1])
        self._learn(scaling.apply(rows))
        self.context_ = rows[-self.n_context_ :].copy()
        return self

    def predict(self, X):
        """Predict one step ahead of every row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows of one trajectory.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Row t is the prediction of row t + 1, from row t and the rows before it; where too few
            stand before it, the first row is repeated.
        """
        check_is_fitted(self)
        rows = self._read_consecutive(X)
        states = self._states(self._scaling().apply(rows)[None])[0]
        return self._scaling().undo(self._step(states))

    def _continue(self, contexts, n_steps):
        """Return free runs; the rows after one has left (FARTHEST_SD) are inf."""
        run = self._free_run(self._final_states(self._scaling().apply(contexts)), n_steps)
        run = self._scaling().undo(run)
        _warn_if_diverged(run)
        return run

    def _free_run(
        self,
        states,  # (context, ...)
        n_steps,
    ):  # (context, step, feature), standardised; inf from where a run has left
        run = np.empty((len(states), n_steps, self.n_features_in_))
        for step in range(n_steps):
            rows = np.clip(self._step(states), -FARTHEST_SD, FARTHEST_SD)
            run[:, step] = rows
            states = self._advance(states, rows)
        has_left = (np.abs(run) >= FARTHEST_SD).any(axis=2)
        run[np.maximum.accumulate(has_left, axis=1)] = np.inf
        return run

    def _final_states(self, contexts):
        return self._states(contexts)[:, -1]

    def _scaling(self):
        return Scaling(self.mean_, self.scale_)

    def _need_rows(self, rows, n_needed, why):
        if len(rows) < n_needed:
            raise ValueError(
                f"X has {len(rows)} row(s); {type(self).__name__} needs at least {n_needed} {why}. "
                "Give more rows."
            )


class Tuning:
    """The last fifth of the training rows, to choose settings by free runs over it.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        Standardised training rows.

    Attributes
    ----------
    fitted_rows : ndarray
        Rows before, to fit candidates to.
    """

    def __init__(self, rows):
        self._rows = rows[-_MAX_TUNING_ROWS:]
        n_fitted = len(self._rows) - len(self._rows) // 5
        self.fitted_rows = self._rows[:n_fitted]
        self._n_steps = min(_MAX_TUNING_STEPS, (len(self._rows) - n_fitted) // 2)
        last = len(self._rows) - self._n_steps
        self._starts = np.linspace(n_fitted, last, _N_TUNING_STARTS).astype(int)

    def final_states(self, forecaster):
        """Return the states of a forecaster at all starts."""
        offsets = np.arange(-forecaster.n_context_, 0)
        return forecaster._final_states(self._rows[self._starts[:, None] + offsets])

    def valid_steps(self, forecaster, states):
        """Return the mean valid prediction time of free runs from the states at all starts."""
        truth = self._rows[self._starts[:, None] + np.arange(self._n_steps)]
        run = forecaster._free_run(states, self._n_steps)
        run = np.nan_to_num(run, posinf=FARTHEST_SD)
        return valid_prediction_time(truth, run, scale=1.0, average="mean")


class _OneRowForecaster(BaseForecaster):
    """A forecaster without parameters; a state is a row."""

    _parameter_constraints: ClassVar[dict] = {}

    def _learn(self, rows):
        self.n_context_ = 1

    def _states(self, rows):
        return rows

    def _advance(self, states, rows):
        return rows


class MeanForecaster(_OneRowForecaster):
    """Forecast the mean of the training rows: what any model must beat.

    Attributes
    ----------
    n_context_ : int
        Rows that a context must have: 1.
    n_features_in_ : int
        Columns of `X`.

    Examples
    --------
    >>> from skchaos.baselines import MeanForecaster
    >>> MeanForecaster().fit([[1.0], [2.0], [6.0]]).forecast(2).tolist()
    [[3.0], [3.0]]
    """

    def _step(self, states):
        return np.zeros_like(states)


class PersistenceForecaster(_OneRowForecaster):
    """Forecast the last row again and again: hard to beat over the first few steps.

    Attributes
    ----------
    n_context_ : int
        Rows that a context must have: 1.
    n_features_in_ : int
        Columns of `X`.

    Examples
    --------
    >>> from skchaos.baselines import PersistenceForecaster
    >>> PersistenceForecaster().fit([[1.0], [2.0], [6.0]]).forecast(2).round(12).tolist()
    [[6.0], [6.0]]
    """

    def _step(self, states):
        return states


def _warn_if_diverged(run):
    finite = np.isfinite(run).all(axis=(0, 2))
    if not finite.all():
        warn(
            f"A free run was {FARTHEST_SD:g} standard deviations away after "
            f"{int(np.argmin(finite))} steps; its rows from there on are inf. The map has no "
            "bounded orbit there.",
            DivergenceWarning,
        )
