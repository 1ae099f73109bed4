"""Columns and rows that say nothing about how states part."""

import numpy as np

from skchaos._series import Scaling
from skchaos._warn import warn
from skchaos.exceptions import DegenerateDataWarning
from skchaos.neighbors._rows import Units

COPY = 1 - 1e-12  # correlation from which two columns are one, up to unit and origin
MIN_MONOTONE = 20  # rows: fewer rise by chance
# A few rows at many times the distance of the quartiles: values in use for missing ones are.
FAR, FEW = 50.0, 1e-3
MANY = 0.4  # part of the rows: less than the half that twice the same recording holds
WINDOW = 8  # rows: few rows of a recording in few digits are alike by chance, that many are not


def warn_of_degenerate(rows, labels):
    """Warn of columns that are constant, copies or counters, and of rows that say nothing."""
    constant = ~Units(rows).varies
    varying, labels_varying = rows[:, ~constant], labels[~constant]
    problems = [
        *_constant_columns(labels[constant]),
        *_copied_columns(varying, labels_varying),
        *_monotone_columns(varying, labels_varying),
        *_far_rows(varying, labels_varying),
        *_held_rows(varying),
        *_repeated_windows(varying),
    ]
    if problems:
        warn(
            f"X is degenerate: {'; '.join(problems)}. These say nothing about how states part: "
            "leave out such columns and rows.",
            DegenerateDataWarning,
        )


def _constant_columns(labels):
    if len(labels):
        yield f"column(s) {labels.tolist()} do not vary"


def _monotone_columns(varying, labels):
    """Find counters and time stamps; a state comes back to where it was."""
    if len(varying) < MIN_MONOTONE:
        return
    change = np.diff(varying, axis=0)
    monotone = (change >= 0).all(axis=0) | (change <= 0).all(axis=0)
    if monotone.any():
        yield f"column(s) {labels[monotone].tolist()} only rise or only fall, as time does"


def _far_rows(varying, labels):
    """Find the few rows that hold a number standing for a missing value."""
    low, middle, high = np.quantile(varying, [0.25, 0.5, 0.75], axis=0)
    is_far = np.abs(varying / 2 - middle / 2) > FAR * (high / 2 - low / 2)
    n_far = is_far.sum(axis=0)
    few = (n_far > 0) & (n_far <= max(1, FEW * len(varying))) & (high > low)
    for column in np.flatnonzero(few):
        row = int(is_far[:, column].argmax())
        yield (
            f"column {labels.tolist()[column]!r} holds {varying[row, column]:.6g} at row {row}, "
            "far from all others, as if it stood for a missing value"
        )


def _copied_columns(varying, labels):
    scaled = Scaling.of(varying).apply(varying)
    alike = np.abs(scaled.T @ scaled) / len(scaled)
    copies = np.flatnonzero((np.triu(alike, 1) > COPY).any(axis=0))
    if len(copies):
        yield f"column(s) {labels[copies].tolist()} are copies of others up to unit and origin"


def _held_rows(varying):
    n_held = np.count_nonzero((varying[1:] == varying[:-1]).all(axis=1)) if varying.size else 0
    if n_held > MANY * len(varying):
        yield (
            f"{n_held} of {len(varying)} rows are the same as the row before, as if filled in, or "
            "kept in too few digits"
        )


def _repeated_windows(varying):
    if not varying.size or len(varying) <= WINDOW:
        return
    # Equal windows have equal sums, bit for bit; unequal ones hardly ever.
    weights = np.random.RandomState(0).standard_normal((WINDOW, varying.shape[1]))
    n_windows = len(varying) - WINDOW + 1
    sums = np.zeros(n_windows)
    for start, row in enumerate(weights):
        for column, weight in zip(varying.T, row, strict=True):
            sums += weight * column[start : start + n_windows]
    n_again = n_windows - len(np.unique(sums))
    if n_again >= MANY * n_windows:
        yield (
            f"{n_again} of {n_windows} windows of {WINDOW} rows repeat earlier ones exactly, as if "
            "the recording were given twice, or kept in too few digits"
        )
