"""A network that is told before every step where it is: in a free run, by its own rows.

What was trained so knows one step from an inferred state, and nothing of the states that a longer
run would come by. Its free run is a map of rows, those that a state is inferred from, to the same
one step later, and this is the map whose tangents count.
"""

from functools import cached_property

import torch
from torch import Tensor, nn

from skchaos.core._cell import affine
from skchaos.core._compiled import is_compilable, run_closed
from skchaos.core._model import ForcedRNN
from skchaos.core._observation import Affine
from skchaos.core._unroll import kicked

N_AT_ONCE = 10_000  # steps of all orbits together, whose noise and inputs are in memory


class ClosedLoop:
    """A network, its weights fixed, as a map of rows.

    It stands where a :class:`ForcedRNN` does in free runs.

    A state holds rows, oldest first, one after another. Before them there is room for what inputs
    add to the hidden part of the inferred state, which :func:`kicked` fills, if there are inputs.

    Parameters
    ----------
    model : ForcedRNN
        One network, or a stack of them.
    at : Tensor of shape (delay,)
        Numbers of the rows of a window among those of a state, the last of which is the last one.
    """

    def __init__(self, model: ForcedRNN, at: Tensor) -> None:
        self.model, self.n_features = model, model.n_features
        self.at = at.to(next(model.parameters()).device)
        self.kick_size = 0 if model.drive is None else model.cell.hidden_size

    @property
    def cell(self) -> "ClosedLoop":
        """The map whose tangents count: this one."""
        return self

    def kicks(self, inputs: Tensor | None) -> Tensor | None:
        """Return what inputs add to the inferred state before each step."""
        return self.model.kicks(inputs)

    def infer(
        self,
        rows: Tensor,  # ([model,] batch, row, feature)
    ) -> Tensor:  # ([model,] batch, state)
        """Return the state that rows are."""
        return nn.functional.pad(rows.flatten(-2), (self.kick_size, 0))

    def step(
        self,
        state: Tensor,  # ([model,] batch, state)
    ) -> tuple[Tensor, Tensor]:  # outputs ([model,] batch, output), next state
        """Read out one step, whose row is then the last one of the state."""
        outputs, _ = self.model.step(self._begun(state))
        return outputs, self._moved(state, outputs)

    @torch.no_grad()
    def free_run(
        self,
        state: Tensor,  # ([model,] batch, state)
        n_steps: int,
        inputs: Tensor | None = None,  # ([model,] time, batch, input)
        noise: Tensor | None = None,  # ([model,] time, batch, feature)
    ) -> tuple[Tensor, Tensor]:  # rows ([model,] time, batch, feature), last state
        """Continue from `state` and return the series' own columns, in standardised units.

        Noise is added to each row before the next one is told by it.
        """
        kicks, run = self.kicks(inputs), []
        if is_compilable(self.model.cell, state) and isinstance(self.model.readout, Affine):
            return self._run_compiled(state, n_steps, kicks, noise)
        for step in range(n_steps):
            if kicks is not None:
                state = kicked(state, kicks[..., step, :, :])
            outputs, _ = self.model.step(self._begun(state))
            row = outputs[..., : self.n_features]
            run.append(row if noise is None else row + noise[..., step, :, :])
            state = self._moved(state, run[-1])
        return torch.stack(run, dim=-3), state

    def noisy_run(
        self,
        state: Tensor,  # ([model,] batch, state)
        n_steps: int,
        pool: Tensor,  # ([model,] innovation, feature)
        generator: torch.Generator,
        inputs: Tensor | None = None,  # ([model,] time, batch, input)
    ) -> Tensor:  # ([model,] time, batch, feature)
        """Continue from `state` with noise that is drawn from a pool, as whole rows of it.

        Where rows hold noise that drives what follows, a run without it dies. `generator` is one
        on the CPU; the models of a stack draw alike.
        """
        n_orbits, run = state.shape[-2], []
        at_once = max(1, N_AT_ONCE // n_orbits)
        for first in range(0, n_steps, at_once):
            size = min(at_once, n_steps - first)
            drawn = torch.randint(pool.shape[-2], (size, n_orbits), generator=generator)
            acting = None if inputs is None else inputs[..., first : first + size, :, :]
            noise = pool[..., drawn.to(pool.device), :]
            rows, state = self.free_run(state, size, acting, noise)
            run.append(rows)
        return torch.cat(run, dim=-3)

    def _run_compiled(
        self, state: Tensor, n_steps: int, kicks: Tensor | None, noise: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        readout, n_features = self.model.readout, self.n_features
        run = run_closed(
            self.model.cell,
            (readout.weight[..., :n_features, :], readout.bias[..., :n_features]),
            self._inference,
            self.at,
            self._rows(state[..., self.kick_size :]).transpose(-3, -2),
            n_steps,
            kicks,
            noise,
        )
        n_kept = run.shape[-3] - n_steps
        return run[..., n_kept:, :, :], self.infer(run[..., n_steps:, :, :].transpose(-3, -2))

    def tangent(
        self,
        state: Tensor,  # (..., state)
        frame: Tensor,  # (..., vector, state)
    ) -> tuple[Tensor, Tensor]:  # the same, one step later
        """Advance a state and tangent vectors at it, of one network."""
        model = self.model
        latent, moved = model.cell.tangent(self._begun(state), self._begun_frame(frame))
        hidden = model.cell.hidden(latent)
        seen = moved[..., : model.cell.hidden_size] @ self._readout_slope
        return self._moved(state, model.readout(hidden)), self._moved(frame, seen)

    def _begun(self, state: Tensor) -> Tensor:
        kick, rows = state.tensor_split([self.kick_size], dim=-1)
        latent = affine(self._window(rows).flatten(-2), *self._inference)
        return kicked(latent, kick) if self.kick_size else latent

    def _begun_frame(self, frame: Tensor) -> Tensor:
        kick, rows = frame.tensor_split([self.kick_size], dim=-1)
        latent = self._window(rows).flatten(-2) @ self._inference[0].mT
        return kicked(latent, kick) if self.kick_size else latent

    def _window(self, rows: Tensor) -> Tensor:
        return self._rows(rows)[..., self.at, :]

    def _rows(self, flat: Tensor) -> Tensor:  # (..., row, feature)
        return flat.unflatten(-1, (-1, self.n_features))

    @cached_property
    def _inference(self) -> tuple[Tensor, Tensor]:  # ([model,] state, window), ([model,] state)
        return self.model.inference(self.model.readout)

    @cached_property
    def _readout_slope(self) -> Tensor:  # (hidden, feature)
        axes = torch.eye(self.model.cell.hidden_size).to(next(self.model.parameters()))
        return (self.model.readout(axes) - self.model.readout(0 * axes))[:, : self.n_features]

    def _moved(self, state: Tensor, following: Tensor) -> Tensor:
        rows = state[..., self.kick_size + self.n_features :]
        ahead = torch.cat([rows, following[..., : self.n_features]], dim=-1)
        return nn.functional.pad(ahead, (self.kick_size, 0))
