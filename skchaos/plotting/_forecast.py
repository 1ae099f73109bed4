"""ForecastDisplay: a forecast and what came true, over time."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_scalar

from skchaos.metrics._scorers import forecaster_and_rows, known_inputs
from skchaos.plotting import _common
from skchaos.plotting._time import (
    are_dates,
    as_numbers,
    duration_text,
    horizon,
    label_dates,
    place,
    time_axis,
    to_draw,
)

MOST_PANELS = 8
_PANELS_WHEN_NONE = 4
_ROOM_FOR_LYAPUNOV_AXIS = 36  # points between panel and legend


class ForecastDisplay:
    """Forecast over time, with the truth and the predictability time.

    The predictability time ln 2 / lambda_max, in which a small error doubles, is marked by
    a vertical line, counted from the last known row.

    Create one with :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    y_true, y_pred : ndarray of shape (n_steps, n_columns)
        What came true, and the forecast.
    time : ndarray or pandas Index of shape (n_context + n_steps,)
        Times of the rows of `context` and `y_true`.
    context : ndarray of shape (n_context, n_columns)
        Rows before the forecast; there may be none.
    dt : float, default=1.0
        Sampling interval.
    predictability_time : float, default=None
        In the unit of `dt`. None draws no mark.
    feature_names : list of str, default=None
        Names of the columns. None is x0, x1, ...
    time_name : str, default="time"
        Label of the time axis.
    name : str, default=None
        Name of the model. None leaves it out.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The first of `axes_`.
    axes_ : ndarray of matplotlib Axes, of shape (n_columns,)
        One for each column.
    figure_ : matplotlib Figure
        The figure.
    context_lines_, true_lines_, lines_ : list of matplotlib Line2D
        Context (empty if there is none), truth and forecast of each column.
    predictability_lines_ : list of matplotlib Line2D
        Marks in each panel; empty where the predictability time is not finite, or beyond the
        forecast.
    lyapunov_axis_ : matplotlib SecondaryAxis or None
        The axis in Lyapunov times.

    See Also
    --------
    skchaos.metrics.valid_prediction_time : How long forecasts stay close, as a number.

    Examples
    --------
    >>> from skchaos.datasets import make_lorenz63
    >>> from skchaos.plotting import ForecastDisplay
    >>> X = make_lorenz63(300, columns="x", random_state=0)
    >>> display = ForecastDisplay.from_predictions(X, X, dt=0.01, predictability_time=0.765)
    >>> [float(line.get_xdata()[0]) for line in display.predictability_lines_]
    [0.765]
    """

    def __init__(
        self,
        *,
        y_true,
        y_pred,
        time,
        context,
        dt=1.0,
        predictability_time=None,
        feature_names=None,
        time_name="time",
        name=None,
    ):
        self.y_true = y_true
        self.y_pred = y_pred
        self.time = time
        self.context = context
        self.dt = dt
        self.predictability_time = predictability_time
        self.feature_names = feature_names
        self.time_name = time_name
        self.name = name

    def plot(self, ax=None, *, name=None, lyapunov_axis=False, **kwargs):
        """Draw context, truth and forecast, one panel for each column.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of them, default=None
            As many axes as there are columns. None makes a new figure.
        name : str, default=None
            Name of the model. None is the `name` given before.
        lyapunov_axis : bool, default=False
            Whether to add an axis above the panels that counts Lyapunov times 1 / lambda_max from
            the last known row, in which systems can be compared.
        **kwargs
            For the lines of the forecast, to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        ForecastDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `ax` holds another number of axes, or there is no predictability time for
            `lyapunov_axis`.
        """
        _common.require_matplotlib("ForecastDisplay.plot")
        n_columns = self.y_true.shape[1]
        known = self.predictability_time is not None and np.isfinite(self.predictability_time)
        if lyapunov_axis and not known:
            raise ValueError(
                f"lyapunov_axis=True needs a finite predictability time, and it is "
                f"{self.predictability_time}: leave lyapunov_axis=False."
            )
        axes = _common.panels(
            ax,
            n_columns,
            what=f"{n_columns} column(s)",
            sharex=True,
            figsize=(9.0, 1.4 + 1.5 * n_columns),
        )
        self.ax_, self.axes_, self.figure_ = axes[0], np.array(axes), axes[0].figure
        self._draw_curves(self.name if name is None else name, kwargs)
        self._draw_mark()
        self._label(lyapunov_axis)
        return self

    def _draw_curves(self, name, kwargs):
        n_context = len(self.context)
        time = to_draw(self.time)
        joined = np.concatenate([self.context[-1:], self.y_true])  # no gap after the context
        joined_time = time[max(0, n_context - 1) :]
        truth = {"color": _common.TRUTH_COLOR, "linewidth": 3.0}
        forecast = _common.line_style({"color": _common.COLORS[0], "linewidth": 1.3}, kwargs)
        names = self.feature_names or _common.names_of(None, self.y_true.shape[1])
        label = "forecast" if name is None else f"forecast of {name}"
        self.context_lines_, self.true_lines_, self.lines_ = [], [], []
        for i, axis in enumerate(self.axes_):
            if n_context:
                self.context_lines_ += axis.plot(
                    time[:n_context],
                    self.context[:, i],
                    color="black",
                    linewidth=1.0,
                    label="context",
                )
            self.true_lines_ += axis.plot(joined_time, joined[:, i], label="truth", **truth)
            self.lines_ += axis.plot(
                time[n_context:], self.y_pred[:, i], **{"label": label, **forecast}
            )
            seen = np.concatenate([self.context[:, i], self.y_true[:, i]])
            axis.set(ylabel=names[i], ylim=_common.limits(seen, self.y_pred[:, i]))

    def _draw_mark(self):
        self.predictability_lines_ = []
        if self.predictability_time is None:
            return
        if not np.isfinite(self.predictability_time):
            _common.draw_note(self.ax_, _common.why_no_mark(self.predictability_time))
            return
        at, text = self._mark()
        if at is None:
            _common.draw_note(self.ax_, f"{text}: beyond this forecast")
            return
        style = {"color": _common.MARK_COLOR, "linestyle": "--", "linewidth": 1.3}
        self.predictability_lines_ = [axis.axvline(at, label=text, **style) for axis in self.axes_]

    def _mark(self):
        """Return where the predictability time ends (None if beyond the forecast), and its text."""
        steps = self.predictability_time / self.dt
        origin, times = self._origin(), self.time[len(self.context) :]
        length = steps * ((times[-1] - origin) / len(times))
        text = f"predictability time {duration_text(length)}"
        return None if steps > len(times) else place(times, origin, steps), text

    def _origin(self):
        """Return the time of the last known row."""
        n_context = len(self.context)
        return (
            self.time[n_context - 1] if n_context else self.time[0] - (self.time[1] - self.time[0])
        )

    def _label(self, lyapunov_axis):
        last = self.axes_[-1]
        if are_dates(self.time):
            label_dates(last.xaxis, self.time.tz)
        else:
            last.set_xlabel(self.time_name)
        for axis in self.axes_:
            axis.margins(x=0.01)
        self.lyapunov_axis_ = self._second_axis() if lyapunov_axis else None
        _common.legend_above(self.ax_, _ROOM_FOR_LYAPUNOV_AXIS if lyapunov_axis else 6)

    def _second_axis(self):
        times = as_numbers(self.time)
        n_steps = len(self.y_true)
        step = (times[-1] - times[-n_steps]) / (n_steps - 1)
        first = times[-n_steps] - step
        unit = step / (self.dt * np.log(2) / self.predictability_time)  # of one Lyapunov time
        second = self.ax_.secondary_xaxis(
            "top", functions=(lambda x: (x - first) / unit, lambda x: x * unit + first)
        )
        second.set_xlabel("Lyapunov times")
        return second

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        n_steps=None,
        n_shown=None,
        columns=None,
        name=None,
        lyapunov_axis=False,
        ax=None,
        **kwargs,
    ):
        """Forecast the last rows of a series from those before them.

        Parameters
        ----------
        estimator : forecaster, Pipeline that ends in one, or search object over either
            Fitted. Its `dt` and `predictability_time_` give the mark, where it has them.
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows. The last `n_steps` are the truth and those before them the context.
            In a Pipeline the picture is in the units of its last step.
        n_steps : int, default=None
            Steps to forecast. None is eight predictability times, as far as `X` and a context
            allow; where there is no finite one, all rows after the first context.
        n_shown : int, default=None
            Rows of the context that are drawn; 0 draws none. None is half of `n_steps`.
        columns : int, str or sequence of up to eight, default=None
            Positions or names of the columns to draw. None is the first four, not counting
            `input_columns`, of which a forecast is what it was given.
        name : str, default=None
            Name of the model. None is the name of its class.
        lyapunov_axis : bool, default=False
            See :meth:`plot`.
        ax : matplotlib Axes or sequence of them, default=None
            See :meth:`plot`.
        **kwargs
            See :meth:`plot`.

        Returns
        -------
        ForecastDisplay
            The display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If the estimator does not forecast, or a number is not an integer.
        ValueError
            If there are too few rows, `n_steps` is below 2 or `n_shown` below 0, or there is no
            such column.
        """
        _common.require_matplotlib("ForecastDisplay.from_estimator")
        index = getattr(X, "index", None)
        forecaster, X = forecaster_and_rows(estimator, X)
        dt, predictability_time = _common.clock_of(forecaster)
        n_steps = horizon(n_steps, len(X), forecaster.n_context_, predictability_time, dt)
        n_shown = n_steps // 2 if n_shown is None else n_shown
        check_scalar(n_shown, "n_shown", Integral, min_val=0)
        rows = X.iloc if hasattr(X, "iloc") else X
        first = max(0, len(X) - n_steps - n_shown)
        known = known_inputs(forecaster, np.asarray(X)[len(X) - n_steps :], n_steps)
        return cls.from_predictions(
            rows[len(X) - n_steps :],
            forecaster.forecast(n_steps, X=rows[: len(X) - n_steps], **known),
            context=rows[first : len(X) - n_steps] if n_shown else None,
            index=None if index is None else index[first:],
            dt=dt,
            predictability_time=predictability_time,
            columns=_common.forecast_columns(
                forecaster, columns, np.shape(X)[-1], when_none=_PANELS_WHEN_NONE
            ),
            name=type(forecaster).__name__ if name is None else name,
            lyapunov_axis=lyapunov_axis,
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        context=None,
        index=None,
        dt=1.0,
        predictability_time=None,
        columns=None,
        name=None,
        lyapunov_axis=False,
        ax=None,
        **kwargs,
    ):
        """Draw a forecast and what came true.

        Parameters
        ----------
        y_true, y_pred : array-like or DataFrame of shape (n_steps, n_features) or (n_steps,)
            What came true, and the forecast; at least two rows. Where the forecast is not finite
            the line has a gap.
        context : array-like or DataFrame of shape (n_context, n_features) or (n_context,), \
                default=None
            Rows right before them.
        index : pandas Index or array-like of numbers or dates, default=None
            Times of the rows of `context` and `y_true`, in ascending order. None is the index of
            these, if they are frames; without one, or where it only counts rows (a RangeIndex
            without a name), time is counted in the unit of `dt` from the last row before the
            forecast, at 0.
        dt : float, default=1.0
            Sampling interval in your unit of time.
        predictability_time : float, default=None
            The time ln 2 / lambda_max in the unit of `dt`. None draws no mark.
        columns : int, str or sequence of up to eight, default=None
            Positions or names of the columns to draw. None is the first four.
        name : str, default=None
            Name of the model. None leaves it out.
        lyapunov_axis : bool, default=False
            See :meth:`plot`.
        ax : matplotlib Axes or sequence of them, default=None
            See :meth:`plot`.
        **kwargs
            See :meth:`plot`.

        Returns
        -------
        ForecastDisplay
            The display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If a number is not a number, or the index holds neither numbers nor dates.
        ValueError
            If shapes or column names differ, data are not finite, there is no such column, the
            index is of another length or not in ascending order, or a number is not positive.
        """
        _common.require_matplotlib("ForecastDisplay.from_predictions")
        check_scalar(dt, "dt", Real, min_val=0, include_boundaries="neither")
        _common.check_predictability_time(predictability_time)
        truth, forecast, past = _check_rows(y_true, y_pred, context)
        frames = [y_true] if context is None else [context, y_true]
        time, time_name = time_axis(index, frames, len(past), len(truth), dt)
        names = _common.names_of(y_true, truth.shape[1])
        chosen = _common.choose_columns(columns, names, MOST_PANELS, when_none=_PANELS_WHEN_NONE)
        display = cls(
            y_true=truth[:, chosen],
            y_pred=forecast[:, chosen],
            time=time,
            context=past[:, chosen],
            dt=float(dt),
            predictability_time=predictability_time,
            feature_names=[names[i] for i in chosen],
            time_name=time_name,
            name=name,
        )
        return display.plot(ax, lyapunov_axis=lyapunov_axis, **kwargs)


def _check_rows(y_true, y_pred, context):
    """Return truth, forecast and context as arrays of equal width."""
    truth = _common.as_rows(y_true, "y_true")
    forecast = _common.as_rows(y_pred, "y_pred", finite=False)
    _common.check_same_columns(y_true, y_pred, truth, forecast, ("y_true", "y_pred"))
    if len(truth) != len(forecast):
        raise ValueError(
            f"y_true has {len(truth)} rows and y_pred has {len(forecast)}; they must be as many."
        )
    if context is None:
        return truth, forecast, np.empty((0, truth.shape[1]))
    past = _common.as_rows(context, "context", min_rows=1)
    _common.check_same_columns(y_true, context, truth, past, ("y_true", "context"))
    return truth, forecast, past
