"""Batches of training sequences, drawn from the rows of one or more models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from skchaos.core._config import TrainingConfig


@dataclass(eq=False)
class Table:
    """Rows to train on.

    Parameters
    ----------
    rows : Tensor of shape (row, output)
        Trajectories one after the other; what is read out of the state that arrives at a row.
    n_features : int
        Leading columns: the series itself, which states are inferred from.
    center, scale : Tensor of shape (output,), optional
        Where the rows are not standardised: what to subtract, and then to divide by.
    inputs : Tensor of shape (row, input), optional
        Standardised inputs, which act on the step from a row to the next.
    release : callable
        Called now and then, to give back the memory of rows that stay in a file.
    """

    rows: Tensor
    n_features: int
    center: Tensor | None = None
    scale: Tensor | None = None
    inputs: Tensor | None = None
    release: Callable[[], None] = lambda: None

    @classmethod
    def of(
        cls, rows: Tensor, targets: Tensor | None = None, inputs: Tensor | None = None
    ) -> "Table":
        """Put targets of shape (row, target) beside standardised rows of shape (row, feature)."""
        n_features = rows.shape[1]
        if targets is not None:
            # Those of the row before it: both are read out of one and the same state.
            rows = torch.cat([rows, targets.roll(1, 0)], dim=1)
        return cls(rows, n_features, inputs=inputs)


class Sequences:
    """Random training sequences from one or more trajectories.

    Parameters
    ----------
    table : Table
        Rows.
    lengths : list of int
        Rows of each trajectory.
    usable : list of int
        Leading rows of each trajectory that may be trained on.
    offsets : Tensor of shape (delay,)
        Rows of a window relative to its last one, ascending, ending in 0.
    config : TrainingConfig
        Forcing, sequence length, batch size and seed.
    """

    def __init__(
        self,
        table: Table,
        *,
        lengths: list[int],
        usable: list[int],
        offsets: Tensor,
        config: TrainingConfig,
    ) -> None:
        self.table, self.offsets, self.config = table, offsets, config
        self.generator = torch.Generator().manual_seed(config.seed)
        self._index_starts(torch.tensor(lengths), torch.tensor(usable), config.sequence_length)

    def _index_starts(self, n_rows: Tensor, usable: Tensor, sequence_length: int) -> None:
        span = -int(self.offsets[0])
        n_starts = (usable - span - sequence_length).clamp(min=0)
        self.last_start = n_starts.cumsum(0)
        first_row = n_rows.cumsum(0) - n_rows
        # From the running number of a start to its row: add what was left out before it.
        self.shift = first_row + span - (self.last_start - n_starts)

    def draw(self, n_updates: int) -> Tensor:  # (update, batch)
        """Return the rows at which the sequences of batches start, uniform over all that fit."""
        shape = (n_updates, self.config.batch_size)
        number = torch.randint(int(self.last_start[-1]), shape, generator=self.generator)
        return number + self.shift[torch.searchsorted(self.last_start, number, right=True)]


class Batches:
    """Batches of several models at once, cut at the forcing steps.

    Parameters
    ----------
    sources : sequence of Sequences
        One for each model; with the same window, forcing, sequence length and batch size.
    device : torch.device
        Where the models are. Rows may be elsewhere: those of a file stay on the CPU.
    """

    def __init__(self, sources: Sequence[Sequences], device: torch.device) -> None:
        self.sources = sources
        first = sources[0]
        tables = list({id(source.table): source.table for source in sources}.values())
        self.rows = tables[0].rows if len(tables) == 1 else torch.cat([t.rows for t in tables])
        # Those that windows are taken from, with noise that is the same for a table among others.
        self.windows = self.rows.clone() if first.config.window_noise else self.rows
        levels = {id(source.table): source.config.window_noise for source in sources}
        lengths = [len(table.rows) for table in tables]
        parts = (self.rows.split(lengths), self.windows.split(lengths))
        self.noisy = list(zip(*parts, levels.values(), strict=True))
        none = self.rows.new_empty(len(self.rows), 0)
        known = [table.inputs for table in tables if table.inputs is not None]
        self.inputs = torch.cat(known) if known else none  # (row, input)
        self.releases = [table.release for table in tables]
        ends = torch.tensor([len(table.rows) for table in tables]).cumsum(0)
        begin = {id(t): int(end) - len(t.rows) for t, end in zip(tables, ends, strict=True)}
        self.first_row = torch.tensor([begin[id(source.table)] for source in sources])
        zero = torch.zeros(self.rows.shape[1])
        centers = [zero if s.table.center is None else s.table.center for s in sources]
        scales = [zero + 1 if s.table.scale is None else s.table.scale for s in sources]
        like = {"dtype": self.rows.dtype, "device": device}
        self.center = torch.stack(centers).to(**like)  # (model, output)
        self.factor = (1 / torch.stack(scales)).to(**like)
        config = first.config
        self.n_threads, self.is_squared = config.n_threads, config.is_squared
        self.n_features, self.offsets = first.table.n_features, first.offsets
        forcing = config.forcing
        self.segment_starts, n_steps = forcing.segments(config.sequence_length)
        # Where the steps of a sequence are one chain: when data act on the state, and how strongly.
        self.is_chained = forcing.is_chained
        self.times = forcing.times(config.sequence_length).to(**like)
        strengths = [source.config.forcing.strength for source in sources]
        self.strength = torch.tensor(strengths, **like)  # (model,)
        # Segments of one length stand together.
        self.n_steps = n_steps.repeat_interleave(config.batch_size)
        steps = torch.arange(1, int(n_steps.max()) + 1)[:, None]
        self.relative = torch.cat([self.offsets[:, None], steps]).to(self.rows.device)
        self.within = self.relative[: len(self.offsets)]  # a window, (delay, 1)
        # Of the last segment only some steps count.
        counted = (steps <= self.n_steps).to(**like)
        self.weight = (self.unit * counted).unsqueeze(-1)  # (time, segment, 1)

    @property
    def gate(self) -> Tensor:  # (model, time)
        """How strongly data act on the state before each step of a chain."""
        return self.strength[:, None] * self.times

    def take(
        self,
        starts: Tensor,  # (model, segment)
    ) -> tuple[Tensor, Tensor]:
        """Return standardised windows, and the rows that follow them.

        Windows have shape (model, segment, delay, feature), and in chains, of which each step has
        one, (model, time, segment, delay, feature); the rows (model, time, segment, output).
        """
        n_delays = len(self.offsets)
        at = (starts.unsqueeze(-2) + self.relative).clamp_(max=len(self.rows) - 1)
        of_windows, following = at[:, :n_delays], at[:, n_delays:]
        if self.is_chained:
            of_windows = following.unsqueeze(2) - 1 + self.within
        windows = self._standardised(self.windows[of_windows])[..., : self.n_features]
        return windows.transpose(-3, -2), self._standardised(self.rows[following])

    def take_inputs(
        self,
        starts: Tensor,  # (model, segment)
    ) -> Tensor | None:  # (model, time, segment, input)
        """Return what acts on each step, if there is anything."""
        if self.inputs.shape[1] == 0:
            return None
        steps = self.relative[len(self.offsets) :] - 1
        return self.inputs[(starts.unsqueeze(-2) + steps).clamp_(max=len(self.rows) - 1)]

    def _standardised(
        self,
        rows: Tensor,  # (model, ..., output)
    ) -> Tensor:
        shape = (len(rows), *[1] * (rows.ndim - 2), rows.shape[-1])
        return (rows.to(self.center.device) - self.center.view(shape)) * self.factor.view(shape)

    def release(self) -> None:
        """Give back the memory of rows that stay in a file."""
        for release in self.releases:
            release()

    @property
    def unit(self) -> float:
        """Weight of one number in the mean over outputs and steps."""
        return 1.0 / (int(self.n_steps.sum()) * self.rows.shape[1])

    def draw(self, n_updates: int, step: int = 0) -> Tensor:  # (update, model, segment)
        """Return the rows at which the segments of the next batches start, from update `step` on.

        Until the next call windows keep their noise, which is that of `step` for every model.
        """
        if self.windows is not self.rows:
            for rows, windows, level in self.noisy:
                generator = torch.Generator(rows.device).manual_seed(step)
                torch.randn(rows.shape, generator=generator, out=windows)
                windows.mul_(level).add_(rows)
        starts = torch.stack([source.draw(n_updates) for source in self.sources], dim=1)
        starts = starts + self.first_row[:, None]
        segments = (starts.unsqueeze(-2) + self.segment_starts[:, None]).flatten(-2)
        return segments.to(self.rows.device)
