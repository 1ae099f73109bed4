"""Tables and figures of the study.

Run ``python -m benchmarks.reconstruction.report`` after :mod:`benchmarks.reconstruction.study` and
:mod:`benchmarks.reconstruction.sweep`; it writes ``reconstruction_study.md``, ``sweep.md`` and
figures into ``benchmarks/results``, and the figure of intervals for the docs, and prints the tables
of the README.
"""

import re
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from benchmarks.reconstruction.cases import RECORDINGS, RESULTS, SYSTEMS, largest_exponent
from benchmarks.reconstruction.coin import halves
from benchmarks.reconstruction.study import MODELS, TABLE

SWEEP = RESULTS / "sweep.csv"
OF_INTERVALS = Path(__file__).parents[2] / "docs" / "_static" / "interval_fraction.png"
FIGURES = ("reconstruction_held_out.png", "reconstruction_chosen_on.png")
# Cases that the README shows, by what it calls them, and scores.
IN_README = {
    ("lorenz", "clean"): "Lorenz-63",
    ("lorenz", "noise5"): "Lorenz-63, 5 % noise",
    ("lorenz", "part_noise5"): "Lorenz-63, one column, 5 % noise",
    ("duffing", "clean"): "driven Duffing, drive's sine missing",
    ("laser", "clean"): "real laser, one column",
    ("temperature", "clean"): "real temperature, one column, hourly",
}
README_SCORES = ("dstsp30", "dh", "valid_steps")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
MARKERS = {
    "skchaos": {"marker": "o", "color": "tab:blue", "ms": 8},
    "mean": {"marker": "|", "color": "0.6", "ms": 8},
    "cubic map": {"marker": "^", "color": "tab:green", "ms": 5},
    "delay ridge": {"marker": "s", "color": "tab:orange", "ms": 5},
    "echo state": {"marker": "D", "color": "tab:red", "ms": 5},
    "clipped lstm": {"marker": "x", "color": "tab:purple", "ms": 6},
}
# Scores that models are ranked by, and their names in a figure.
RANKED = {
    "dstsp30": "divergence of a free run (30 bins, or mixture) / floor",
    "dh": "power spectrum distance / floor",
    "valid_steps": "valid prediction time / Lyapunov time\n(of recordings / 100 steps)",
}
# Name, column, and decimals of what a table shows; all but the last two are better when smaller.
SCORES = {
    "State space divergence, 10 bins of +-2 sd (above three columns a mixture)": (
        "dstsp10",
        4,
    ),
    "State space divergence, 30 bins of the range (above three columns Scott's)": (
        "dstsp30",
        3,
    ),
    "Power spectrum distance": ("dh", 3),
    "Valid prediction time, in steps": ("valid_steps", 0),
    "Largest exponent of the model over that of the system": ("exponent_ratio", 3),
}
# Paper: D_stsp of the LSTM on Lorenz-63 over the forcing interval in parts of ln 2 / lambda_max,
# which is 63 steps (Mikhaeil et al. 2022, read from its figures; evaluated on training rows).
PAPER = {
    5 / 63: 4.36,
    30 / 63: 0.0618,
    50 / 63: 0.191,
    60 / 63: 0.415,
    70 / 63: 1.34,
    100 / 63: 9.34,
}


def entry(values: pd.Series, decimals: int) -> str:
    """Return a median, with the range and the number of seeds where there are several."""
    values = values.dropna()
    if values.empty:
        return ""
    shown = [f"{v:.{decimals}f}" for v in (values.median(), values.min(), values.max())]
    if len(values) == 1:
        return shown[0]
    return f"{shown[0]} ({shown[1]} to {shown[2]}; {len(values)})"


def table(
    rows: pd.DataFrame, by: str, names: list, column: str, decimals: int, called: dict | None = None
) -> str:
    """Return a Markdown table: a line for each case, a column for each name in column `by`."""
    called = called or {}
    names = [name for name in names if rows.loc[rows[by] == name, column].notna().any()]
    lines = [f"| case | {' | '.join(map(str, names))} |", "|---" * (len(names) + 1) + "|"]
    for case, of_case in rows.groupby(["system", "condition"], sort=False):
        entries = [entry(of_case.loc[of_case[by] == name, column], decimals) for name in names]
        lines.append(f"| {called.get(case, ', '.join(case))} | {' | '.join(entries)} |")
    return "\n".join(lines)


def parts_of(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of both halves of the coin, and those that defaults were chosen by."""
    chosen_on, held_out = halves()
    is_reported = rows["set"] == "report"
    return {
        "Systems kept aside while defaults were chosen (the maps were looked at once)": rows[
            is_reported & rows.system.isin(held_out)
        ],
        "Systems that defaults were chosen on, other trajectories of them": rows[
            is_reported & rows.system.isin(chosen_on)
        ],
        "Trajectories that defaults were chosen on": rows[~is_reported],
    }


def ranks(rows: pd.DataFrame) -> pd.Series:
    """Return the rank of skchaos among the models, 1 the best, of each case and score."""
    rows = rows[rows.model != "floor"].assign(valid_steps=lambda r: -r.valid_steps)
    medians = rows.groupby(["system", "condition", "model"])[[*RANKED]].median()
    at = medians.groupby(["system", "condition"]).rank(method="min")
    models = medians.groupby(["system", "condition"]).size()
    at = at[at.index.get_level_values("model") == "skchaos"].droplevel("model")
    return at[models.reindex(at.index) > 1].stack()


def in_readme() -> pd.DataFrame:
    """Return what the README shows: of other trajectories than defaults were chosen on."""
    rows = pd.read_csv(TABLE)
    rows = rows[rows["set"] == "report"]
    return pd.concat([rows[(rows.system == a) & (rows.condition == b)] for a, b in IN_README])


def readme_tables() -> list[str]:
    """Return the tables of the README."""
    rows, decimals = in_readme(), dict(SCORES.values())
    return [table(rows, "model", MODELS, name, decimals[name], IN_README) for name in README_SCORES]


def write_tables() -> None:
    """Write all tables of the study."""
    rows = pd.read_csv(TABLE)
    parts = [
        "# Reconstruction",
        "Medians, with range and number of seeds; by `python -m benchmarks.reconstruction.report`.",
    ]
    for title, of_part in parts_of(rows).items():
        if of_part.empty:
            continue
        parts.append(f"## {title}")
        if len(found := ranks(of_part)):
            parts.append(
                f"Rank of skchaos among the models: median {found.median():g}, mean "
                f"{found.mean():.2f}, over {len(found)} pairs of case and score (divergence in 30 "
                "bins, spectrum distance, valid prediction time)."
            )
        for score, (column, decimals) in SCORES.items():
            parts += [f"### {score}", table(of_part, "model", MODELS, column, decimals)]
    (RESULTS / "reconstruction_study.md").write_text("\n\n".join(parts) + "\n")


def write_sweeps() -> None:
    """Write all tables of the sweeps."""
    rows = pd.read_csv(SWEEP, dtype={"value": str})
    parts = [
        "# One setting at a time",
        "Single trainings (`python -m benchmarks.reconstruction.sweep`): medians, with range and "
        "number of seeds; by `python -m benchmarks.reconstruction.report`.",
    ]
    for sweep, of_sweep in rows.groupby("sweep", sort=False):
        parts.append(f"## {sweep}")
        values = sorted(
            of_sweep.value.unique(), key=lambda v: [float(x) for x in NUMBER.findall(v)]
        )
        for score, (column, decimals) in SCORES.items():
            parts += [f"### {score}", table(of_sweep, "value", values, column, decimals)]
    (RESULTS / "sweep.md").write_text("\n\n".join(parts) + "\n")


def draw_scores() -> None:
    """Draw the scores of all models, a line a case, one figure for each part of the study."""
    rows = pd.read_csv(TABLE)
    for (title, of_part), name in zip(parts_of(rows).items(), FIGURES, strict=False):
        if {"skchaos", "floor"} <= set(of_part.model):
            _draw_part(of_part, title, RESULTS / name)


def _draw_part(rows: pd.DataFrame, title: str, path: Path) -> None:
    medians = rows.groupby(["system", "condition", "model"], sort=False)[[*RANKED]].median()
    shown = medians.unstack("model")
    shown = shown[shown["dstsp30"]["skchaos"].notna()].iloc[::-1]
    figure, axes = plt.subplots(
        1, 3, figsize=(13, 1.6 + 0.26 * len(shown)), sharey=True, layout="constrained"
    )
    steps = np.array([_lyapunov_steps(system) for system, _ in shown.index])
    for ax, (score, label) in zip(axes, RANKED.items(), strict=True):
        for model in (name for name in MODELS if name != "floor" and name in shown[score]):
            unit = steps if score == "valid_steps" else shown[score]["floor"]
            values = shown[score][model] / unit
            ax.plot(values, np.arange(len(shown)), ls="", label=model, **MARKERS[model])
        ax.set_xlabel(label)
        ax.grid(alpha=0.3)
        if score != "valid_steps":
            ax.set_xscale("log")
            ax.axvline(1, color="k", lw=1)
    axes[0].set_yticks(np.arange(len(shown)), [", ".join(case) for case in shown.index])
    figure.suptitle(title)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _lyapunov_steps(system: str) -> float:
    if system in RECORDINGS:
        return 100.0
    return 1 / (largest_exponent(system) * SYSTEMS[system].dt)


def draw_fractions() -> None:
    """Draw scores over the forcing interval, one line a case, beside the paper's."""
    rows = pd.read_csv(SWEEP)
    rows = rows[rows.sweep == "interval_fraction"].assign(value=lambda r: r.value.astype(float))
    shown = {
        "dstsp10": "state space divergence, 10 bins",
        "dh": "power spectrum distance",
        "valid_lyapunov": "valid prediction time (Lyapunov times)",
    }
    rows["valid_lyapunov"] = rows.valid_steps / rows.lyapunov_steps
    figure, axes = plt.subplots(1, 3, figsize=(12, 5), layout="constrained")
    for ax, (column, label) in zip(axes, shown.items(), strict=True):
        for (system, condition), of_case in rows.groupby(["system", "condition"], sort=False):
            by_value = of_case.groupby("value")[column]
            median = by_value.median()
            name = f"{system}, {condition} ({by_value.size().max()})"
            [line] = ax.plot(median.index, median, "o-", ms=4, label=name)
            ax.fill_between(
                median.index, by_value.min(), by_value.max(), color=line.get_color(), alpha=0.15
            )
        ax.set_xlabel("forcing interval / predictability time")
        ax.set_ylabel(label)
        ax.grid(alpha=0.3)
    axes[0].plot(list(PAPER), list(PAPER.values()), "k--", lw=1, label="paper, LSTM, Lorenz-63")
    axes[0].set_yscale("log")
    axes[2].set_ylim(bottom=0)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.savefig(OF_INTERVALS, dpi=120)
    plt.close(figure)


def main() -> None:
    """Write and draw what there is."""
    matplotlib.use("Agg")
    if TABLE.exists():
        write_tables()
        draw_scores()
        print("\n\n".join(readme_tables()))
    write_sweeps()
    draw_fractions()


if __name__ == "__main__":
    main()
