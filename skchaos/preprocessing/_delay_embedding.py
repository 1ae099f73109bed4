"""DelayEmbedding: recent rows side by side, as columns."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array

from skchaos._index import TimeIndex, check_consecutive, read_index
from skchaos._rows import column_labels, read_rows
from skchaos._series import is_constant
from skchaos._sklearn import Interval, StrOptions, check_is_fitted, fit_method, input_names
from skchaos._warn import warn
from skchaos.exceptions import NoEmbeddingWarning
from skchaos.neighbors import cao_dimension, choose_delay
from skchaos.neighbors._rows import trajectory_lengths


class DelayEmbedding(TransformerMixin, BaseEstimator):
    r"""Recent rows side by side, as columns.

    Row t becomes :math:`(x_t, x_{t-\tau}, ..., x_{t-(m-1)\tau})`, newest row first, with the delay
    :math:`\tau` and the number of delays m. More of them than twice the dimension of the attractor
    stand for the unseen state of a deterministic system [1]_; often fewer do. By default the delay
    is the first minimum of the mutual information [2]_ and the number of delays that at which
    false neighbours are gone, by Cao's method [3]_.

    Parameters
    ----------
    n_delays : int or "auto", default="auto"
        Rows side by side, the present one included; the embedding dimension where `X` has one
        column. "auto" measures it. Set more where forecasts improve with them, as in noise.
    delay : int or "auto", default="auto"
        Steps between two of these rows. "auto" measures it. Set 1 for a map, or to hand all recent
        rows to a linear model.

    Attributes
    ----------
    n_delays_, delay_ : int
        Rows side by side, and steps between two of them.
    n_context_ : int
        Rows of a full window, (`n_delays_` - 1) `delay_` + 1.
    mutual_information_ : ndarray of shape (n_lags, `n_features_in_`)
        Of each column with its own past, nats; row k is a lag of k steps. Only where the delay was
        measured.
    e1_, e2_ : ndarray of shape (n_examined,)
        Cao's E1 and E2 for 1, 2, ... delays; only where the number was measured. E1 rises to 1 as
        false neighbours vanish, and the number is the first from which on it stays above .7.
        E2 is 1 throughout where the past does not tell what comes next.
    column_names_ : ndarray of shape (`n_features_in_`,)
        Column labels of the fitted frame; numbers from 0 where it was an array.
    time_index_ : ndarray of str
        How the index of the fitted frame goes on.
    n_features_in_ : int
        Columns of `X`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, where `X` has names that are all strings.

    See Also
    --------
    skchaos.neighbors.choose_delay : How the delay is measured.
    skchaos.neighbors.cao_dimension : How the number of delays is measured.

    Notes
    -----
    :class:`~skchaos.ChaoticRNNRegressor` and :class:`~skchaos.LyapunovSpectrum` have windows of
    their own, and are not helped by these.

    References
    ----------
    .. [1] F. Takens, Lecture Notes in Mathematics 898 (1981), 366-381.
    .. [2] A. M. Fraser and H. L. Swinney, Phys. Rev. A 33 (1986), 1134-1140.
    .. [3] L. Cao, Physica D 110 (1997), 43-50.

    Examples
    --------
    >>> from skchaos.datasets import make_henon
    >>> from skchaos.preprocessing import DelayEmbedding
    >>> X = make_henon(2000, columns=["x"], as_frame=True, random_state=0)
    >>> embedding = DelayEmbedding().set_output(transform="pandas").fit(X)
    >>> embedding.transform(X).columns.tolist()
    ['x_lag0', 'x_lag1']
    """

    _parameter_constraints: dict = {
        "n_delays": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "delay": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, n_delays="auto", delay="auto"):
        self.n_delays = n_delays
        self.delay = delay

    @fit_method
    def fit(self, X, y=None, *, groups=None):
        """Choose the delay and the number of delays.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        y : None
            Ignored.
        groups : array-like of shape (n_samples,), default=None
            Trajectory of each row; rows of one trajectory are contiguous.

        Returns
        -------
        self : DelayEmbedding
            Fitted transformer.

        Raises
        ------
        ValueError
            If the rows are not numeric and finite, fewer than a window or too few to measure one, a
            column is constant, or the index of a frame has holes or is not in order.

        Warns
        -----
        NoEmbeddingWarning
            If no number of delays was found that determines what comes next.
        """
        rows = read_rows(self, X, reset=True, min_rows=2)
        lengths = trajectory_lengths(groups, len(rows))
        self.time_index_ = read_index(X, lengths).pack()
        self.column_names_ = column_labels(X, rows.shape[1])
        _check_varies(rows, self.column_names_)
        _check_holds_window(max(lengths), self.n_delays, self.delay)
        for name in ("mutual_information_", "e1_", "e2_"):  # of an earlier fit
            vars(self).pop(name, None)
        self._choose(rows, np.repeat(np.arange(len(lengths)), lengths))
        _check_holds_window(max(lengths), self.n_delays_, self.delay_)
        self.n_context_ = (self.n_delays_ - 1) * self.delay_ + 1
        return self

    def _choose(self, rows, trajectories):
        self.delay_, self.n_delays_ = self.delay, self.n_delays
        if self.delay == "auto" and self.n_delays != 1:
            choice = choose_delay(rows, groups=trajectories)
            self.delay_, self.mutual_information_ = choice.delay, choice.mutual_information
        elif self.delay == "auto":
            self.delay_ = 1  # of no consequence for a single row
        if self.n_delays == "auto":
            found = cao_dimension(rows, delay=self.delay_, groups=trajectories)
            self.n_delays_, self.e1_, self.e2_ = found.n_delays, found.e1, found.e2
            if found.verdict != "determined":
                warn(
                    f"n_delays_={self.n_delays_} at delay_={self.delay_} may not determine what "
                    f"comes next: {found.reason}. See e1_ and e2_; give more rows, or set n_delays "
                    "and delay by how well you forecast with them.",
                    NoEmbeddingWarning,
                )

    def fit_transform(self, X, y=None, *, groups=None):
        """Choose the delay and the number of delays, and embed the same rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        y : None
            Ignored.
        groups : array-like of shape (n_samples,), default=None
            Trajectory of each row; rows of one trajectory are contiguous.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, `n_delays_` * n_features)
            As from :meth:`transform`.
        """
        return self.fit(X, groups=groups).transform(X, groups=groups)

    def transform(self, X, *, groups=None):
        """Put the recent rows of each row side by side.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows.
        groups : array-like of shape (n_samples,), default=None
            Trajectory of each row; no window reaches across.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, `n_delays_` * n_features)
            All columns of the row itself, then all of the row `delay_` steps before, and so on.
            Before the first row of a trajectory stands the first row again: only from row
            `n_context_` - 1 on is a window whole. Row t never depends on later rows.

        Raises
        ------
        ValueError
            If the rows are not numeric and finite, have other columns or another time step than the
            fitted ones, or holes in their index.
        """
        check_is_fitted(self)
        rows = read_rows(self, X, reset=False)
        lengths = trajectory_lengths(groups, len(rows))
        like = TimeIndex.unpack(self.time_index_)
        if groups is None:
            check_consecutive(X, like=like)
        else:
            read_index(X, lengths, like=like)
        first = np.repeat(np.cumsum([0, *lengths[:-1]]), lengths)
        lags = self.delay_ * np.arange(self.n_delays_)
        at = np.maximum(np.arange(len(rows))[:, None] - lags, first[:, None])
        return rows[at].reshape(len(rows), -1)

    def inverse_transform(self, X):
        """Return the newest of the rows that stand side by side.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, `n_delays_` * n_features)
            Embedded rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Exactly the rows that were embedded.

        Raises
        ------
        ValueError
            If `X` has another number of columns than embedded rows.
        """
        check_is_fitted(self)
        embedded = check_array(X, ensure_all_finite=False)
        n_columns = self.n_delays_ * self.n_features_in_
        if embedded.shape[1] != n_columns:
            raise ValueError(
                f"X has {embedded.shape[1]} column(s), but embedded rows have {n_columns}, "
                f"n_delays_={self.n_delays_} times {self.n_features_in_}: give what transform "
                "returns."
            )
        return embedded[:, : self.n_features_in_].copy()

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns, such as ``x_lag0`` and ``x_lag7``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of `X`; with None those of the fitted frame, or x0, x1, ...

        Returns
        -------
        ndarray of str, shape (`n_delays_` * n_features,)
            The name of a column and how many steps before the present one its row is.
        """
        check_is_fitted(self)
        names = input_names(self, input_features)
        lags = self.delay_ * np.arange(self.n_delays_)
        return np.array([f"{name}_lag{lag}" for lag in lags for name in names], dtype=object)


def _check_varies(rows, labels):
    constant = np.flatnonzero(is_constant(rows))
    if len(constant):
        raise ValueError(
            f"Column(s) {labels[constant].tolist()} are constant (value "
            f"{rows[0, constant[0]]:.6g}) in the fitted rows, and tell nothing: "
            "drop the column(s)."
        )


def _check_holds_window(longest, n_delays, delay):
    """Raise where no trajectory holds a window, as far as it is known."""
    shortest = 1 if delay == "auto" else delay
    span = 1 if n_delays == "auto" else (n_delays - 1) * shortest + 1
    if longest < span:
        raise ValueError(
            f"X has {longest} row(s) in its longest trajectory, but a window of n_delays="
            f"{n_delays} rows, {shortest} step(s) apart, spans {span}: give at least {span} rows, "
            "or a smaller n_delays or delay."
        )
