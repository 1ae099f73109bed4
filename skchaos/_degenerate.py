"""Columns and rows that say nothing about how states part."""

import warnings

import numpy as np

from skchaos._series import Scaling, is_constant
from skchaos.exceptions import DegenerateDataWarning

COPY = 1 - 1e-12  # correlation from which two columns are one, up to unit and origin
MANY = 0.4  # part of the rows: less than the half that twice the same recording holds
WINDOW = 8  # rows: few rows of a recording in few digits are alike by chance, that many are not


def warn_of_degenerate(rows, *, stacklevel):
    """Warn of columns that are constant or copies, and of rows that are."""
    constant = is_constant(rows)
    varying = rows[:, ~constant]
    problems = [
        *_constant_columns(constant),
        *_copied_columns(varying, np.flatnonzero(~constant)),
        *_held_rows(varying),
        *_repeated_windows(varying),
    ]
    if problems:
        warnings.warn(
            f"X is degenerate: {'; '.join(problems)}. These say nothing about how states part: "
            "leave out such columns and rows.",
            DegenerateDataWarning,
            stacklevel=stacklevel + 1,
        )


def _constant_columns(constant):
    if constant.any():
        yield f"column(s) {np.flatnonzero(constant).tolist()} do not vary"


def _copied_columns(varying, places):
    scaled = Scaling.of(varying).apply(varying)
    alike = np.abs(scaled.T @ scaled) / len(scaled)
    copies = np.flatnonzero((np.triu(alike, 1) > COPY).any(axis=0))
    if len(copies):
        yield f"column(s) {places[copies].tolist()} are copies of others up to unit and origin"


def _held_rows(varying):
    n_held = np.count_nonzero((varying[1:] == varying[:-1]).all(axis=1)) if varying.size else 0
    if n_held > MANY * len(varying):
        yield f"{n_held} of {len(varying)} rows are the same as the row before, as if filled in"


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
        yield f"{n_again} of {n_windows} windows of {WINDOW} rows repeat earlier ones exactly"
