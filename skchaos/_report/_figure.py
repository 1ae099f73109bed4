"""The report of the main job as a picture."""

import numpy as np
import pandas as pd
from scipy.signal import welch

from skchaos._report._job import typical_start
from skchaos._report._scores import THRESHOLD
from skchaos._report._text import cells, exponent_text, in_units, predictability_text

_MOST_FORECAST_PANELS = 3
_LONGEST_SHOWN = 8  # predictability times of forecast, as in ForecastDisplay
_STEPS_SHOWN = 200  # where there is no predictability time
_LINE_COLORS = ("#0072B2", "#009E73", "#E69F00", "#56B4E9", "0.6")  # network, then baselines
_SPECTRUM_ROWS = 512  # of a segment in Welch's method
_TABLE_COLUMNS = (0, 2, 3, 4, 5)  # of the text's cells: those that fit
_TABLE_HEADER = ("", "valid\nsteps", "Lyap.\ntimes", "$D_{stsp}$", "$D_H$", "sd at\nend")


def draw(report):
    """Draw the forecast, the free run, what becomes of forecasts, the spectra and the scores.

    Parameters
    ----------
    report : Report
        What the main job found.

    Returns
    -------
    matplotlib Figure
        Not tied to any window.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    n_panels = min(report.held_out.rows.shape[1], _MOST_FORECAST_PANELS)
    style = {"axes.spines.top": False, "axes.spines.right": False, "font.size": 10}
    with rc_context(style):
        figure = Figure(figsize=(12.5, 8.8 + 1.3 * n_panels), layout="constrained")
        figure.get_layout_engine().set(h_pad=0.10, w_pad=0.08, hspace=0.03, wspace=0.03)
        heights = [1.2 + 0.8 * n_panels, 2.9, 2.7]
        top, middle, bottom = figure.add_gridspec(3, 1, height_ratios=heights)
        _title(figure, report)
        _draw_forecast(top.subgridspec(n_panels, 1), figure, report)
        middle = middle.subgridspec(1, 3, width_ratios=[1, 1, 1.15])
        _draw_attractor(middle, figure, report)
        _draw_survival(figure.add_subplot(middle[2]), report)
        left, right = bottom.subgridspec(1, 2, width_ratios=[1, 1.75])
        _draw_spectra(figure.add_subplot(left), report)
        _draw_table(figure.add_subplot(right), report)
    return figure


def _title(figure, report):
    facts = [
        f"largest Lyapunov exponent: {exponent_text(report)}",
        f"predictability time: {predictability_text(report)}",
        f"forcing interval: {in_units(report.model.forcing_interval_, 'step')}",
    ]
    n_rows = len(report.held_out.rows)
    figure.suptitle(f"{report.source.title}, {n_rows:,} rows\n{' | '.join(facts)}", fontsize=13)


def _n_steps_shown(report):
    steps = report.model.predictability_time_ / report.source.dt
    wanted = _LONGEST_SHOWN * steps if np.isfinite(steps) else _STEPS_SHOWN
    valid = np.median(report.scores[0].valid_steps)
    return int(np.clip(max(wanted, 2 * valid), 20, report.held_out.n_steps))


def _draw_forecast(cells_of_grid, figure, report):
    from skchaos.plotting import ForecastDisplay

    held_out, model = report.held_out, report.model
    n_panels, n_steps = cells_of_grid.nrows, _n_steps_shown(report)
    start = typical_start(report)
    known = held_out.starts[start]
    frame = report.source.frame
    counts_rows = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    first = max(0, known - n_steps // 3)
    axes = [figure.add_subplot(cells_of_grid[i]) for i in range(n_panels)]
    time = model.predictability_time_
    ForecastDisplay.from_predictions(
        frame.iloc[known : known + n_steps],
        report.scores[0].forecasts[start, :n_steps],
        context=frame.iloc[first:known],
        index=None if counts_rows else frame.index[first : known + n_steps],
        dt=report.source.dt,
        predictability_time=None if np.isnan(time) else time,
        columns=list(range(n_panels)),
        ax=axes,
    )
    for axis in axes[:-1]:
        axis.tick_params(labelbottom=False)
    if counts_rows:
        axes[-1].set_xlabel(f"time from the last known row ({report.source.unit})")
    # The display's legend stands above on the left.
    axes[0].set_title("a typical held-out forecast (median valid prediction time)", loc="right")


def _draw_attractor(grid, figure, report):
    from skchaos.plotting import AttractorDisplay

    frame, held_out = report.source.frame, report.held_out
    n_rows = min(len(held_out.test_rows), 4000)
    projection = "3d" if frame.shape[1] > 2 else None
    axes = [figure.add_subplot(grid[i], projection=projection) for i in range(2)]
    AttractorDisplay.from_predictions(
        frame.iloc[held_out.n_train :][:n_rows],
        report.scores[0].run[-n_rows:],
        ax=axes,
        linewidth=0.45,
    )
    n_steps = len(report.scores[0].run)
    titles = f"Held-out data ({n_rows:,} rows)", f"End of a free run of {n_steps:,} steps"
    for axis, title in zip(axes, titles, strict=True):
        axis.set_title("")  # the display's own, in the middle
        axis.set_title(title, loc="left")


def _draw_survival(axis, report):
    from skchaos.plotting._common import MARK_COLOR

    dt, steps = report.source.dt, np.arange(report.held_out.n_steps + 1)
    drawn = [score for score in report.scores if score.valid_steps is not None]
    for i, score in enumerate(drawn):
        share = (score.valid_steps[:, None] >= steps).mean(axis=0)
        style = {"linewidth": 2.4, "zorder": 3} if i == 0 else {"linewidth": 1.3}
        name = score.name.split(" (")[0].split(",")[0]
        axis.step(steps * dt, share, where="post", color=_LINE_COLORS[i], label=name, **style)
    time = report.model.predictability_time_
    if np.isfinite(time):
        axis.axvline(time, color=MARK_COLOR, linestyle="--", linewidth=1.3)
    axis.axhline(0.5, color="0.5", linewidth=0.8, linestyle=":")
    longest = max(np.percentile(score.valid_steps, 95) for score in drawn) * dt
    axis.set(
        xlim=(0, max(longest, 1.2 * time if np.isfinite(time) else dt)),
        ylim=(0, 1.02),
        xlabel=f"time ahead ({report.source.unit})",
        ylabel=f"share of starts with NRMSE <= {THRESHOLD:g}",
    )
    axis.set_title("Forecasts still valid", loc="left")
    axis.legend(fontsize=8, loc="upper right", framealpha=0.9)


def _draw_spectra(axis, report):
    from skchaos.plotting._common import COLORS, TRUTH_COLOR

    dt, run, truth = report.source.dt, report.scores[0].run, report.held_out.test_rows
    n_rows = min(_SPECTRUM_ROWS, len(truth))
    curves = [(truth, "held-out data", {"color": TRUTH_COLOR, "linewidth": 3.0})]
    if np.isfinite(run).all():
        curves.append((run, "free run", {"color": COLORS[0], "linewidth": 1.3}))
    for rows, label, style in curves:
        frequency, power = welch(rows[:, 0], fs=1 / dt, nperseg=n_rows)
        if label == "held-out data":  # a dead run must not squeeze it to a line
            axis.set_ylim(power[1:].min() / 10, power[1:].max() * 10)
        axis.semilogy(frequency[1:], power[1:], label=label, **style)
    name = report.source.frame.columns[0]
    axis.set(xlabel=f"frequency (1 / {report.source.unit})", ylabel="power")
    axis.set_title(f"Power spectrum of {name}", loc="left")
    axis.legend(fontsize=8)


def _draw_table(axis, report):
    from skchaos.plotting._common import COLORS

    axis.axis("off")
    axis.set_title("Scores on the held-out rows", loc="left")
    body = []
    for score in [*report.scores, *report.floors]:
        values = cells(score, report)
        shown = [values[i] for i in _TABLE_COLUMNS]
        body.append([score.name, *(["n/a" if score.note else v for v in shown])])
    table = axis.table(
        body, colLabels=_TABLE_HEADER, loc="center", edges="horizontal", bbox=[0, 0, 1, 1]
    )
    table.auto_set_font_size(False)
    table.set_fontsize(9.5)
    table.auto_set_column_width(range(len(_TABLE_HEADER)))
    for (row, column), cell in table.get_celld().items():
        cell.set_edgecolor("0.8")
        cell.PAD = 0.02
        cell.get_text().set_horizontalalignment("left" if column == 0 else "right")
        if row == 1:
            cell.get_text().set(weight="bold", color=COLORS[0])
        if row > len(report.scores):
            cell.get_text().set_color("0.45")
