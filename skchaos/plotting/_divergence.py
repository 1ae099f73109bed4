"""DivergenceDisplay: how far neighbours are apart over the lag, as a second opinion."""

import numpy as np

from skchaos._sklearn import check_is_fitted
from skchaos.neighbors import divergence_curve
from skchaos.plotting import _common

_LABEL = "second opinion (mean divergence)"
_SHOWN = 3  # times the end of the window that are drawn: enough of the plateau to see it as one
_BEYOND = 0.25  # of the window by which lines go past it


class DivergenceDisplay:
    """Mean divergence of neighbours, a second opinion on the largest Lyapunov exponent.

    The curve is the mean logarithm of the distance of neighbouring states over the lag. Where it
    is straight, in the shaded window, its slope is the exponent. It knows nothing of the exponent
    of a spectrum, which is drawn beside it as the slope of a dashed line. Where the two do not run
    along each other, or the curve is nowhere straight, believe neither without a reason.

    Create one with :meth:`from_estimator` or :meth:`from_data`.

    Parameters
    ----------
    divergence : DivergenceCurve
        What :func:`skchaos.neighbors.divergence_curve` returned.
    dt : float, default=1.0
        Sampling interval.
    exponent : float, default=None
        Largest exponent to compare with, 1 / unit of `dt`. None or nan leaves its line out.
    standard_error : float, default=None
        Of `exponent`. None or nan leaves it out of the legend.
    name : str, default=None
        Name of the curve. None says what it is.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    line_ : matplotlib Line2D
        The curve.
    fit_line_ : matplotlib Line2D or None
        Line with the slope of the curve in the window; None where there is no window.
    exponent_line_ : matplotlib Line2D or None
        Line with the slope `exponent`; None where it, or the window, is not known.
    window_ : matplotlib Rectangle or None
        The shaded window; None where there is none.
    lyapunov_axis_ : matplotlib SecondaryAxis or None
        The axis in Lyapunov times.

    See Also
    --------
    skchaos.neighbors.divergence_curve : Measures the curve.
    LyapunovDisplay : What the first opinion was read from.

    Examples
    --------
    >>> from skchaos.datasets import make_logistic
    >>> from skchaos.plotting import DivergenceDisplay
    >>> display = DivergenceDisplay.from_data(make_logistic(2000, random_state=0))
    >>> display.ax_.get_xlabel()
    'lag (steps)'
    """

    def __init__(self, *, divergence, dt=1.0, exponent=None, standard_error=None, name=None):
        self.divergence = divergence
        self.dt = dt
        self.exponent = exponent
        self.standard_error = standard_error
        self.name = name

    def plot(self, ax=None, *, name=None, lyapunov_axis=False, **kwargs):
        """Draw the curve, its window and the slopes.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        name : str, default=None
            Name of the curve. None is the `name` given before.
        lyapunov_axis : bool, default=False
            Whether to add an axis above that counts Lyapunov times, 1 / `exponent`, in which
            systems can be compared.
        **kwargs
            For the curve, to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        DivergenceDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `ax` holds several axes, or there is no positive exponent for `lyapunov_axis`.
        """
        _common.require_matplotlib("DivergenceDisplay.plot")
        exponent = np.nan if self.exponent is None else self.exponent
        if lyapunov_axis and not exponent > 0:
            raise ValueError(
                f"lyapunov_axis=True needs a positive exponent, and it is {self.exponent}: leave "
                "lyapunov_axis=False."
            )
        (self.ax_,) = _common.panels(ax, 1, what="a divergence curve", figsize=(6.4, 4.8))
        self.figure_ = self.ax_.figure
        self.fit_line_ = self.exponent_line_ = self.window_ = None
        label = name or self.name or _LABEL
        style = {"color": _common.COLORS[0], "linewidth": 2.0, "label": label}
        found = self.divergence
        (self.line_,) = self.ax_.plot(found.lags, found.curve, **_common.line_style(style, kwargs))
        if np.isfinite(found.slope):
            self._draw_window(exponent)
        else:
            _common.draw_note(self.ax_, "no slope: no straight rise to read it from")
        self._label(exponent, lyapunov_axis)
        return self

    def _draw_window(self, exponent):
        found = self.divergence
        start, stop = found.window
        self.window_ = self.ax_.axvspan(start, stop, color="0.9", zorder=0, label="window")
        self.ax_.set_xlim(0, min(found.lags[-1], _SHOWN * stop))
        unit = _common.per_time(self.dt)
        self.fit_line_ = self._line(
            found.slope,
            color=_common.COLORS[1],
            linewidth=5.0,
            zorder=1,
            label=f"its slope in the window: {found.slope:.3g} {unit}",
        )
        if np.isfinite(exponent):
            value = _common.value_text(exponent, self.standard_error)
            self.exponent_line_ = self._line(
                exponent,
                color="black",
                linestyle="--",
                linewidth=1.5,
                label=rf"slope of $\lambda_\mathrm{{max}}$ = {value} {unit}",
            )

    def _line(self, slope, **style):
        """Draw a line of that slope through the middle of the curve in the window."""
        found = self.divergence
        start, stop = found.window
        inside = (found.lags >= start) & (found.lags <= stop) & np.isfinite(found.curve)
        middle, height = found.lags[inside].mean(), found.curve[inside].mean()
        beyond = _BEYOND * (stop - start)  # where lines that differ have parted
        ends = np.array([max(0, start - beyond), stop + beyond])
        return self.ax_.plot(ends, height + slope * (ends - middle), **style)[0]

    def _label(self, exponent, lyapunov_axis):
        found = self.divergence
        unit = "time" if self.dt != 1 else "steps"
        self.ax_.set(
            xlabel=f"lag ({unit})", ylabel="mean log distance of neighbours\n(standard deviations)"
        )
        state = "states: single rows"
        if found.n_delays > 1:
            steps = "step" if found.delay == 1 else "steps"
            state = f"states: windows of {found.n_delays} rows, {found.delay} {steps} apart"
        self.ax_.set_title(state, loc="left", fontsize="medium")
        self.ax_.legend(loc="lower right")
        self.lyapunov_axis_ = None
        if lyapunov_axis:
            self.lyapunov_axis_ = self.ax_.secondary_xaxis(
                "top", functions=(lambda x: x * exponent, lambda x: x / exponent)
            )
            self.lyapunov_axis_.set_xlabel("Lyapunov times")

    @classmethod
    def from_estimator(
        cls,
        spectrum,
        *,
        n_delays="auto",
        delay="auto",
        n_neighbors=5,
        name=None,
        lyapunov_axis=False,
        ax=None,
        **kwargs,
    ):
        """Draw the divergence of the rows that a spectrum was measured on, beside its exponent.

        Parameters
        ----------
        spectrum : LyapunovSpectrum
            Fitted to rows, without an estimator.
        n_delays, delay : int or "auto", default="auto", "auto"
            See :func:`skchaos.neighbors.divergence_curve`. "auto" measures them anew, so that the
            second opinion does not inherit the states of the first.
        n_neighbors : int, default=5
            See :func:`skchaos.neighbors.divergence_curve`.
        name : str, default=None
            Name of the curve. None says what it is.
        lyapunov_axis : bool, default=False
            See :meth:`plot`.
        ax : matplotlib Axes, default=None
            See :meth:`plot`.
        **kwargs
            See :meth:`plot`.

        Returns
        -------
        DivergenceDisplay
            The display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `spectrum` is not a LyapunovSpectrum that was fitted without an estimator.
        NotFittedError
            If it is not fitted.
        ValueError
            See :meth:`plot` and :func:`skchaos.neighbors.divergence_curve`.
        """
        _common.require_matplotlib("DivergenceDisplay.from_estimator")
        _common.refuse_forecaster(spectrum)
        check_is_fitted(spectrum, "curve_lags_")
        if not hasattr(spectrum, "rows_"):
            raise TypeError(
                "The spectrum is that of a model, and holds no rows whose neighbours could be "
                "followed: give LyapunovSpectrum(dt=...).fit(X), or compare the model's exponent "
                "with the rows by DivergenceDisplay.from_data(X, dt=spectrum.dt_, "
                "exponent=spectrum.lambda_max_)."
            )
        return cls.from_data(
            spectrum.rows_,
            dt=spectrum.dt_,
            n_delays=n_delays,
            delay=delay,
            n_neighbors=n_neighbors,
            groups=spectrum.trajectories_,
            exponent=spectrum.lambda_max_,
            standard_error=spectrum.standard_errors_[0],
            name=name,
            lyapunov_axis=lyapunov_axis,
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_data(
        cls,
        X,
        *,
        dt=1.0,
        n_delays="auto",
        delay="auto",
        n_neighbors=5,
        groups=None,
        exponent=None,
        standard_error=None,
        name=None,
        lyapunov_axis=False,
        ax=None,
        **kwargs,
    ):
        """Draw the divergence of rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features) or (n_samples,)
            Consecutive rows.
        dt : float, default=1.0
            Sampling interval in your unit of time.
        n_delays, delay : int or "auto", default="auto", "auto"
            See :func:`skchaos.neighbors.divergence_curve`.
        n_neighbors : int, default=5
            See :func:`skchaos.neighbors.divergence_curve`.
        groups : array-like of shape (n_samples,), default=None
            Trajectory label of each row.
        exponent, standard_error : float, default=None, None
            Largest exponent to compare with, and its error, 1 / unit of `dt`.
        name : str, default=None
            Name of the curve. None says what it is.
        lyapunov_axis : bool, default=False
            See :meth:`plot`.
        ax : matplotlib Axes, default=None
            See :meth:`plot`.
        **kwargs
            See :meth:`plot`.

        Returns
        -------
        DivergenceDisplay
            The display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            See :meth:`plot` and :func:`skchaos.neighbors.divergence_curve`.
        """
        _common.require_matplotlib("DivergenceDisplay.from_data")
        found = divergence_curve(
            _common.as_rows(X, "X"),
            dt=dt,
            n_delays=n_delays,
            delay=delay,
            n_neighbors=n_neighbors,
            groups=groups,
        )
        display = cls(
            divergence=found, dt=dt, exponent=exponent, standard_error=standard_error, name=name
        )
        return display.plot(ax, lyapunov_axis=lyapunov_axis, **kwargs)
