"""What the displays share: matplotlib on demand, panels, colours, columns and limits."""

from importlib.util import find_spec
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array, check_scalar

# Colours of Okabe & Ito (2008), which people with any kind of colour vision tell apart, in an order
# in which neighbours also differ in lightness. Data are grey, so that they differ in print too.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000")
MARKERS = "osD^vPX"
TRUTH_COLOR = "0.65"
MARK_COLOR = "#D55E00"
_ROOM = 0.25  # part of the truth's range by which limits may grow for the sake of a forecast
_LETTERS_PER_INCH = 13  # in matplotlib's default font
_LETTERS_PER_HANDLE = 8
_MARGIN = 0.05  # part of the range left free around the curves, as in matplotlib


def require_matplotlib(caller):
    """Raise an ImportError that says what to install, where matplotlib is missing."""
    if find_spec("matplotlib") is None:
        raise ImportError(f'{caller} needs matplotlib: pip install "skchaos[plot]".')


def line_style(default, given):
    """Return keywords of a line: `default` unless `given`, by whatever alias."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return {**normalize_kwargs(default, Line2D), **normalize_kwargs(given, Line2D)}


def panels(ax, n_panels, *, what, shape=None, **subplots):
    """Return `n_panels` axes: those in `ax`, or of a new figure where it is None.

    Parameters
    ----------
    ax : Axes, array-like of Axes, or None
        What the user gave.
    n_panels : int
        Axes needed.
    what : str
        What they are for, in the error.
    shape : tuple of int, optional
        Rows and columns of panels in a new figure.
    **subplots
        For :func:`matplotlib.pyplot.subplots`.

    Raises
    ------
    ValueError
        If another number of axes was given.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        shape = shape or (n_panels, 1)
        _, ax = plt.subplots(*shape, layout="constrained", **subplots)
    axes = list(np.ravel(ax))
    if len(axes) != n_panels:
        raise ValueError(
            f"ax holds {len(axes)} axes, but {what} need(s) {n_panels}: give as many, or leave "
            "ax=None for a new figure."
        )
    return axes


def as_rows(X, name, *, finite=True, min_rows=2):
    """Return `X` as a float64 array of shape (n_rows, n_columns); a single column may be 1-D."""
    X = X.to_frame() if hasattr(X, "to_frame") and not hasattr(X, "columns") else X
    X = np.asarray(X)[:, None] if np.ndim(X) == 1 else X
    return check_array(
        X, dtype=np.float64, ensure_min_samples=min_rows, ensure_all_finite=finite, input_name=name
    )


def names_of(X, n_features):
    """Return the column names of a frame, the name of a series, else x0, x1, ..."""
    if hasattr(X, "columns"):
        return [str(name) for name in X.columns]
    if getattr(X, "name", None) is not None:
        return [str(X.name)]
    return [f"x{i}" for i in range(n_features)]


def check_same_columns(X_true, X_pred, true_rows, pred_rows, labels=("X_true", "X_pred")):
    """Raise a ValueError unless both have the same columns, in number and, if named, in name."""
    if true_rows.shape[1] != pred_rows.shape[1]:
        raise ValueError(
            f"{labels[0]} has {true_rows.shape[1]} column(s) and {labels[1]} has "
            f"{pred_rows.shape[1]}; they must describe the same columns."
        )
    if not (hasattr(X_true, "columns") and hasattr(X_pred, "columns")):
        return
    if list(X_true.columns) != list(X_pred.columns):
        raise ValueError(
            f"The columns of {labels[0]} are {list(X_true.columns)} and those of {labels[1]} are "
            f"{list(X_pred.columns)}; reorder or rename one of the frames."
        )


def forecast_columns(forecaster, columns, n_columns, *, when_none):
    """Return `columns`, or where they are None the first that the forecaster is not given."""
    given = getattr(forecaster, "input_columns_", ())
    if columns is not None or len(given) == 0:
        return columns
    return [i for i in range(n_columns) if i not in given][:when_none]


def choose_columns(columns, names, most, *, when_none):
    """Return the positions of the columns to draw.

    Parameters
    ----------
    columns : int, str, sequence of these, or None
        Positions or names.
    names : list of str
        All columns.
    most : int
        Columns that can be drawn.
    when_none : int
        How many of the first columns None stands for.

    Raises
    ------
    ValueError
        If a column does not exist, comes twice, or there are none or too many.
    TypeError
        If one is neither a position nor a name.
    """
    if columns is None:
        return list(range(min(when_none, len(names))))
    wanted = [columns] if isinstance(columns, str | Integral) else list(columns)
    positions = [_position(column, names) for column in wanted]
    if not 1 <= len(positions) <= most or len(set(positions)) < len(positions):
        raise ValueError(
            f"columns={columns!r} chooses {len(positions)} column(s); choose 1 to {most} different "
            "ones."
        )
    return positions


def _position(column, names):
    if isinstance(column, str):
        if column not in names:
            raise ValueError(f"columns holds {column!r}, which is not one of {names}.")
        return names.index(column)
    if isinstance(column, bool) or not isinstance(column, Integral):
        raise TypeError(f"columns holds {column!r}; give names (str) or positions (int).")
    if not 0 <= column < len(names):
        raise ValueError(f"columns holds {column}, but positions go from 0 to {len(names) - 1}.")
    return int(column)


def limits(truth, forecast):
    """Return a lower and an upper limit that show all of the truth and what is near it.

    A forecast that runs away must not squeeze the truth to a dot: limits grow for its sake by at
    most half of the truth's range.
    """
    low, high = truth.min(), truth.max()
    extent = high - low or max(abs(high), 1.0)
    finite = forecast[np.isfinite(forecast)]
    if len(finite):
        low_forecast = max(finite.min(), low - _ROOM * extent)
        high_forecast = min(finite.max(), high + _ROOM * extent)
        low, high = min(low, low_forecast), max(high, high_forecast)
    return low - _MARGIN * extent, high + _MARGIN * extent


def clock_of(forecaster):
    """Return the sampling interval and the predictability time that a forecaster knows.

    They are 1.0 and None for one, such as a baseline, that has neither.
    """
    part = forecaster
    while not hasattr(part, "dt_") and hasattr(part, "forecaster"):  # one that is not fitted
        part = part.forecaster
    dt = getattr(part, "dt_", getattr(part, "dt", 1.0))
    return float(dt), getattr(forecaster, "predictability_time_", None)


def check_predictability_time(predictability_time):
    """Raise an error unless it is None, a positive number (also inf), or nan for not known."""
    if predictability_time is None:
        return
    check_scalar(predictability_time, "predictability_time", Real)
    if predictability_time <= 0:
        raise ValueError(
            f"predictability_time={predictability_time} must be positive; it is inf where the "
            "exponent is not."
        )


def why_no_mark(predictability_time):
    """Return the text that stands for a predictability time which is inf or nan."""
    if np.isnan(predictability_time):
        return "predictability time: not known"
    return "predictability time: infinite (no positive exponent)"


def draw_note(ax, text):
    """Add `text` to what the legend of `ax` will hold, without a line."""
    return ax.plot([], [], linestyle="none", label=text)[0]


def refuse_forecaster(spectrum):
    """Raise a TypeError where a forecaster was given in place of its spectrum."""
    if hasattr(spectrum, "forecast"):
        raise TypeError(
            f"{type(spectrum).__name__} is a forecaster; give its spectrum: "
            "LyapunovSpectrum(FrozenEstimator(model)).fit(X)."
        )


def per_time(dt):
    """Return the unit of an exponent."""
    return "(1 / time)" if dt != 1 else "(1 / step)"


def value_text(value, error):
    """Return a value and its standard error, with the digits that the error leaves."""
    if error is None or not (np.isfinite(error) and error > 0):
        return f"{value:.3g}"
    digits = max(0, 1 - int(np.floor(np.log10(error))))
    return f"{value:.{digits}f} \N{PLUS-MINUS SIGN} {error:.{digits}f}"


def letters_across(axis):
    """Return about how many letters fit side by side over `axis`."""
    return int(axis.get_position().width * axis.figure.get_figwidth() * _LETTERS_PER_INCH)


def legend_above(axis, points=6):
    """Put the legend above `axis`, `points` away from it, where it covers nothing."""
    from matplotlib.transforms import ScaledTranslation

    shift = ScaledTranslation(0, points / 72, axis.figure.dpi_scale_trans)
    entries = axis.get_legend_handles_labels()[1]
    letters = sum(len(entry) + _LETTERS_PER_HANDLE for entry in entries)
    axis.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        bbox_transform=axis.transAxes + shift,
        borderaxespad=0,
        ncols=len(entries) if letters < letters_across(axis) else 2,
        frameon=False,
    )
