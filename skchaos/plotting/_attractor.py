"""AttractorDisplay: the set that a free run of a model visits, beside that of the data."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from skchaos.metrics._scorers import forecaster_and_rows, known_inputs
from skchaos.plotting import _common

_ASPECT = (1.0, 1.0, 0.9)  # of a box in three dimensions


class AttractorDisplay:
    """Attractor of a model beside the true one.

    Chaos forbids that a free run follows the data for long, but it should visit the same places
    for ever after. The rows are drawn in state space: three columns in three dimensions, two in
    the plane, and a single one against itself some steps later, x(t + delay) over x(t).

    Create one with :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    X_true : ndarray of shape (n_true, n_columns)
        Consecutive rows of the data, in the one to three columns to draw.
    X_pred : ndarray of shape (n_pred, n_columns)
        Consecutive rows of a free run. It is drawn up to its first row that is not finite.
    feature_names : list of str, default=None
        Names of the columns. None is x0, x1, ...
    delay : int, default=None
        Steps between the coordinates, for a single column.
    name : str, default=None
        Name of the model. None leaves it out.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The first of `axes_`, with the data.
    axes_ : ndarray of matplotlib Axes, of shape (1,) or (2,)
        Data and free run, or one with both.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib Line2D
        Data, free run.

    See Also
    --------
    skchaos.metrics.state_space_divergence : What the picture shows, as a number.

    Examples
    --------
    >>> from skchaos.datasets import make_lorenz63
    >>> from skchaos.plotting import AttractorDisplay
    >>> X = make_lorenz63(4000, as_frame=True, random_state=0)
    >>> display = AttractorDisplay.from_predictions(X[:2000], X[2000:], columns=["x", "z"])
    >>> display.ax_.get_ylabel()
    'z'
    """

    def __init__(self, *, X_true, X_pred, feature_names=None, delay=None, name=None):
        self.X_true = X_true
        self.X_pred = X_pred
        self.feature_names = feature_names
        self.delay = delay
        self.name = name

    def plot(self, ax=None, *, name=None, **kwargs):
        """Draw both attractors.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of two, default=None
            Where to draw: two side by side, or one with the free run over the data. Three columns
            need axes made with `projection="3d"`. None makes a new figure with two.
        name : str, default=None
            Name of the model. None is the `name` given before.
        **kwargs
            For the lines, to :meth:`matplotlib.axes.Axes.plot`. By default rows are joined, unless
            the data jump by more than their standard deviation at each step, as maps do.

        Returns
        -------
        AttractorDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `ax` holds another number of axes, or axes of another projection.
        """
        _common.require_matplotlib("AttractorDisplay.plot")
        name = self.name if name is None else name
        points, labels = self._coordinates()
        n_dimensions = points[0].shape[1]
        axes = _axes(ax, n_dimensions)
        self.ax_, self.axes_, self.figure_ = axes[0], np.array(axes), axes[0].figure
        self._draw(points, name, kwargs)
        for axis in axes:
            for letter, label, limits in zip("xyz", labels, _box(points), strict=False):
                axis.set(**{f"{letter}label": label, f"{letter}lim": limits})
            if n_dimensions == 3:
                axis.locator_params(nbins=5)
                axis.set_box_aspect(_ASPECT, zoom=0.88)  # room for the label of the third axis
        return self

    def _draw(self, points, name, kwargs):
        titles = [f"data ({len(self.X_true):,} rows)", self._title(name)]
        overlaid = len(self.axes_) == 1
        styles = [{"color": "0.3"}, {"color": _common.COLORS[0]}]
        if overlaid:
            styles[0] = {"color": _common.TRUTH_COLOR}
        self.lines_ = []
        for i, (rows, title, style) in enumerate(zip(points, titles, styles, strict=True)):
            axis = self.axes_[0 if overlaid else i]
            style = _common.line_style({**style, **_texture(points[0], len(rows))}, kwargs)
            rows = _in_box(rows, _box(points)) if rows.shape[1] == 3 else rows
            self.lines_ += axis.plot(*rows.T, label=title, **style)
            if not overlaid:
                axis.set_title(title)
        if overlaid:
            _common.legend_above(self.ax_)

    def _title(self, name):
        of = "" if name is None else f" of {name}"
        n_finite = len(_finite_part(self.X_pred))
        if n_finite < len(self.X_pred):
            return f"free run{of} (not finite after {n_finite:,} steps)"
        return f"free run{of} ({n_finite:,} steps)"

    def _coordinates(self):
        """Return the points of both, (n_points, n_dimensions), and the labels of the axes."""
        series = [np.asarray(self.X_true), _finite_part(np.asarray(self.X_pred))]
        names = self.feature_names or _common.names_of(None, series[0].shape[1])
        if series[0].shape[1] > 1:
            return series, names
        k = self.delay
        embedded = [np.column_stack([rows[: max(0, len(rows) - k)], rows[k:]]) for rows in series]
        return embedded, [f"{names[0]}(t)", f"{names[0]}(t + {k} {'step' if k == 1 else 'steps'})"]

    @classmethod
    def from_estimator(
        cls, estimator, X, *, n_steps=None, columns=None, delay="auto", name=None, ax=None, **kwargs
    ):
        """Draw held-out rows and a free run that begins at the first of them.

        Parameters
        ----------
        estimator : forecaster, Pipeline that ends in one, or search object over either
            Fitted.
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows. The first `n_context_` are the context of the free run, and the others
            are drawn. In a Pipeline the picture is in the units of its last step.
        n_steps : int, default=None
            Steps of the free run. None is as many as there are rows to draw; a longer run shows
            a slow collapse.
        columns : int, str or sequence of up to three, default=None
            Positions or names of the columns to draw. None is the first three, not counting
            `input_columns`, of which a forecast is what it was given.
        delay : int or "auto", default="auto"
            Steps between the coordinates, where a single column is drawn; see
            :meth:`from_predictions`.
        name : str, default=None
            Name of the model. None is the name of its class.
        ax : matplotlib Axes or sequence of two, default=None
            See :meth:`plot`.
        **kwargs
            See :meth:`plot`.

        Returns
        -------
        AttractorDisplay
            The display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If the estimator does not forecast.
        ValueError
            If there are too few rows, `n_steps` is below 2, or there is no such column.
        """
        _common.require_matplotlib("AttractorDisplay.from_estimator")
        if n_steps is not None:
            check_scalar(n_steps, "n_steps", Integral, min_val=2)
        forecaster, X = forecaster_and_rows(estimator, X)
        n_context = forecaster.n_context_
        if len(X) < n_context + 2:
            raise ValueError(
                f"X has {len(X)} row(s); the free run needs {n_context} as its context, and at "
                f"least 2 more are drawn. Give {n_context + 2} or more."
            )
        context, X_true = (
            (X.iloc[:n_context], X.iloc[n_context:])
            if hasattr(X, "iloc")
            else (X[:n_context], X[n_context:])
        )
        n_steps = n_steps or len(X_true)
        known = known_inputs(forecaster, np.asarray(X_true), n_steps)
        return cls.from_predictions(
            X_true,
            forecaster.forecast(n_steps, X=context, **known),
            columns=_common.forecast_columns(forecaster, columns, np.shape(X)[-1], when_none=3),
            delay=delay,
            name=type(forecaster).__name__ if name is None else name,
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_predictions(
        cls, X_true, X_pred, *, columns=None, delay="auto", name=None, ax=None, **kwargs
    ):
        """Draw the rows of the data and of a free run.

        Parameters
        ----------
        X_true : array-like or DataFrame of shape (n_true, n_features) or (n_true,)
            Consecutive rows of the data.
        X_pred : array-like or DataFrame of shape (n_pred, n_features) or (n_pred,)
            Consecutive rows of a free run; their number may differ.
        columns : int, str or sequence of up to three, default=None
            Positions or names of the columns to draw. None is the first three.
        delay : int or "auto", default="auto"
            Steps between the coordinates, where a single column is drawn. "auto" is the lag at
            which the autocorrelation of the data falls below 1 - 1/e [1]_.
        name : str, default=None
            Name of the model. None leaves it out.
        ax : matplotlib Axes or sequence of two, default=None
            See :meth:`plot`.
        **kwargs
            See :meth:`plot`.

        Returns
        -------
        AttractorDisplay
            The display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `delay` is neither an integer nor "auto", or a column neither a name nor a position.
        ValueError
            If the two have other columns, there is no such column, the data are not finite, or
            `delay` is below 1 or beyond the rows.

        References
        ----------
        .. [1] M. T. Rosenstein, J. J. Collins and C. J. De Luca, Physica D 65 (1993), 117-134,
           section 3.
        """
        _common.require_matplotlib("AttractorDisplay.from_predictions")
        true_rows = _common.as_rows(X_true, "X_true")
        pred_rows = _common.as_rows(X_pred, "X_pred", finite=False)
        _common.check_same_columns(X_true, X_pred, true_rows, pred_rows)
        names = _common.names_of(X_true, true_rows.shape[1])
        chosen = _common.choose_columns(columns, names, 3, when_none=3)
        true_rows, pred_rows = true_rows[:, chosen], pred_rows[:, chosen]
        display = cls(
            X_true=true_rows,
            X_pred=pred_rows,
            feature_names=[names[i] for i in chosen],
            delay=_check_delay(delay, true_rows) if len(chosen) == 1 else None,
            name=name,
        )
        return display.plot(ax, **kwargs)


def _axes(ax, n_dimensions):
    """Return the one or two axes to draw on."""
    n_given = 2 if ax is None else np.size(ax)
    projection = {"projection": "3d"} if n_dimensions == 3 else {}
    axes = _common.panels(
        ax,
        2 if n_given != 1 else 1,
        what="data and free run side by side",
        shape=(1, 2),
        figsize=(9.0, 4.4),
        subplot_kw=projection,
    )
    for axis in axes:
        if (axis.name == "3d") != (n_dimensions == 3):
            raise ValueError(
                f"{n_dimensions} coordinates cannot be drawn on {axis.name!r} axes: make them with "
                + ('projection="3d"' if n_dimensions == 3 else "no projection")
                + f", or choose {'two' if n_dimensions == 3 else 'three'} columns."
            )
    return axes


def _texture(points, n_rows):
    """Return a line, thinner for more rows, or dots where the data jump from row to row."""
    steps = np.sqrt(np.mean(np.diff(points, axis=0) ** 2, axis=0))
    if (steps > points.std(axis=0)).any():
        return {"linestyle": "none", "marker": ".", "markersize": 2.5 if n_rows > 1000 else 4}
    return {"linewidth": 0.4 if n_rows > 3000 else 0.8}


def _finite_part(rows):
    finite = np.isfinite(rows).all(axis=1)
    return rows if finite.all() else rows[: np.argmin(finite)]


def _box(points):
    """Return the limits of each coordinate, which both attractors share."""
    return [_common.limits(*values) for values in zip(points[0].T, points[1].T, strict=True)]


def _in_box(rows, box):
    """Return `rows` with gaps where they leave the limits, beyond which 3-D axes draw on."""
    low, high = np.transpose(box)
    outside = ((rows < low) | (rows > high)).any(axis=1)
    return np.where(outside[:, None], np.nan, rows)


def _check_delay(delay, rows):
    if isinstance(delay, str) and delay == "auto":
        return _automatic_delay(rows[:, 0])
    if isinstance(delay, str):
        raise TypeError(f'delay={delay!r} must be an integer or "auto".')
    check_scalar(delay, "delay", Integral, min_val=1)
    if delay >= len(rows):
        raise ValueError(f"delay={delay} must be below the {len(rows)} rows of X_true.")
    return int(delay)


def _automatic_delay(column):
    centred = column - column.mean()
    whole = centred @ centred
    for lag in range(1, len(column) // 2):
        if centred[:-lag] @ centred[lag:] < (1 - 1 / np.e) * whole:
            return lag
    return 1
