"""Tables and a figure of what study.py, peers.py and speed.py measured.

Run from the root of the repository:

    python benchmarks/lyapunov/report.py --results benchmarks/results

reads lyapunov.csv (study.py) there, and lyapunov_peers.csv (peers.py) and lyapunov_speed.json
(speed.py) where they exist, and writes lyapunov.md and lyapunov.png. It takes seconds.

Errors are |lambda_max / exact - 1| in percent, against the exact exponent along the same rows. A
cell "2.1 (1.0 to 3.3)" is the median and the quartiles over series. Where no exponent was resolved
there is no error: "[18/20]" says that 18 of 20 series have one, and the median is over those; a
dash is no answer at all. In counts of what is within some percent, and in medians over systems, a
missing one counts as wrong.
"""

import argparse
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from peers import PEERS, SETTINGS
from speed import machine
from study import CLAIMED, HALVES, NOISES, NOT_CHAOS, PEER_NAMES, REAL_ROWS, ROWS

TITLES = {"tuning": "tuning", "held_out": "held out", "fresh": "fresh"}
REGIMES = ("fixed point", "cycle", "torus", "chaos", "noise", "undecided")
WITHIN = (5, 10, 15)
PANELS = (
    (20_000, 0.0, "full"),
    (5_000, 0.0, "one"),
    (20_000, 0.0, "one"),
    (20_000, 0.01, "full"),
)
LEAST, MOST = 0.02, 1000.0  # percent, of the figure; what is beyond is drawn at its edge
COLORS = {"nolds": "#E69F00", "neurokit2": "#CC79A7", "ptyche": "#009E73", "ntsa": "#D55E00"}
MARKERS = {"nolds": "s", "neurokit2": "^", "ptyche": "D", "ntsa": "v"}
OURS = "#0072B2"
FACES = {"tuning": OURS, "held_out": "white", "fresh": "#56B4E9"}


def systems_of(half):
    """Return the names of the chaotic systems of a half."""
    return [system.name for system in HALVES[half]]


def case_title(rows, noise, observed):
    """Return the name of a case."""
    columns = "all columns" if observed == "full" else "one column"
    return f"{columns}, {rows:,} rows" + (f", {100 * noise:g} % noise" if noise else "")


def select(results, rows, noise, observed, half=None):
    """Return the rows of a case on chaotic systems, of one half or of both."""
    chosen = (results.rows == rows) & np.isclose(results.noise, noise)
    chosen &= (results.observed == observed) & results.exact.notna()
    return results[chosen if half is None else chosen & (results.half == half)]


def read_results(path):
    """Return the output of study.py with errors in percent."""
    results = pd.read_csv(path, dtype={"series": str}, keep_default_na=True)
    results["percent"] = 100 * results.relative_error.abs()
    results["z_mean"] = (results.lambda_max - results.exact_mean) / results.standard_error
    return results


def number(value):
    """Return a short text for a number."""
    if not np.isfinite(value):
        return "-"
    return (
        f"{value:.0f}"
        if abs(value) >= 99.5
        else f"{value:.2g}"
        if abs(value) < 1
        else f"{value:.1f}"
    )


def spread(values):
    """Return median, quartiles, and how many there are where some are missing."""
    known = values.dropna()
    if known.empty:
        return f"- [0/{len(values)}]" if len(values) else ""
    low, middle, high = known.quantile([0.25, 0.5, 0.75])
    missing = f" [{len(known)}/{len(values)}]" if len(known) < len(values) else ""
    return f"{number(middle)} ({number(low)} to {number(high)}){missing}"


def table(heads, lines):
    """Return the lines of a table."""
    body = ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]
    return ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|", *body, ""]


def medians(cases):
    """Return the median error of each system; a missing error counts as infinite."""
    return cases.percent.fillna(np.inf).groupby(cases.system).median()


def accuracy(results):
    """Return the errors of each system in the cases that claims rest on."""
    lines = []
    for half, title in TITLES.items():
        for system in systems_of(half):
            cells = [select(results, *case, half) for case in CLAIMED]
            cells = [spread(cell[cell.system == system].percent) for cell in cells]
            if any(cells):
                lines.append((system, title, *cells))
    return table(("system", "half", *(case_title(*case) for case in CLAIMED)), lines)


def within(results):
    """Return how many systems and series are within some percent, case by case."""
    lines = []
    for case in CLAIMED:
        for half, title in TITLES.items():
            cases = select(results, *case, half)
            if cases.empty:
                continue
            middle = medians(cases)
            systems = [f"{(middle <= limit).sum()} of {len(middle)}" for limit in WITHIN]
            series = [f"{100 * (cases.percent <= limit).mean():.0f} %" for limit in WITHIN]
            called = f"{100 * (cases.regime == 'chaos').mean():.0f} %"
            lines.append((case_title(*case), title, *systems, *series, called))
    heads = [f"{what} within {limit} %" for what in ("systems", "series") for limit in WITHIN]
    return table(("case", "half", *heads, "called chaos"), lines)


def grid(results):
    """Return median errors over systems for all rows, levels of noise and columns."""
    lines = []
    for observed in ("full", "one"):
        for rows in ROWS:
            cells = []
            for noise in NOISES:
                found = [medians(select(results, rows, noise, observed, half)) for half in TITLES]
                cells.append(" / ".join(number(m.median()) for m in found if len(m)))
            lines.append((case_title(rows, 0.0, observed), *cells))
    return table(("", *(f"noise {100 * noise:g} %" for noise in NOISES)), lines)


def coverage(results):
    """Return how often standard errors hold, case by case."""
    lines = []
    for case in CLAIMED:
        for half, title in TITLES.items():
            known = select(results, *case, half)
            known = known[known.z.notna()]
            if known.empty:
                continue
            shares = [
                f"{100 * share:.0f} %"
                for z in (known.z.abs(), known.z_mean.abs())
                for share in ((z < 2).mean(), (z > 3).mean())
            ]
            ratio = (known.standard_error / known.lambda_max.abs()).median()
            lines.append((case_title(*case), title, len(known), *shares, f"{100 * ratio:.1f} %"))
    heads = ("same rows: within 2", "beyond 3", "attractor: within 2", "beyond 3")
    return table(("case", "half", "series", *heads, "median standard error"), lines)


def beyond_largest(results):
    """Return the neutral exponent and the sum of positive ones, from all columns."""
    lines = []
    cases = [case for case in CLAIMED if case[1] == 0 and case[2] == "full"]
    for half, title in TITLES.items():
        for system in systems_of(half):
            cells = []
            for case in cases:
                found = select(results, *case, half)
                found = found[found.system == system]
                neutral = 100 * (found.neutral - found.exact_neutral).abs() / found.exact
                is_flow = found.exact_neutral.notna().any()
                cells.append(spread(neutral) if is_flow else "")
                cells.append(spread(100 * (found.positive / found.exact_positive - 1).abs()))
            if any(cells):
                lines.append((system, title, *cells))
    heads = [f"{what}, {case[0]:,}" for case in cases for what in ("neutral", "sum of positives")]
    return table(("system", "half", *heads), lines)


def not_chaos(results):
    """Return what kind of motion series without chaos are taken for."""
    lines = []
    for half, title in TITLES.items():
        for maker in NOT_CHAOS[half]:
            found = results[(results.system == maker.__name__) & (results.half == half)]
            for rows, cases in found.groupby("rows"):
                counts = [(cases.regime == regime).sum() or "" for regime in REGIMES]
                lines.append((maker.__name__, title, f"{rows:,}", *counts))
    return table(("series", "half", "rows", *REGIMES), lines)


def regimes(results):
    """Return what kind of motion chaotic series are taken for, in percent of the series."""
    lines = []
    for observed in ("full", "one"):
        for rows in ROWS:
            for half, title in TITLES.items():
                cases = select(results, rows, 0.0, observed, half)
                if len(cases):
                    counts = [100 * (cases.regime == regime).mean() for regime in REGIMES]
                    cells = [f"{count:.0f}" if count else "" for count in counts]
                    lines.append((case_title(rows, 0.0, observed), title, len(cases), *cells))
    return table(("case", "half", "series", *REGIMES), lines)


def real(results):
    """Return what was found in recordings."""
    lines = []
    for system, rows in REAL_ROWS:
        found = results[(results.system == system) & (results.rows == rows)]
        for row in found.itertuples():
            value = f"{number(row.lambda_max)} +- {number(row.standard_error)}"
            cells = (row.regime, value, row.n_delays, number(row.noise_level))
            lines.append((system, f"{rows:,}", *cells))
    heads = ("recording", "rows", "regime", "per row", "delays", "noise (sd)")
    return table(heads, lines)


def read_peers(path, results):
    """Return what peers made of series of the study, beside what skchaos made of the same ones."""
    names = {theirs: ours for ours, theirs in PEER_NAMES.items()}
    peers = pd.read_csv(path, dtype={"series": str})
    peers["system"] = peers.system.replace(names)
    peers["percent"] = 100 * peers.relative_error.abs()
    ours = results[(results.observed == "one") & (results.noise == 0)]
    return peers.merge(ours, on=["system", "series"], suffixes=("", "_ours"))


def beside(peers):
    """Return the errors of peers and of skchaos on the same series, and counts."""
    heads = [(peer, setting) for peer in PEERS for setting in SETTINGS]
    lines = []
    for n_rows, here in peers[peers.exact.notna()].groupby("n_rows"):
        close = {}
        for half, title in TITLES.items():
            for system in systems_of(half):
                found = here[(here.half == half) & (here.system == system)]
                if found.empty:
                    continue
                cells = {"skchaos": found.drop_duplicates("series").percent_ours}
                for head in heads:
                    cells[head] = found[
                        (found.peer == head[0]) & (found.setting == head[1])
                    ].percent
                texts = [
                    number(cell.fillna(np.inf).median()) if len(cell) else ""
                    for cell in cells.values()
                ]
                lines.append((f"{system}, {n_rows:,} rows", title, found.series.nunique(), *texts))
                for key, cell in cells.items():
                    if len(cell):
                        close.setdefault(key, []).append(cell.fillna(np.inf).median() <= 10)
        counts = [
            f"{sum(c)} of {len(c)}" if (c := close.get(k)) else "" for k in ("skchaos", *heads)
        ]
        lines.append((f"**within 10 %, {n_rows:,} rows**", "", "", *counts))
    titles = [" ".join(head) for head in heads]
    return table(("system", "half", "series", "skchaos", *titles), lines)


def peers_without_chaos(peers):
    """Return growth per row where there is no chaos, and what skchaos calls the same series."""
    lines = []
    here = peers[peers.exact.isna() & (peers.setting == "default")]
    for (system, n_rows), found in here.groupby(["system", "n_rows"], sort=False):
        called = found.drop_duplicates("series").regime.mode()[0]
        values = [number(found[found.peer == peer].value.median()) for peer in PEERS]
        lines.append((system, f"{n_rows:,}", found.series.nunique(), called, *values))
    if not lines:
        return []
    title = "Growth per row that they report by default where there is no chaos:\n"
    return [title, *table(("series", "rows", "seeds", "skchaos says", *PEERS), lines)]


def cost(results, speed, peers):
    """Return CPU seconds and memory."""
    clean = results[(results.noise == 0) & results.exact.notna()]
    lines = [
        (case_title(rows, 0.0, observed), f"{found.cpu_s.median():.2g}", f"{found.cpu_s.max():.2g}")
        for (observed, rows), found in clean.groupby(["observed", "rows"])
    ]
    text = table(("study, clean", "median CPU s", "largest CPU s"), lines)
    if speed:
        lines = []
        for call in speed["calls"]:
            title = case_title(call["rows"], 0.0, call["observed"])
            taken = f"{call['median_cpu_s']:.2f}", f"{call['median_peak_mb']:.0f}"
            lines.append((call["package"], title, len(call["cpu_s"]), *taken))
        heads = ("package", "Lorenz-63", "repeats", "median CPU s", "median peak MB")
        text += table(heads, lines)
        for rows, ratio in speed["nolds_over_skchaos"].items():
            text.append(
                f"At {int(rows):,} rows nolds takes {ratio['cpu_s']:g} times the CPU time and "
                f"{ratio['peak_mb']:g} times the memory.\n"
            )
    if peers is not None:
        lines = []
        for (n_rows, peer, setting), found in peers.groupby(["n_rows", "peer", "setting"]):
            taken = f"{found.cpu_s.median():.2g}", f"{found.peak_mb.median():.0f}"
            failed = found.error.notna().sum() or ""
            lines.append((f"{peer} {setting}", f"{n_rows:,}", len(found), *taken, failed))
        heads = ("peer", "rows", "calls", "median CPU s", "median peak MB", "failed")
        text += table(heads, lines)
    return text


def markdown(results, peers, speed):
    """Return the lines of the report."""
    made_on = speed["machine"] if speed else machine()
    text = [
        "# Largest Lyapunov exponents from data\n",
        "Made by `benchmarks/lyapunov/report.py`, which says what cells mean; columns are in "
        "`benchmarks/lyapunov/study.py`. Defaults of `skchaos.exponents.lyapunov_exponents` "
        "throughout, chosen on the tuning systems. The held-out ones were not looked at meanwhile; "
        "what they then showed of single columns was mended. The fresh ones were measured last, "
        "once.\n",
        f"Machine: {made_on}.\n",
        "![Errors of the largest exponent](lyapunov.png)\n",
        "## How accurate is the largest exponent? (|error|, %)\n",
        *accuracy(results),
        "## How many are close?\n",
        *within(results),
        "## What do rows and noise do?\n",
        "Median |error| over systems, %, tuning / held out / fresh:\n",
        *grid(results),
        "## Do the standard errors hold?\n",
        "Shares of resolved exponents within two and beyond three of their standard errors from "
        "the exponent along the same rows, and from the attractor's (mean of all exact ones).\n",
        *coverage(results),
        "## What about the other exponents? (all columns)\n",
        "The neutral exponent of flows: |error| in percent of the largest one. The sum of the "
        "positive exponents: |error| in percent of the exact sum.\n",
        *beyond_largest(results),
        "## What is it taken for?\n",
        "Series that are not chaotic, counts:\n",
        *not_chaos(results),
        "Chaotic series without noise, percent of the series:\n",
        *regimes(results),
        "Recordings, whose exponents nobody knows:\n",
        *real(results),
    ]
    if peers is not None:
        text += [
            "## What do other packages find? (|error|, %, one column, same rows)\n",
            "Settings are those of `benchmarks/lyapunov/peers.py`: the package's own defaults, and "
            "what someone passes who knows the system. A dash is no answer.\n",
            *beside(peers),
        ]
        text += peers_without_chaos(peers)
    text += ["## What does it cost?\n", *cost(results, speed, peers)]
    n_failed = int(results.error.notna().sum())
    text.append(f"{len(results):,} calls, {n_failed} of them failed with an exception.")
    return text


def draw_ours(ax, cases, places):
    """Draw median and quartiles of each system."""
    for (half, system), found in cases.groupby(["half", "system"]):
        known = found.percent.dropna()
        if len(known) < len(found):
            text = f"{len(found) - len(known)}/{len(found)} unresolved"
            ax.text(LEAST, places[system], text, va="center", fontsize=7, color=OURS)
        if known.empty:
            continue
        low, middle, high = known.quantile([0.25, 0.5, 0.75]).clip(LEAST, MOST)
        y = places[system]
        ax.plot([low, high], [y, y], color=OURS, linewidth=2, alpha=0.6, zorder=3)
        ax.plot(middle, y, "o", color=OURS, markerfacecolor=FACES[half], markersize=6.5, zorder=4)


def draw_peers(ax, peers, rows, places):
    """Draw median errors of peers: filled with an expert's settings, open with defaults."""
    found = peers[(peers.n_rows == rows) & peers.exact.notna()]
    for (system, peer, setting), calls in found.groupby(["system", "peer", "setting"]):
        middle = calls.percent.median()
        if np.isfinite(middle):
            ax.plot(
                np.clip(middle, LEAST, MOST),
                places[system] + 0.15 + 0.13 * PEERS.index(peer),
                MARKERS[peer],
                color=COLORS[peer],
                markerfacecolor=COLORS[peer] if setting == "expert" else "none",
                markersize=4.5,
                zorder=2,
            )


def legend_handles(with_peers):
    """Return symbols for the legend."""

    def symbol(label, marker, color, face):
        return plt.Line2D([], [], ls="", marker=marker, color=color, mfc=face, label=label)

    handles = [
        symbol(f"skchaos, {title}", "o", OURS, FACES[half]) for half, title in TITLES.items()
    ]
    if with_peers:
        for peer in PEERS:
            handles.append(symbol(f"{peer}, expert", MARKERS[peer], COLORS[peer], COLORS[peer]))
            handles.append(symbol(f"{peer}, default", MARKERS[peer], COLORS[peer], "none"))
    return handles


def figure(results, peers, path):
    """Draw the median error of each system, in four cases."""
    names, places, borders = [], {}, []
    for half in TITLES:
        borders.append(len(names) + 0.8 * len(borders) - 0.9)  # above this half
        for name in systems_of(half):
            places[name] = len(names) + 0.8 * (len(borders) - 1)
            names.append(name)
    fig, axes = plt.subplots(1, 4, figsize=(13, 13), sharey=True, sharex=True, layout="constrained")
    for ax, case in zip(axes, PANELS, strict=True):
        ax.axvspan(LEAST / 2, 10, color="0.94", zorder=0)
        if peers is not None and case[1] == 0 and case[2] == "one":
            draw_peers(ax, peers, case[0], places)
        draw_ours(ax, select(results, *case), places)
        for border in borders[1:]:
            ax.axhline(border, color="0.5", linewidth=0.8)
        ax.set(
            xscale="log",
            xlim=(LEAST / 1.3, MOST * 1.3),
            title=case_title(*case).replace(", ", "\n", 1),
        )
        ax.grid(axis="both", color="0.87", linewidth=0.5)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(places[names[-1]] + 0.9, -0.7)
    ticks = [0.1, 1, 10, 100, 1000]
    axes[0].set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[0].set_yticks(list(places.values()), [name.replace("_", " ") for name in places])
    fig.supxlabel(
        "|error| of the largest exponent against that along the same rows, % (shaded: within 10 %)"
    )
    fig.legend(
        handles=legend_handles(peers is not None),
        loc="outside upper center",
        ncols=5,
        frameon=False,
    )
    fig.savefig(path, dpi=110)


def main():
    """Write the report and its figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, required=True, metavar="DIR")
    folder = parser.parse_args().results
    results = read_results(folder / "lyapunov.csv")
    speed_path, peers_path = folder / "lyapunov_speed.json", folder / "lyapunov_peers.csv"
    speed = json.loads(speed_path.read_text()) if speed_path.exists() else None
    peers = read_peers(peers_path, results) if peers_path.exists() else None
    (folder / "lyapunov.md").write_text("\n".join(markdown(results, peers, speed)) + "\n")
    figure(results, peers, folder / "lyapunov.png")


if __name__ == "__main__":
    main()
