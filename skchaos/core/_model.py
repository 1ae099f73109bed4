"""The model that is trained: inference of a state, recurrence, readout."""

import torch
from torch import Tensor, nn

from skchaos.core._cell import affine
from skchaos.core._cells import make_cell
from skchaos.core._observation import (
    Affine,
    Drive,
    FirstUnits,
    IdentityReadout,
    PseudoInverse,
    WindowEncoder,
)
from skchaos.core._unroll import unroll, unroll_forced


class ForcedRNN(nn.Module):
    """A recurrent network whose state is set from data and read out by an affine map.

    Parameters
    ----------
    cell : str
        Recurrent cell, a key of :data:`skchaos.core.CELLS`.
    hidden_size : int
        Units that the readout sees.
    n_features : int
        Columns of the series.
    n_targets : int
        Further columns that the readout gives beside the series.
    inference : {"window", "pseudo_inverse", "identity"}
        How a state is inferred from data. With "identity" the first units are the columns.
    n_delays : int
        Rows in the window that a state is inferred from.
    n_rectified : int
        Rectifiers of a cell that leaves their number open; 0 for the usual one.
    n_inputs : int
        Known inputs, which kick the hidden part of the state before each step.
    """

    def __init__(
        self,
        cell: str,
        hidden_size: int,
        *,
        n_features: int,
        n_targets: int = 0,
        inference: str = "window",
        n_delays: int = 1,
        n_rectified: int = 0,
        n_inputs: int = 0,
    ) -> None:
        super().__init__()
        self.n_features = n_features
        self.cell = make_cell(cell, hidden_size, n_rectified)
        self.readout: nn.Module
        self.inference: nn.Module
        state_size = self.cell.state_size
        if inference == "identity":
            self.readout = IdentityReadout(hidden_size, n_features, n_targets)
            self.inference = FirstUnits(n_delays, n_features, state_size)
        else:
            self.readout = Affine(hidden_size, n_features + n_targets)
            if inference == "window":
                self.inference = WindowEncoder(n_delays, n_features, state_size)
            else:
                self.inference = PseudoInverse(n_features, hidden_size, state_size)
        self.drive = Drive(n_inputs, hidden_size) if n_inputs else None

    def infer(
        self,
        windows: Tensor,  # ([model,] batch, delay, feature)
    ) -> Tensor:  # ([model,] batch, state)
        """Return the state at the last row of each window."""
        return affine(windows.flatten(-2), *self.inference(self.readout))

    def kicks(
        self,
        inputs: Tensor | None,  # ([model,] time, batch, input)
    ) -> Tensor | None:  # ([model,] time, batch, hidden)
        """Return what inputs add to the hidden part of the state before each step."""
        return None if self.drive is None or inputs is None else self.drive(inputs)

    def forward(
        self,
        windows: Tensor,  # ([model,] batch, delay, feature)
        n_steps: int,
        inputs: Tensor | None = None,  # ([model,] time, batch, input)
    ) -> Tensor:  # ([model,] time, batch, output)
        """Read out `n_steps` free-running steps that begin after each window."""
        hidden, _ = unroll(self.cell, self.infer(windows), n_steps, self.kicks(inputs))
        return self.readout(hidden)

    def follow(
        self,
        windows: Tensor,  # ([model,] time, batch, delay, feature)
        gate: Tensor,  # ([model,] time)
        inputs: Tensor | None = None,  # ([model,] time, batch, input)
    ) -> Tensor:  # ([model,] time, batch, output)
        """Read out steps before each of which the data act on the state, as the gate says.

        The window of a step ends at the row that the step begins from.
        """
        _, after = self._followed(windows, gate, inputs)
        return self.readout(self.cell.hidden(after))

    def forced_states(
        self,
        windows: Tensor,  # ([model,] time, batch, delay, feature)
        gate: Tensor,  # ([model,] time)
        inputs: Tensor | None = None,  # ([model,] time, batch, input)
    ) -> Tensor:  # ([model,] time, batch, state)
        """Return the states that the steps of :meth:`follow` begin from."""
        return self._followed(windows, gate, inputs)[0]

    def _followed(
        self, windows: Tensor, gate: Tensor, inputs: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        inferred, kicks = self.infer(windows), self.kicks(inputs)
        return unroll_forced(self.cell, inferred, gate, self.inference.forced(inferred), kicks)

    def step(
        self,
        state: Tensor,  # ([model,] batch, state)
    ) -> tuple[Tensor, Tensor]:  # outputs ([model,] batch, output), next state
        """Read out one step, before which inputs have acted."""
        state = self.cell(state)
        return self.readout(self.cell.hidden(state)), state

    @torch.no_grad()
    def free_run(
        self,
        state: Tensor,  # ([model,] batch, state)
        n_steps: int,
        inputs: Tensor | None = None,  # ([model,] time, batch, input)
    ) -> tuple[Tensor, Tensor]:  # rows ([model,] time, batch, feature), last state
        """Continue from `state` and return the series' own columns, in standardised units."""
        hidden, state = unroll(self.cell, state, n_steps, self.kicks(inputs))
        return self.readout(hidden)[..., : self.n_features], state
