"""LyapunovDisplay: Lyapunov exponents, and whether the largest has settled."""

import textwrap

import numpy as np

from skchaos._sklearn import check_is_fitted
from skchaos.plotting import _common

_KINDS = ("auto", "both", "curve", "spectrum")
_N_ERRORS = 2.0  # standard errors that are shown, about 95 %
_UNRESOLVED_HEIGHT = 0.05  # of a cross, part of the panel: at zero it would be taken for one
_MOST_NUMBERS = 4  # exponents whose values are written out
_PLUS_MINUS = "\N{NO-BREAK SPACE}\N{PLUS-MINUS SIGN}\N{NO-BREAK SPACE}"


class LyapunovDisplay:
    """Lyapunov exponents, and whether the largest has settled.

    The curve is the estimate of the largest exponent so far: from data over the length of the
    series that was used, from a model over the length of its orbits. It should have settled at the
    final value, a dashed line with a band of two standard errors: where it drifts through the band,
    or rests on a late jump, do not believe the exponent. The spectrum stands beside it. Exponents
    that the rows do not resolve are crosses at the lower edge.

    Create one with :meth:`from_estimator`.

    Parameters
    ----------
    lags, curve : ndarray of shape (n_lags,)
        The estimate so far, over the length of the series or orbits in the unit of `dt`.
    exponents, standard_errors : ndarray of shape (n_exponents,)
        Per unit of `dt`, descending; nan where not known.
    source : {"data", "model"}
        What was measured.
    data_exponent, data_standard_error : float, default=None, None
        From a model: the largest exponent of the rows that it was fitted to, and its error. None
        or nan leaves them out.
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
        The curve; None where no exponent is known, or the curve is not drawn.
    final_line_ : matplotlib Line2D or None
        The exponent; None likewise.
    band_ : matplotlib Rectangle or None
        Two standard errors on either side of it; None where there is no error.
    data_line_ : matplotlib Line2D or None
        From a model, the exponent of the rows.
    errorbar_ : matplotlib ErrorbarContainer or None
        The spectrum, with two standard errors.
    unresolved_ : matplotlib Line2D or None
        Crosses for exponents that are not known; None where all are.

    See Also
    --------
    skchaos.LyapunovSpectrum : Measures the exponents.
    DivergenceDisplay : A second opinion on the largest.

    Examples
    --------
    >>> from skchaos import LyapunovSpectrum
    >>> from skchaos.datasets import make_logistic
    >>> from skchaos.plotting import LyapunovDisplay
    >>> spectrum = LyapunovSpectrum().fit(make_logistic(2000, random_state=0))
    >>> display = LyapunovDisplay.from_estimator(spectrum)
    >>> display.ax_.get_xlabel()
    'length of the series used (steps)'
    """

    def __init__(
        self,
        *,
        lags,
        curve,
        exponents,
        standard_errors,
        source,
        data_exponent=None,
        data_standard_error=None,
        dt=1.0,
        title=None,
        name=None,
    ):
        self.lags = lags
        self.curve = curve
        self.exponents = exponents
        self.standard_errors = standard_errors
        self.source = source
        self.data_exponent = data_exponent
        self.data_standard_error = data_standard_error
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
            What to draw. "auto" is both where there are several exponents and one of them is known,
            and else the curve.
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
            some = len(self.exponents) > 1 and np.isfinite(self.exponents).any()
            kind = "both" if some else "curve"
        n_panels = 2 if kind == "both" else 1
        axes = _common.panels(
            ax,
            n_panels,
            what=f"kind={kind!r}",
            shape=(1, n_panels),
            figsize=(9.0, 4.0) if n_panels == 2 else (6.4, 4.4),
        )
        self.ax_, self.axes_, self.figure_ = axes[0], np.array(axes), axes[0].figure
        self.line_ = self.final_line_ = self.band_ = self.data_line_ = None
        self.errorbar_ = self.unresolved_ = None
        if kind != "spectrum":
            self._draw_curve(self.name if name is None else name, kwargs)
        if kind != "curve":
            self._draw_spectrum(axes[-1], kwargs if kind == "spectrum" else {})
        self._write_titles(kind)
        return self

    def _draw_curve(self, name, kwargs):
        unit = "time" if self.dt != 1 else "steps"
        of = "series used" if self.source == "data" else "orbits"
        self.ax_.set(
            xlabel=f"length of the {of} ({unit})", ylabel=self._lambda_label("max") + " so far"
        )
        if not np.isfinite(self.exponents[0]):
            self._write_nothing()
            return
        style = {"color": _common.COLORS[0], "linewidth": 2.0, "label": name or "estimate so far"}
        style = _common.line_style(style, kwargs)
        (self.line_,) = self.ax_.plot(self.lags, self.curve, zorder=3, **style)
        self._draw_final()
        self._draw_data()
        self._limit()
        self.ax_.legend()

    def _write_nothing(self):
        """Say that there is no exponent, where the curve would be."""
        self.ax_.set(xticks=[], yticks=[])
        self.ax_.text(
            0.5,
            0.5,
            "no exponent is resolved:\nnothing to show",
            ha="center",
            va="center",
            color="0.4",
            transform=self.ax_.transAxes,
        )

    def _draw_final(self):
        final, error = self.exponents[0], self.standard_errors[0]
        if np.isfinite(error) and error > 0:
            half = _N_ERRORS * error
            self.band_ = self.ax_.axhspan(
                final - half,
                final + half,
                color="0.9",
                zorder=0,
                label=f"{_N_ERRORS:g} standard errors",
            )
        self.final_line_ = self.ax_.axhline(
            final,
            color="black",
            linestyle="--",
            linewidth=1.5,
            label=rf"final $\lambda_\mathrm{{max}}$ = {self._value(0)}",
        )

    def _draw_data(self):
        if self.data_exponent is None or not np.isfinite(self.data_exponent):
            return
        value = _common.value_text(self.data_exponent, self.data_standard_error)
        self.data_line_ = self.ax_.axhline(
            self.data_exponent,
            color=_common.MARK_COLOR,
            linestyle=":",
            linewidth=2.0,
            label=f"of the rows: {value}",
        )

    def _limit(self):
        """Show where the estimate settles, not how wild it is at first."""
        later = self.curve[len(self.curve) // 2 :]
        half = _N_ERRORS * np.nan_to_num(self.standard_errors[0])
        shown = [self.exponents[0] - half, self.exponents[0] + half, *later]
        if self.data_line_ is not None:
            shown.append(self.data_exponent)
        shown = np.array(shown)
        self.ax_.set_ylim(_common.limits(shown[np.isfinite(shown)], self.curve))

    def _draw_spectrum(self, axis, kwargs):
        numbers = np.arange(1, len(self.exponents) + 1)
        style = {"color": _common.COLORS[0], "marker": "o", "markersize": 6, "linestyle": "none"}
        style = _common.line_style(style, kwargs)
        known = np.isfinite(self.exponents)
        axis.vlines(numbers[known], 0, self.exponents[known], color="0.7", linewidth=2.0, zorder=1)
        axis.axhline(0, color="black", linewidth=0.8)
        self.errorbar_ = axis.errorbar(
            numbers,
            self.exponents,
            yerr=_N_ERRORS * self.standard_errors,
            capsize=4,
            ecolor="black",
            **style,
        )
        if not known.all():
            absent = numbers[~known]
            (self.unresolved_,) = axis.plot(
                absent,
                np.full(len(absent), _UNRESOLVED_HEIGHT),
                transform=axis.get_xaxis_transform(),
                color="0.4",
                marker="x",
                linestyle="none",
                label="not resolved",
            )
            axis.legend()
        axis.set(
            xlabel="i (number of the exponent)", ylabel=self._lambda_label("i"), xticks=numbers
        )
        axis.set_xlim(0.5, len(numbers) + 0.5)

    def _write_titles(self, kind):
        lines = {axis: [] for axis in self.axes_}
        if self.title is not None:
            title = self.title.replace(" +- ", _PLUS_MINUS)
            lines[self.ax_] += textwrap.wrap(title, _common.letters_across(self.ax_))
        if kind != "curve":
            lines[self.axes_[-1]] += self._leading_exponents()
        for axis, text in lines.items():
            axis.set_title("\n".join(text), loc="left", fontsize="medium")

    def _leading_exponents(self):
        """Return lines that give the first exponents in numbers, which a long axis hides."""
        known = np.flatnonzero(np.isfinite(self.exponents))[:_MOST_NUMBERS]
        values = [rf"$\lambda_{{{i + 1}}}$ = {self._value(i)}" for i in known]
        rows = [values[i : i + 2] for i in range(0, len(values), 2)]
        return [",  ".join(row) for row in rows] + [
            f"(standard errors; bars: {_N_ERRORS:g} of them)"
        ]

    def _lambda_label(self, index):
        subscript = rf"\mathrm{{{index}}}" if len(index) > 1 else index
        return rf"$\lambda_{{{subscript}}}$ {_common.per_time(self.dt)}"

    def _value(self, i):
        return _common.value_text(self.exponents[i], self.standard_errors[i])

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
        _common.refuse_forecaster(spectrum)
        check_is_fitted(spectrum, "curve_lags_")
        display = cls(
            lags=spectrum.curve_lags_,
            curve=spectrum.curve_,
            exponents=spectrum.exponents_,
            standard_errors=spectrum.standard_errors_,
            source="model" if hasattr(spectrum, "estimator_") else "data",
            data_exponent=getattr(spectrum, "data_lambda_max_", None),
            data_standard_error=getattr(spectrum, "data_standard_error_", None),
            dt=spectrum.dt_,
            title=f"{spectrum.regime_}: {spectrum.reason_}",
            name=name,
        )
        return display.plot(ax, kind=kind, **kwargs)
