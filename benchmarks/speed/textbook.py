"""The paper's algorithm as one would write it from the paper, to measure against.

Mikhaeil, Monfared & Durstewitz, NeurIPS 2022: a sequence is run step by step with one library
cell call a step; every `interval` steps the hidden state is replaced by the pseudo-inverse of the
readout applied to the present row (eqs. 9 and 10); Adam. No rows are fed to the cell: the
recurrence is autonomous. All states of a batch are read out at once.
"""

import torch
from torch import Tensor, nn


class PLRNNCell(nn.Module):
    """z' = a z + W max(z, 0) + h, with zero diagonal in W (there is no library cell)."""

    def __init__(self, n_units: int) -> None:
        super().__init__()
        self.decay = nn.Parameter(torch.empty(n_units).uniform_(0.5, 0.9))
        self.weight = nn.Parameter(torch.empty(n_units, n_units).uniform_(-1, 1) * n_units**-0.5)
        self.bias = nn.Parameter(torch.zeros(n_units))
        self.register_buffer("off_diagonal", 1 - torch.eye(n_units))

    def forward(self, z: Tensor) -> Tensor:
        return self.decay * z + torch.relu(z) @ (self.weight * self.off_diagonal).T + self.bias


LIBRARY = {"elman": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}


class Textbook(nn.Module):
    """Recurrent network with an affine readout, run sequence by sequence."""

    def __init__(self, cell: str, n_units: int, n_features: int) -> None:
        super().__init__()
        self.cell = LIBRARY[cell](1, n_units) if cell in LIBRARY else PLRNNCell(n_units)
        self.readout = nn.Linear(n_units, n_features)

    def step(self, state, nothing: Tensor):
        return self.cell(state) if isinstance(self.cell, PLRNNCell) else self.cell(nothing, state)

    def forced(self, row: Tensor):
        inverse = torch.linalg.pinv(self.readout.weight)
        hidden = (row - self.readout.bias) @ inverse.T
        return (hidden, torch.zeros_like(hidden)) if isinstance(self.cell, nn.LSTMCell) else hidden

    def forward(self, sequences: Tensor, interval: int) -> Tensor:  # (batch, time, feature), both
        nothing = sequences.new_zeros(len(sequences), 1)
        hidden = []
        for t in range(sequences.shape[1]):
            if t % interval == 0:
                state = self.forced(sequences[:, t])
            state = self.step(state, nothing)
            hidden.append(state[0] if isinstance(state, tuple) else state)
        return self.readout(torch.stack(hidden, dim=1))

    @torch.no_grad()
    def free_run(self, row: Tensor, n_steps: int) -> Tensor:  # (batch, time, feature)
        """Continue from rows (batch, feature)."""
        state, nothing, hidden = self.forced(row), row.new_zeros(len(row), 1), []
        for _ in range(n_steps):
            state = self.step(state, nothing)
            hidden.append(state[0] if isinstance(state, tuple) else state)
        return self.readout(torch.stack(hidden, dim=1))


class Training:
    """Random sequences and Adam."""

    def __init__(self, model: Textbook, rows: Tensor, *, interval, length, batch_size, seed, rate):
        self.model, self.rows, self.interval = model, rows, interval
        self.length, self.batch_size = length, batch_size
        self.generator = torch.Generator().manual_seed(seed)
        self.optimizer = torch.optim.Adam(model.parameters(), lr=rate)

    def update(self) -> None:
        n_starts = len(self.rows) - self.length
        start = torch.randint(n_starts, (self.batch_size,), generator=self.generator)
        sequences = self.rows[start[:, None] + torch.arange(self.length + 1)]
        outputs = self.model(sequences[:, :-1], self.interval)
        loss = nn.functional.mse_loss(outputs, sequences[:, 1:])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
