"""LyapunovDisplay: Lyapunov exponents, and a curve to check the largest by."""

import textwrap

import numpy as np

from skchaos._sklearn import check_is_fitted
from skchaos.plotting import _common

_KINDS = ("auto", "both", "curve", "spectrum")
_N_ERRORS = 2.0  # standard errors that are shown, about 95 %
_MOST_NUMBERS = 4  # exponents whose values are written out


class LyapunovDisplay:
    """Lyapunov exponents, and a curve to check the largest by.

    From data the curve is the mean logarithm of the distance of neighbours over the lag. Where it
    is straight, in the shaded window, it should run along the dashed line, whose slope is the
    exponent. From a model the curve is the estimate over the length of the orbits, which should
    have settled; the spectrum stands beside it.

    Create one with :meth:`from_estimator`.

    Parameters
    ----------
    lags, curve : ndarray of shape (n_lags,)
        The curve, over the lag or the length of the orbits in the unit of `dt`.
    window : ndarray of shape (2,)
        First and last lag between which the curve is straight, or that were used.
    exponents, standard_errors : ndarray of shape (n_exponents,)
        Per unit of `dt`, descending; nan where not known.
    source : {"data", "model"}
        What was measured.
    dt : float, default=1.0
        Sampling interval.
    title : str, default=None
        What is written above. None is nothing.
    name : str, default=None
        Name of the curve.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The first of `axes_`.
    axes_ : ndarray of matplotlib Axes, of shape (1,) or (2,)
        Curve, spectrum.
    figure_ : matplotlib Figure
        The figure.
    line_ : matplotlib Line2D or None
        The curve.
    slope_line_ : matplotlib Line2D or None
        From data a line whose slope is the exponent, from a model the final estimate; None where
        there is no exponent.
    window_ : matplotlib Polygon or None
        The shaded window, from data; None where it is not known.
    errorbar_ : matplotlib ErrorbarContainer or None
        The spectrum, with two standard errors.

    See Also
    --------
    skchaos.LyapunovSpectrum : Measures the exponents.

    Examples
    --------
    >>> from skchaos import LyapunovSpectrum
    >>> from skchaos.datasets import make_logistic
    >>> from skchaos.plotting import LyapunovDisplay
    >>> spectrum = LyapunovSpectrum().fit(make_logistic(2000, random_state=0))
    >>> display = LyapunovDisplay.from_estimator(spectrum)
    >>> display.ax_.get_xlabel()
    'lag (steps)'
    """

    def __init__(
        self,
        *,
        lags,
        curve,
        window,
        exponents,
        standard_errors,
        source,
        dt=1.0,
        title=None,
        name=None,
    ):
        self.lags = lags
        self.curve = curve
        self.window = window
        self.exponents = exponents
        self.standard_errors = standard_errors
        self.source = source
        self.dt = dt
        self.title = title
        self.name = name

    def plot(self, ax=None, *, kind="auto", name=None, **kwargs):
        """Draw the curve, the spectrum, or both.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of two, default=None
            Where to draw: two for both, one otherwise. None makes a new figure.
        kind : {"auto", "both", "curve", "spectrum"}, default="auto"
            What to draw. "auto" is both where there are several exponents, and else the curve.
        name : str, default=None
            Name of the curve. None is the `name` given before.
        **kwargs
            For the curve (or the markers, where only the spectrum is drawn), to
            :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        LyapunovDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `kind` is not one of these, or `ax` holds another number of axes.
        """
        _common.require_matplotlib("LyapunovDisplay.plot")
        if kind not in _KINDS:
            raise ValueError(f"kind={kind!r} is not one of {', '.join(map(repr, _KINDS))}.")
        if kind == "auto":
            kind = "both" if len(self.exponents) > 1 else "curve"
        n_panels = 2 if kind == "both" else 1
        axes = _common.panels(
            ax,
            n_panels,
            what=f"kind={kind!r}",
            shape=(1, n_panels),
            figsize=(9.0, 4.0) if n_panels == 2 else (6.4, 4.4),
        )
        self.ax_, self.axes_, self.figure_ = axes[0], np.array(axes), axes[0].figure
        self.line_ = self.slope_line_ = self.window_ = self.errorbar_ = None
        if kind != "spectrum":
            self._draw_curve(self.name if name is None else name, kwargs)
        if kind != "curve":
            self._draw_spectrum(axes[-1], kwargs if kind == "spectrum" else {})
        self._write_titles(kind)
        return self

    def _draw_curve(self, name, kwargs):
        unit = "time" if self.dt != 1 else "steps"
        from_data = self.source == "data"
        label = "mean over neighbours" if from_data else "mean over orbits so far"
        style = {"color": _common.COLORS[0], "linewidth": 2.0, "label": name or label}
        (self.line_,) = self.ax_.plot(self.lags, self.curve, **_common.line_style(style, kwargs))
        if from_data:
            self.ax_.set(xlabel=f"lag ({unit})", ylabel="log distance of neighbours, mean")
            self._draw_slope()
        else:
            self.ax_.set(xlabel=f"length of the orbits ({unit})", ylabel=self._lambda_label("max"))
            self._draw_final()
        self.ax_.legend()

    def _draw_slope(self):
        """Shade the window, and draw the line through its middle that has the exponent as slope."""
        start, stop = self.window
        if not np.isfinite([start, stop]).all():
            return
        self.window_ = self.ax_.axvspan(start, stop, color="0.9", zorder=0, label="straight part")
        inside = (self.lags >= start) & (self.lags <= stop) & np.isfinite(self.curve)
        if not (np.isfinite(self.exponents[0]) and inside.any()):
            return
        ends = np.array([start, stop])
        middle_lag, middle = self.lags[inside].mean(), self.curve[inside].mean()
        (self.slope_line_,) = self.ax_.plot(
            ends,
            middle + self.exponents[0] * (ends - middle_lag),
            color="black",
            linestyle="--",
            linewidth=1.5,
            label=rf"slope $\lambda_\mathrm{{max}}$ = {self._value(0)} (standard error)",
        )

    def _draw_final(self):
        if not np.isfinite(self.exponents[0]):
            return
        self.slope_line_ = self.ax_.axhline(
            self.exponents[0],
            color="black",
            linestyle="--",
            linewidth=1.5,
            label=rf"final $\lambda_\mathrm{{max}}$ = {self._value(0)} (standard error)",
        )

    def _draw_spectrum(self, axis, kwargs):
        numbers = np.arange(1, len(self.exponents) + 1)
        style = {"color": _common.COLORS[0], "marker": "o", "markersize": 6, "linestyle": "none"}
        style = _common.line_style(style, kwargs)
        axis.vlines(numbers, 0, self.exponents, color="0.7", linewidth=2.0, zorder=1)
        axis.axhline(0, color="black", linewidth=0.8)
        self.errorbar_ = axis.errorbar(
            numbers,
            self.exponents,
            yerr=_N_ERRORS * self.standard_errors,
            capsize=4,
            ecolor="black",
            **style,
        )
        axis.set(xlabel="i", ylabel=self._lambda_label("i"), xticks=numbers)
        axis.set_xlim(0.5, len(numbers) + 0.5)

    def _write_titles(self, kind):
        lines = {axis: [] for axis in self.axes_}
        if self.title is not None:
            lines[self.ax_] += textwrap.wrap(self.title, _common.letters_across(self.ax_))
        if kind != "curve":
            lines[self.axes_[-1]] += self._leading_exponents()
        for axis, text in lines.items():
            axis.set_title("\n".join(text), loc="left", fontsize="medium")

    def _leading_exponents(self):
        """Return lines that give the first exponents in numbers, which a long axis hides."""
        values = [rf"$\lambda_{i + 1}$ = {self._value(i)}" for i in range(len(self.exponents))]
        rows = [values[i : min(i + 2, _MOST_NUMBERS)] for i in range(0, _MOST_NUMBERS, 2)]
        written = [",  ".join(row) for row in rows if row]
        return [*written, f"(standard errors; bars: {_N_ERRORS:g} of them)"]

    def _lambda_label(self, index):
        subscript = rf"\mathrm{{{index}}}" if len(index) > 1 else index
        return rf"$\lambda_{{{subscript}}}$ " + ("(1 / time)" if self.dt != 1 else "(1 / step)")

    def _value(self, i):
        exponent, error = self.exponents[i], self.standard_errors[i]
        if not (np.isfinite(error) and error > 0):
            return f"{exponent:.3g}"
        digits = max(0, 1 - int(np.floor(np.log10(error))))
        return f"{exponent:.{digits}f} \N{PLUS-MINUS SIGN} {error:.{digits}f}"

    @classmethod
    def from_estimator(cls, spectrum, *, kind="auto", name=None, ax=None, **kwargs):
        """Draw a fitted spectrum.

        Parameters
        ----------
        spectrum : LyapunovSpectrum
            Fitted.
        kind : {"auto", "both", "curve", "spectrum"}, default="auto"
            See :meth:`plot`.
        name : str, default=None
            Name of the curve. None says what it is.
        ax : matplotlib Axes or sequence of two, default=None
            See :meth:`plot`.
        **kwargs
            See :meth:`plot`.

        Returns
        -------
        LyapunovDisplay
            The display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `spectrum` is not a LyapunovSpectrum.
        NotFittedError
            If it is not fitted.
        ValueError
            See :meth:`plot`.
        """
        _common.require_matplotlib("LyapunovDisplay.from_estimator")
        if hasattr(spectrum, "forecast"):
            raise TypeError(
                f"{type(spectrum).__name__} is a forecaster; give its spectrum: "
                "LyapunovSpectrum(FrozenEstimator(model)).fit(X)."
            )
        check_is_fitted(spectrum, "curve_lags_")
        display = cls(
            lags=spectrum.curve_lags_,
            curve=spectrum.curve_,
            window=spectrum.curve_window_,
            exponents=spectrum.exponents_,
            standard_errors=spectrum.standard_errors_,
            source="model" if hasattr(spectrum, "estimator_") else "data",
            dt=spectrum.dt_,
            title=f"{spectrum.regime_}: {spectrum.reason_}",
            name=name,
        )
        return display.plot(ax, kind=kind, **kwargs)
