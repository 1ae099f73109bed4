"""ForcingIntervalDisplay: the score over the forcing interval."""

from numbers import Real

import numpy as np
from sklearn.utils import check_scalar

from skchaos.plotting import _common
from skchaos.plotting._search import read_search

_DECADE = 10.0  # ratio of largest to smallest value beyond which the axis is logarithmic


class ForcingIntervalDisplay:
    """Score over the forcing interval, with the predictability time.

    The mean over folds or seeds is a line, and each of them a dot. The paper's figure [1]_: the
    divergence is least at intervals near the predictability time ln 2 / lambda_max or below it.

    Create one with :meth:`from_search` or :meth:`from_scores`.

    Parameters
    ----------
    intervals : ndarray of shape (n_intervals,)
        Forcing intervals in steps, ascending.
    scores : dict of str to ndarray of shape (n_intervals, n_repeats)
        Scores of each curve by its name; nan where there is none.
    auto_scores : dict of str to ndarray of shape (n_repeats,), default=None
        Scores with `forcing_interval="auto"`.
    auto_interval : int, default=None
        What "auto" came to, in steps. None where that is not known.
    predictability_time : float, default=None
        In the unit of `dt`. None draws no mark.
    dt : float, default=1.0
        Sampling interval.
    score_name : str, default="score"
        Label of the vertical axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib Line2D
        Mean of each curve.
    points_ : list of matplotlib Line2D
        Folds or seeds of each curve; empty where there is one only.
    auto_ : list of matplotlib Line2D
        Mean score with "auto" of each curve: a star, or a horizontal line where its interval is not
        known.
    predictability_line_ : matplotlib Line2D or None
        The mark.

    See Also
    --------
    skchaos.model_selection.forcing_interval_grid : Intervals to search over.

    References
    ----------
    .. [1] J. M. Mikhaeil, Z. Monfared and D. Durstewitz, "On the difficulty of learning chaotic
       dynamics with RNNs", NeurIPS 2022 (arXiv:2110.07238), figure 3.

    Examples
    --------
    >>> from skchaos.plotting import ForcingIntervalDisplay
    >>> display = ForcingIntervalDisplay.from_scores(
    ...     [5, 30, 60, 200],
    ...     [4.36, 0.0618, 0.415, 12.1],  # the paper's LSTM on Lorenz-63
    ...     predictability_time=63.0,
    ...     score_name="state space divergence",
    ... )
    >>> display.ax_.get_yscale()
    'log'
    """

    def __init__(
        self,
        *,
        intervals,
        scores,
        auto_scores=None,
        auto_interval=None,
        predictability_time=None,
        dt=1.0,
        score_name="score",
    ):
        self.intervals = intervals
        self.scores = scores
        self.auto_scores = auto_scores
        self.auto_interval = auto_interval
        self.predictability_time = predictability_time
        self.dt = dt
        self.score_name = score_name

    def plot(self, ax=None, *, name=None, **kwargs):
        """Draw the curves.

        The horizontal axis is logarithmic, and so is the vertical one where the values are positive
        and span more than a decade.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        name : str, default=None
            Name of the curve, where there is one only. None is the name it has.
        **kwargs
            For the lines, to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        ForcingIntervalDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `ax` holds several axes, or `name` is given for several curves.
        """
        _common.require_matplotlib("ForcingIntervalDisplay.plot")
        if name is not None and len(self.scores) > 1:
            raise ValueError(
                f"name={name!r}, but there are {len(self.scores)} curves, which have the names "
                f"{list(self.scores)}: leave name=None."
            )
        (self.ax_,) = _common.panels(ax, 1, what="the curves", figsize=(6.4, 4.4))
        self.figure_ = self.ax_.figure
        self.lines_, self.points_, self.auto_ = [], [], []
        for i, (label, scores) in enumerate(self.scores.items()):
            style = {
                "color": _common.COLORS[i % len(_common.COLORS)],
                "marker": _common.MARKERS[i % len(_common.MARKERS)],
                "markersize": 6,
            }
            style = _common.line_style(style, kwargs)
            self._draw_curve(label if name is None else name, scores, style)
            if self.auto_scores is not None and label in self.auto_scores:
                self._draw_auto(label, self.auto_scores[label], style["color"])
        self._draw_mark()
        self._label()
        return self

    def _draw_curve(self, label, scores, style):
        there = ~np.isnan(scores).all(axis=1)
        means = np.full(len(scores), np.nan)
        means[there] = np.nanmean(scores[there], axis=1)
        self.lines_ += self.ax_.plot(
            self.intervals[there], means[there], **{"label": label or "mean", **style}
        )
        if scores.shape[1] == 1:
            return
        dots = {"linestyle": "none", "marker": ".", "markersize": 5, "alpha": 0.5, "zorder": 1.5}
        self.points_ += self.ax_.plot(
            np.repeat(self.intervals, scores.shape[1]),
            scores.ravel(),
            color=style["color"],
            label=None if label else "single folds or seeds",
            **dots,
        )

    def _draw_auto(self, label, scores, color):
        mean = np.nanmean(scores)
        text = f"{label}, auto" if label else "auto"
        if self.auto_interval is None:
            self.auto_.append(
                self.ax_.axhline(mean, color=color, linestyle="-.", linewidth=1.2, label=text)
            )
            return
        star = {"linestyle": "none", "marker": "*", "markersize": 15, "markeredgecolor": "black"}
        text = f"{text} ({self.auto_interval} steps)"
        self.auto_ += self.ax_.plot(self.auto_interval, mean, color=color, label=text, **star)

    def _draw_mark(self):
        self.predictability_line_ = None
        if self.predictability_time is None:
            return
        if not np.isfinite(self.predictability_time):
            _common.draw_note(self.ax_, _common.why_no_mark(self.predictability_time))
            return
        steps = self.predictability_time / self.dt
        self.predictability_line_ = self.ax_.axvline(
            steps,
            color=_common.MARK_COLOR,
            linestyle="--",
            linewidth=1.3,
            label=f"predictability time ({steps:.3g} steps)",
        )

    def _label(self):
        from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

        self.ax_.set(xscale="log", xlabel="forcing interval (steps)", ylabel=self.score_name)
        self.ax_.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        self.ax_.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        self.ax_.xaxis.set_minor_locator(NullLocator())
        values = np.concatenate([np.ravel(scores) for scores in self.scores.values()])
        values = values[~np.isnan(values)]
        if len(values) and values.min() > 0 and values.max() > _DECADE * values.min():
            self.ax_.set_yscale("log")
        _common.legend_above(self.ax_)

    @classmethod
    def from_search(
        cls, search, *, metric=None, predictability_time=None, name=None, ax=None, **kwargs
    ):
        """Draw what a search over `forcing_interval` has found.

        Folds are repeats, and so are values of a `random_state` in the grid. Each combination of
        other parameters in the grid is a curve. Scores that are negated errors, in which higher is
        better, are turned back to errors.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV or the like
            Fitted, with `forcing_interval` among its parameters, under whatever prefix. "auto" is
            drawn at the interval of `best_estimator_`, if that has it, else as a horizontal line.
        metric : str, default=None
            Which of several metrics. None is the one that the search has refitted on.
        predictability_time : float, default=None
            In the unit of the estimator's `dt`. None takes it from `best_estimator_`; without one
            there is no mark.
        name : str, default=None
            Name of the curve, where there is one only.
        ax : matplotlib Axes, default=None
            See :meth:`plot`.
        **kwargs
            See :meth:`plot`.

        Returns
        -------
        ForcingIntervalDisplay
            The display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `search` is not a search.
        ValueError
            If it is not fitted, has not tried a forcing interval in steps, or there is no such
            metric.

        Warns
        -----
        UserWarning
            If candidates have no finite score; these are left out.
        """
        _common.require_matplotlib("ForcingIntervalDisplay.from_search")
        found = read_search(search, metric)
        _common.check_predictability_time(predictability_time)
        display = cls(
            intervals=found.intervals,
            scores=found.scores,
            auto_scores=found.auto_scores,
            auto_interval=found.auto_interval,
            predictability_time=found.predictability_time
            if predictability_time is None
            else predictability_time,
            dt=found.dt,
            score_name=found.score_name,
        )
        return display.plot(ax, name=name, **kwargs)

    @classmethod
    def from_scores(
        cls,
        intervals,
        scores,
        *,
        predictability_time=None,
        dt=1.0,
        score_name="score",
        name=None,
        ax=None,
        **kwargs,
    ):
        """Draw scores that you have computed.

        Parameters
        ----------
        intervals : array-like of int of shape (n_intervals,)
            Forcing intervals in steps.
        scores : array-like of shape (n_intervals,) or (n_intervals, n_repeats), or dict of these
            Scores, with folds or seeds as columns; several curves by their names.
        predictability_time : float, default=None
            The time ln 2 / lambda_max in the unit of `dt`. None draws no mark.
        dt : float, default=1.0
            Sampling interval in your unit of time.
        score_name : str, default="score"
            Label of the vertical axis.
        name : str, default=None
            Name of the curve, where there is one only.
        ax : matplotlib Axes, default=None
            See :meth:`plot`.
        **kwargs
            See :meth:`plot`.

        Returns
        -------
        ForcingIntervalDisplay
            The display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If a number is not a number.
        ValueError
            If an interval is below 1 or comes twice, or scores are infinite or of another shape.
        """
        _common.require_matplotlib("ForcingIntervalDisplay.from_scores")
        check_scalar(dt, "dt", Real, min_val=0, include_boundaries="neither")
        _common.check_predictability_time(predictability_time)
        intervals = _check_intervals(intervals)
        curves = scores if isinstance(scores, dict) else {"": scores}
        order = np.argsort(intervals)
        display = cls(
            intervals=intervals[order],
            scores={str(k): _check_scores(v, len(order))[order] for k, v in curves.items()},
            predictability_time=predictability_time,
            dt=float(dt),
            score_name=score_name,
        )
        return display.plot(ax, name=name, **kwargs)


def _check_intervals(intervals):
    intervals = np.asarray(intervals)
    if intervals.ndim != 1 or len(intervals) == 0 or intervals.dtype.kind not in "iuf":
        raise ValueError(
            f"intervals must be a list of one or more numbers of steps, and is {intervals!r}."
        )
    wrong = [step for step in intervals.tolist() if not (step >= 1 and float(step).is_integer())]
    if wrong or len(set(intervals.tolist())) < len(intervals):
        raise ValueError(
            f"intervals={intervals.tolist()} must be different whole numbers of steps, 1 or more."
        )
    return intervals.astype(int)


def _check_scores(scores, n_intervals):
    scores = np.asarray(scores, dtype=float)
    if scores.ndim not in (1, 2) or len(scores) != n_intervals or scores.size == 0:
        raise ValueError(
            f"scores have shape {scores.shape}; for {n_intervals} interval(s) they must be "
            f"({n_intervals},) or ({n_intervals}, n_repeats)."
        )
    if np.isinf(scores).any():
        raise ValueError("scores hold an infinite value; put nan where there is no score.")
    return scores.reshape(n_intervals, -1)
