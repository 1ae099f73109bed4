"""Batches of training sequences, drawn from the rows of one or more models."""

from collections.abc import Sequence

import torch
from torch import Tensor

from skchaos.core._config import TrainingConfig


class Sequences:
    """Random training sequences from one or more trajectories.

    Parameters
    ----------
    rows : Tensor of shape (row, feature)
        Trajectories one after the other, standardised.
    targets : Tensor of shape (row, target) or None
        Further values to read out of the state that follows each row.
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
        rows: Tensor,
        targets: Tensor | None,
        *,
        lengths: list[int],
        usable: list[int],
        offsets: Tensor,
        config: TrainingConfig,
    ) -> None:
        self.n_features = rows.shape[1]
        # Beside each row the targets of the row before it: what is read out of one and the same
        # state.
        self.table = rows if targets is None else torch.cat([rows, targets.roll(1, 0)], dim=1)
        self.offsets, self.config = offsets, config
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
    """

    def __init__(self, sources: Sequence[Sequences]) -> None:
        self.sources = sources
        first = sources[0]
        tables = {id(source.table): source.table for source in sources}
        self.table = first.table if len(tables) == 1 else torch.cat(list(tables.values()))
        lengths = torch.tensor([0, *(len(table) for table in tables.values())])
        starts = dict(zip(tables, lengths.cumsum(0).tolist(), strict=False))
        self.first_row = torch.tensor([starts[id(source.table)] for source in sources])
        config = first.config
        self.n_features, self.offsets = first.n_features, first.offsets
        self.segment_starts, n_steps = config.forcing.segments(config.sequence_length)
        # Segments of one length stand together.
        self.n_steps = n_steps.repeat_interleave(config.batch_size)

    @property
    def unit(self) -> float:
        """Weight of one squared error in the mean."""
        return 1.0 / (int(self.n_steps.sum()) * self.table.shape[1])

    def draw(self, n_updates: int) -> Tensor:  # (update, model, segment)
        """Return the rows at which the segments of the next batches start."""
        starts = torch.stack([source.draw(n_updates) for source in self.sources], dim=1)
        starts = starts + self.first_row[:, None]
        segments = (starts.unsqueeze(-2) + self.segment_starts[:, None]).flatten(-2)
        return segments.to(self.table.device)
