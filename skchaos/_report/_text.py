"""The report of the main job as aligned text."""

import numpy as np

from skchaos._report._scores import THRESHOLD

_OWN_UNITS = {"step", "time unit", "day", "hour", "minute", "second"}  # which take a plural s
# Of the data's standard deviation: where a free run counts as dead. One that lives keeps nearly
# all of it, one on a fixed point or a cycle a third or none (benchmarks/results).
DEAD = 0.5
_COLUMNS = ("", "valid prediction", "quartiles", "Lyapunov", "D_stsp", "D_H", "sd at", "fit")
_UNITS = ("held out", "time (steps)", "", "times", "", "", "end", "(s)")


def render(report):
    """Return the report as text of several lines.

    Parameters
    ----------
    report : Report
        What the main job found.

    Returns
    -------
    str
        Ends without a line break.
    """
    parts = [_heading(report), _facts(report), _table(report), _legend(report), _verdict(report)]
    return "\n\n".join("\n".join(lines) for lines in parts)


def _heading(report):
    source, held_out = report.source, report.held_out
    n_rows, n_columns = held_out.rows.shape
    return [
        f"{source.title}: {n_rows:,} rows of {n_columns} column{'s' * (n_columns > 1)}, dt = "
        f"{in_units(source.dt, source.unit)}",
        f"trained on the first {held_out.n_train:,} rows, judged on the last "
        f"{n_rows - held_out.n_train:,}",
    ]


def _facts(report):
    facts = [
        ("largest Lyapunov exponent", exponent_text(report)),
        ("predictability time ln 2 / lambda", predictability_text(report)),
        ("forcing interval", in_units(report.model.forcing_interval_, "step")),
        ("window to infer the state", _window_text(report.model)),
        ("training", _training_text(report.model)),
    ]
    width = max(len(name) for name, _ in facts)
    return [f"  {name:<{width}}  {text}" for name, text in facts]


def exponent_text(report):
    """Return the exponent that was measured on the training rows, how sure, and what it shows."""
    exponent = report.model.lyapunov_exponent_
    if np.isnan(exponent):
        return "none found in the training rows"
    found = report.model.reconstruction_report_
    error, regime = found["data_exponent_error"], found["data_regime"]
    return f"{exponent:.3g} +- {error:.1g} per {report.source.unit} ({regime})"


def predictability_text(report):
    """Return the predictability time in the unit of the series, and in steps if that is another."""
    time = report.model.predictability_time_
    if np.isnan(time):
        return "not known"
    if np.isinf(time):
        return "infinite: the training rows show no chaos"
    text = in_units(time, report.source.unit)
    if report.source.dt == 1:
        return text
    return f"{text} = {in_units(time / report.source.dt, 'step')}"


def _window_text(model):
    rows = f"{model.n_delays_} row{'s' * (model.n_delays_ > 1)}"
    return rows if model.n_delays_ == 1 else f"{rows}, {in_units(model.delay_, 'step')} apart"


def _training_text(model):
    again = f", the better of {model.n_init_} trainings" if model.n_init_ > 1 else ""
    return f"{model.n_iter_:,} updates (stopped: {model.stopped_}){again}"


def in_units(value, unit):
    """Return a duration as text, such as "1 step" or "12.5 hours"."""
    number = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{number} {unit}{'s' * (unit in _OWN_UNITS and value != 1)}"


def cells(score, report):
    """Return what the columns of the table after the first say about a score."""
    if score.valid_steps is None:
        valid = ["", "", ""]
    else:
        low, median, high = np.percentile(score.valid_steps, [25, 50, 75])
        bound = ">= " if median >= report.held_out.n_steps else ""
        valid = [f"{bound}{median:.0f}", f"{low:.0f}-{high:.0f}", _lyapunov_times(median, report)]
    if score.diverges:
        invariants = ["diverges", "diverges", ""]
    else:
        invariants = [
            _number(score.divergence, ".3f"),
            _number(score.spectrum_distance, ".3f"),
            _number(score.end_sd, ".2f"),
        ]
    return [*valid, *invariants, _number(score.seconds, ".1f")]


def _lyapunov_times(steps, report):
    exponent = report.model.lyapunov_exponent_
    return f"{steps * report.source.dt * exponent:.2f}" if exponent > 0 else "-"


def _number(value, spec):
    return "" if value is None else f"{value:{spec}}"


def _table(report):
    """Return aligned lines; a score with a note has that in place of its numbers."""
    scores = [*report.scores, *report.floors]
    body = [[score.name, *cells(score, report)] for score in scores]
    grid = [_COLUMNS, _UNITS, *body]
    widths = [max(len(row[i]) for row in grid) for i in range(len(_COLUMNS))]
    lines = [_aligned(row, widths) for row in grid]
    for i, score in enumerate(scores, start=2):
        if score.note:
            lines[i] = f"{score.name:<{widths[0]}}  {score.note}"
    rule = "-" * max(map(len, lines[:2]))
    n_scores = len(report.scores)
    return [*lines[:2], rule, *lines[2 : 2 + n_scores], rule, *lines[2 + n_scores :]]


def _aligned(row, widths):
    first = f"{row[0]:<{widths[0]}}"
    return "  ".join([first, *(f"{c:>{w}}" for c, w in zip(row[1:], widths[1:], strict=True))])


def _legend(report):
    held_out, n_free = report.held_out, len(report.scores[0].run)
    is_noisy = any(score.valid_steps is not None for score in report.floors)
    noise = "Ceiling: of forecasts without any error, judged on rows with noise as it was found."
    return [
        *([noise] if is_noisy else []),
        f"Valid prediction time: until the NRMSE exceeds {THRESHOLD:g}; median of "
        f"{len(held_out.starts)} starts, each followed for {held_out.n_steps:,} steps.",
        f"D_stsp (where it goes), D_H (how it moves): a free run of {n_free:,} steps against "
        "the held-out rows; lower is better.",
        "sd at end: of the last tenth of that run, in units of the data's; 0 is dead.",
    ]


def _verdict(report):
    """Return what a person should not overlook in the table."""
    network, *baselines = report.scores
    return [*_life(network), *_skill(network, baselines)]


def _life(network):
    if network.diverges:
        return ["The network's free run diverges: do not trust it beyond short forecasts."]
    if network.end_sd < DEAD:
        return [
            f"The network's free run dies (sd at end {network.end_sd:.2f}): do not trust it beyond "
            "short forecasts. Another --random-state or a larger --max-iter may live."
        ]
    return [f"The network's free run is alive after {len(network.run):,} steps."]


def _skill(network, baselines):
    """Compare medians of the valid prediction time."""
    medians = {b.name: np.median(b.valid_steps) for b in baselines if b.valid_steps is not None}
    own = np.median(network.valid_steps)
    if not medians:
        return []
    best = max(medians, key=medians.get)
    if medians[best] == own > medians.get("mean", 0):
        return [f"The network and the {best} have the longest valid prediction time."]
    if medians[best] > own:
        return [f"The best forecaster here is not the network but the {best}."]
    if medians.get("mean", 0) >= own:
        return ["The network forecasts no better than the mean: there is little to learn here."]
    return ["The network has the longest valid prediction time."]
