"""From what a user has to rows the core can use, and back.

Rows are consecutive time steps of one or more trajectories. This module cuts them, scales them, and
remembers how their index goes on.
"""

from dataclasses import dataclass, field

import numpy as np

from skchaos._index import TimeIndex
from skchaos._mapped import blocks
from skchaos._rows import without_inputs

NO_COLUMNS = np.empty(0, dtype=int)
# Rows. From fewer large networks and long windows learn chance (benchmarks/short.py).
FEW_ROWS = 2_000


@dataclass(frozen=True)
class Scaling:
    """Column means and standard deviations.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_columns,)
        In the units of the data.
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> "Scaling":
        """Measure `rows` of shape (n_rows, n_columns); a constant column keeps its unit."""
        # Squares of very large or small values leave the range of numbers; a power of two as the
        # unit changes nothing else, not even the last bit.
        low, high = extremes(rows)
        unit = np.ldexp(1.0, np.frexp(np.maximum(-low, high))[1] - 1)
        mean = sum((block / unit).sum(axis=0) for block in blocks(rows)) / len(rows)
        squares = sum(((block / unit - mean) ** 2).sum(axis=0) for block in blocks(rows))
        deviation = np.sqrt(squares / len(rows))
        scale = np.where(_vary_by_rounding(low, high, rows.dtype), 1.0, deviation * unit)
        return cls(mean * unit, scale)

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """Return standardised rows."""
        return (rows - self.mean) / self.scale

    def undo(self, rows: np.ndarray) -> np.ndarray:
        """Return rows in the units of the data."""
        values = rows * self.scale
        values += self.mean
        return values


def extremes(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the largest value of each column."""
    found = [(block.min(axis=0), block.max(axis=0)) for block in blocks(rows)]
    low, high = zip(*found, strict=True)
    return np.min(low, axis=0), np.max(high, axis=0)


def is_constant(rows: np.ndarray) -> np.ndarray:
    """Tell which columns do not vary beyond the rounding of their values."""
    return _vary_by_rounding(*extremes(rows), rows.dtype)


def _vary_by_rounding(low: np.ndarray, high: np.ndarray, dtype: np.dtype) -> np.ndarray:
    with np.errstate(over="ignore"):
        return high - low <= 8 * np.finfo(dtype).eps * np.maximum(-low, high)


@dataclass(frozen=True)
class Series:
    """Checked rows of one or more trajectories, and what is needed to give forecasts back.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_features)
        Trajectories one after the other, in the units of the data; may be mapped from a file.
        Without the columns that are inputs.
    targets : ndarray of shape (n_rows, n_targets) or None
        Further values of each row.
    target_ndim : int
        Axes of the targets as they were given; 0 for none.
    lengths : list of int
        Rows of each trajectory.
    index : TimeIndex
        How the index goes on.
    columns : ndarray of shape (n_columns,)
        Column labels, also of inputs.
    scaling, target_scaling : Scaling
        Standardisation of rows and targets.
    noise_level : ndarray of shape (n_features,)
        Standard deviation of the noise that was taken from the rows, in that of the column.
    inputs : ndarray of shape (n_rows, n_inputs)
        Known values that act on the step from a row to the next.
    input_scaling : Scaling
        Their standardisation.
    input_columns : ndarray of shape (n_inputs,)
        Where they stand among the columns that were given.
    measured : dict
        What was measured on the rows, by what it depends on; models of one series share it.
    """

    rows: np.ndarray
    targets: np.ndarray | None
    target_ndim: int
    lengths: list[int]
    index: TimeIndex
    columns: np.ndarray
    scaling: Scaling
    target_scaling: Scaling
    noise_level: np.ndarray
    inputs: np.ndarray
    input_scaling: Scaling
    input_columns: np.ndarray
    measured: dict = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        rows: np.ndarray,
        targets: np.ndarray | None,
        lengths: list[int],
        index: TimeIndex,
        columns: np.ndarray,
        input_columns: np.ndarray = NO_COLUMNS,
    ) -> "Series":
        """Set inputs aside and measure the scales.

        Raises
        ------
        ValueError
            If a column is constant.
        """
        constant = is_constant(rows)
        constant[input_columns] = False  # an input may rest, as rain in a dry month
        if constant.any():
            which = np.flatnonzero(constant)
            raise ValueError(
                f"Column(s) {columns[which].tolist()} are constant (value {rows[0, which[0]]:.6g}) "
                "in the training rows. A constant has no dynamics to learn: drop the column(s)."
            )
        ndim = 0 if targets is None else targets.ndim
        if targets is not None:
            targets = np.asarray(targets, dtype=np.float64).reshape(len(rows), -1)
        target_scaling = Scaling.of(np.empty((1, 0)) if targets is None else targets)
        inputs = rows[:, input_columns]
        rows = without_inputs(rows, input_columns)
        return cls(
            rows=rows,
            targets=targets,
            target_ndim=ndim,
            lengths=lengths,
            index=index,
            columns=columns,
            scaling=Scaling.of(rows),
            target_scaling=target_scaling,
            noise_level=np.zeros(rows.shape[1]),
            inputs=inputs,
            input_scaling=Scaling.of(inputs),
            input_columns=input_columns,
        )

    @property
    def n_features(self) -> int:
        """Columns that are not inputs."""
        return self.rows.shape[1]

    def numbers(
        self, n_before: int, n_after: int = 0, lengths: list[int] | None = None
    ) -> np.ndarray:
        """Return numbers of the rows that have others of their trajectory before and after them.

        Where `lengths` are given only so many leading rows of each trajectory count.
        """
        firsts = np.cumsum(self.lengths) - self.lengths
        parts = [
            np.arange(first + n_before, first + length - n_after)
            for first, length in zip(firsts, lengths or self.lengths, strict=True)
        ]
        return np.concatenate(parts)

    def given(self, at: slice | np.ndarray) -> np.ndarray:
        """Return some rows as they were given, inputs among them."""
        rows = np.array(self.rows[at], dtype=np.float64, subok=False)
        return joined(rows, self.inputs[at], self.input_columns)

    def scaled_with_inputs(self, at: slice | np.ndarray) -> np.ndarray:
        """Return some rows, standardised, with their inputs as the last columns."""
        rows = self.scaled(at)
        if len(self.input_columns) == 0:
            return rows
        return np.concatenate([rows, self.input_scaling.apply(self.inputs[at])], axis=-1)

    def scaled(self, at: slice | np.ndarray) -> np.ndarray:
        """Return some rows, standardised."""
        return self.scaling.apply(np.asarray(self.rows[at], dtype=np.float64))

    @property
    def scaled_targets(self) -> np.ndarray | None:
        """Standardised targets."""
        return None if self.targets is None else self.target_scaling.apply(self.targets)


def spread(at: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many of some numbers, evenly."""
    return at[np.linspace(0, len(at) - 1, min(len(at), most)).astype(int)]


def joined(rows: np.ndarray, inputs: np.ndarray, input_columns: np.ndarray) -> np.ndarray:
    """Put inputs back to where they stood among the columns (the last axis)."""
    n_columns = rows.shape[-1] + len(input_columns)
    whole = np.empty((*rows.shape[:-1], n_columns))
    whole[..., input_columns] = inputs
    whole[..., np.setdiff1d(np.arange(n_columns), input_columns)] = rows
    return whole
