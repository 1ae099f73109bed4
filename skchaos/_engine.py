"""A model behind numpy arrays: where the shell's words and the core's words meet.

Shell: rows in the units of the data, float64. Core: standardised windows and states on a device.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from skchaos._filter import WindowFilter
from skchaos._network import new_network, weights_of
from skchaos._rows import without_inputs
from skchaos._series import NO_COLUMNS, Scaling
from skchaos.core import (
    ClosedLoop,
    DrivenMap,
    ForcedRNN,
    TangentDynamics,
    TangentMap,
    growth_along,
    kicked,
    make_cell,
    tangent_dynamics,
)

if TYPE_CHECKING:
    from skchaos._regressor import ChaoticRNNRegressor

# Rows, or steps of all orbits together, handled at once: it bounds the memory of long calls, and
# what a step leaves is still in the cache when it is read out.
CHUNK = 10_000


def resolve_device(device: str) -> torch.device:
    """Return the torch device that `device` names; "auto" is a CUDA GPU where there is one.

    Raises
    ------
    ValueError
        If it is neither "auto" nor a CPU or CUDA device.
    RuntimeError
        If a GPU is asked for that is not there.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.partition(":")[0] not in ("cpu", "cuda"):  # others lack float64, or hold no numbers
        raise ValueError(
            f"device={device!r} is not one to compute on: use 'auto' (a CUDA GPU where there is "
            "one), 'cpu', 'cuda' or 'cuda:1'."
        )
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise RuntimeError(
            f"device={device!r} is not available here ({str(error).splitlines()[0]}). Use "
            "device='auto' (a GPU where there is one) or device='cpu'."
        ) from error
    return torch.device(device)


def state_size(cell: str, n_hidden: int) -> int:
    """Return the length of the state of a model."""
    return make_cell(cell, n_hidden).state_size


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: the products are small, and the order of sums stays the same."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def free_run(
    model: ForcedRNN | ClosedLoop,
    states: Tensor,  # ([model,] orbit, state)
    n_steps: int,
    n_transient: int = 0,
    inputs: Tensor | None = None,  # ([model,] orbit, step, input), of all steps
) -> tuple[np.ndarray, Tensor]:  # rows ([model,] orbit, step, feature), last states
    """Continue `states` in standardised units, after steps that are not kept."""
    kept = np.empty(0)
    at_once = max(1, CHUNK // states.shape[:-1].numel())
    for first in range(0, n_transient + n_steps, at_once):
        last = min(first + at_once, n_transient + n_steps)
        acting = None if inputs is None else inputs[..., first:last, :].transpose(-3, -2)
        rows, states = model.free_run(states, last - first, acting)
        rows = rows[..., max(0, n_transient - first) :, :, :].transpose(-3, -2).cpu().numpy()
        if kept.size == 0:
            kept = np.empty((*rows.shape[:-2], n_steps, rows.shape[-1]), rows.dtype)
        begin = max(0, first - n_transient)
        kept[..., begin : begin + rows.shape[-2], :] = rows
    return kept, states


def innovations(
    model: ForcedRNN,
    rows: Tensor,  # ([model,] innovation, row, feature and input)
    at: Tensor,  # (delay,)
) -> Tensor:  # ([model,] innovation, feature)
    """Return what the last of some rows has that the window before it does not tell."""
    n_features = model.n_features
    acting = rows[..., -2, n_features:].unsqueeze(-3)
    with torch.no_grad():
        foreseen = model(rows[..., at, :n_features], 1, acting).squeeze(-3)[..., :n_features]
    return rows[..., -1, :n_features] - foreseen


def sized(
    of_trained: Tensor,  # ([model,] innovation, feature)
    of_held_out: Tensor,  # ([model,] innovation, feature)
) -> Tensor:  # ([model,] innovation, feature)
    """Bring innovations of trained rows to the size of those of rows set aside, if there are any.

    A model knows the rows it was trained on too well. Sizes are medians, since one rare event among
    the others is not the size of all.
    """
    if of_held_out.shape[-2] == 0:
        return of_trained
    seen, unseen = (x.abs().median(-2, keepdim=True).values for x in (of_trained, of_held_out))
    return of_trained * (unseen / seen).where((seen > 0) & (unseen > 0), 1.0)


class Engine:
    """Inference and free runs of a model, in the units of the data.

    Rows that it takes have all columns that the model was fitted on, inputs among them.

    Parameters
    ----------
    model : ForcedRNN
        On its device, in its precision.
    scaling : Scaling
        Of the columns that are not inputs.
    offsets : ndarray of shape (n_delays,)
        Rows of a window relative to its last one, ascending, ending in 0.
    is_closed : bool
        Whether each step of a free run begins from the rows before it (see :class:`ClosedLoop`).
    pool : ndarray of shape (n_innovations, n_features), optional
        Standardised innovations that free runs carry.
    input_scaling : Scaling, optional
        Of the inputs.
    input_columns : ndarray of shape (n_inputs,), optional
        Where they stand in a row.
    noise_filter : WindowFilter, optional
        What takes noise from windows.
    """

    def __init__(
        self,
        model: ForcedRNN,
        scaling: Scaling,
        offsets: np.ndarray,
        is_closed: bool = False,
        pool: np.ndarray | None = None,
        input_scaling: Scaling | None = None,
        input_columns: np.ndarray = NO_COLUMNS,
        noise_filter: WindowFilter | None = None,
    ) -> None:
        self.model, self.scaling, self.input_scaling = model, scaling, input_scaling
        self.offsets, self.pool, self.input_columns = offsets, pool, input_columns
        self.kept, self.dynamics = offsets, model  # rows that make a state, and what moves it
        if is_closed:
            self.kept = np.arange(offsets[0], 1)
            self.dynamics = ClosedLoop(model, torch.as_tensor(offsets - offsets[0]))
        self.noise_filter = noise_filter
        parameter = next(model.parameters())
        self.device, self.dtype = parameter.device, parameter.dtype

    @property
    def span(self) -> int:
        """Steps from the first to the last row that a state is inferred from."""
        of_filter = 0 if self.noise_filter is None else self.noise_filter.span
        return max(-int(self.offsets[0]), of_filter)

    @property
    def state_size(self) -> int:
        """Numbers that make a state."""
        if self.dynamics is self.model:
            return self.model.cell.state_size
        return len(self.kept) * self.model.n_features

    @property
    def n_inputs(self) -> int:
        """Columns of a row that are inputs."""
        return len(self.input_columns)

    def _standard(self, rows: np.ndarray) -> np.ndarray:
        return self.scaling.apply(without_inputs(rows, self.input_columns))

    def _infer(self, rows: np.ndarray, at: np.ndarray) -> Tensor:  # (window, state)
        """Infer states at some of standardised rows; before the first stands the first again."""
        windows = rows[np.clip(at[:, None] + self.kept, 0, None)]
        is_known = at >= self.span
        if self.noise_filter is not None and is_known.any():
            windows[is_known] = self.noise_filter.apply(rows, at[is_known], windows[is_known])
        return self.dynamics.infer(self._kept(windows))

    def inputs_of(self, rows: np.ndarray) -> Tensor | None:  # (..., input)
        """Return standardised inputs, if there are any."""
        return self.standard_inputs(rows[..., self.input_columns]) if self.n_inputs else None

    def standard_inputs(self, inputs: np.ndarray) -> Tensor:  # (..., input)
        """Standardise inputs alone."""
        return self._kept(self.input_scaling.apply(inputs))

    def _kept(self, values: np.ndarray) -> Tensor:
        # A copy in memory of torch's own: the last bits of a product depend on how numbers lie.
        return torch.tensor(values, dtype=self.dtype, device=self.device)

    @one_thread()
    @torch.no_grad()
    def states(self, rows: np.ndarray) -> Tensor:  # (row, state)
        """Infer the state at every row; before the first row stands the first row again."""
        return self._infer(self._standard(rows), np.arange(len(rows)))

    @torch.no_grad()
    def kicked_states(self, rows: np.ndarray) -> Tensor:  # (row, state)
        """Return the states from which the steps after each row begin, inputs having acted."""
        states, inputs = self.states(rows), self.inputs_of(rows)
        return states if inputs is None else kicked(states, self.model.drive(inputs))

    @one_thread()
    @torch.no_grad()
    def final_states(self, contexts: np.ndarray) -> Tensor:  # (context, state)
        """Infer the state at the end of contexts of shape (n_contexts, n_rows, n_features)."""
        rows = self._standard(contexts[:, -self.span - 1 :])
        n_contexts, n_rows, n_features = rows.shape
        ends = np.arange(1, n_contexts + 1) * n_rows - 1
        return self._infer(rows.reshape(-1, n_features), ends)

    @one_thread()
    @torch.no_grad()
    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Return what one step from every row reads out, standardised: (n_rows, n_outputs)."""
        outputs = []
        for first in range(0, len(rows), CHUNK):
            lead = max(0, first - self.span)
            states = self.kicked_states(rows[lead : first + CHUNK])[first - lead :]
            outputs.append(self.dynamics.step(states)[0])
        return torch.cat(outputs).double().cpu().numpy()

    @one_thread()
    def free_run(self, states: Tensor, n_steps: int, inputs: Tensor | None = None) -> np.ndarray:
        """Continue `states` to (n_states, n_steps, n_features) in the units of the data."""
        return self.scaling.undo(free_run(self.dynamics, states, n_steps, inputs=inputs)[0])

    @one_thread()
    def innovations(self, trained: np.ndarray, held_out: np.ndarray) -> np.ndarray:
        """Return innovations of trained rows, of shape (n_rows, n_window + 1, n_columns).

        They have the size of those of `held_out`, standardised rows set aside.
        """
        at = torch.as_tensor(self.span + self.offsets)
        found = (innovations(self.model, self._kept(rows), at) for rows in (trained, held_out))
        return sized(*found).cpu().numpy()

    @one_thread()
    def noisy_run(
        self,
        contexts: np.ndarray,
        n_steps: int,
        n_transient: int = 0,
        seed: int = 0,
        inputs: Tensor | None = None,
    ) -> np.ndarray:
        """Continue contexts with innovations, standardised, after steps that are not kept.

        The run has shape (n_contexts, n_steps, n_features).
        """
        acting = None if inputs is None else inputs.transpose(0, 1)
        run = self.dynamics.noisy_run(
            self.final_states(contexts),
            n_transient + n_steps,
            self._kept(self.pool),
            torch.Generator().manual_seed(seed),
            acting,
        )
        return run[n_transient:].transpose(0, 1).cpu().numpy()

    @one_thread()
    def settle(
        self, states: Tensor, n_steps: int, n_transient: int, inputs: Tensor | None = None
    ) -> tuple[np.ndarray, Tensor]:
        """Return standardised rows (n_states, n_steps, n_features) after a transient, and states.

        The states are those at the end.
        """
        return free_run(self.dynamics, states, n_steps, n_transient, inputs)

    @one_thread()
    def tangent(
        self,
        states: Tensor,
        n_steps: int,
        *,
        n_exponents: int,
        n_transient: int,
        inputs: Tensor | None = None,
    ) -> TangentDynamics:
        """Follow tangent frames along free orbits (see :func:`skchaos.core.tangent_dynamics`)."""
        cell: TangentMap = self.dynamics.cell
        if inputs is not None:
            with torch.no_grad():
                cell = DrivenMap(cell, self.model.drive(inputs.transpose(0, 1)))
            states = cell.begin(states)
        return tangent_dynamics(
            cell, states, n_steps, n_exponents=n_exponents, n_transient=n_transient
        )

    @one_thread()
    def local_growth(self, states: Tensor, n_exponents: int) -> np.ndarray:
        """Return the growth of tangent vectors along given states (see `growth_along`)."""
        return growth_along(self.dynamics.cell, states, n_exponents).cpu().numpy()


def restore(estimator: "ChaoticRNNRegressor") -> Engine:
    """Rebuild the fitted model in float64 from the attributes of the estimator."""
    model = new_network(
        estimator.cell_,
        estimator.n_hidden_,
        n_features=len(estimator.mean_) - len(estimator.input_columns_),
        n_targets=len(estimator.target_mean_),
        inference=estimator.state_inference_,
        n_delays=estimator.n_delays_,
        n_rectified=estimator.n_rectified_,
        n_inputs=len(estimator.input_columns_),
        weights=weights_of(estimator),
    ).double()
    offsets = (np.arange(estimator.n_delays_) + 1 - estimator.n_delays_) * estimator.delay_
    at = estimator.input_columns_
    input_scaling = Scaling(estimator.mean_[at], estimator.scale_[at])
    scaling = Scaling(np.delete(estimator.mean_, at), np.delete(estimator.scale_, at))
    carries = len(estimator.innovations_) > 0 and bool(estimator.process_noise)  # also numpy's
    pool = estimator.innovations_ if carries else None
    model = model.to(resolve_device(estimator.device))
    packed = estimator.noise_filter_
    noise_filter = WindowFilter(**packed) if packed else None
    return Engine(
        model,
        scaling,
        offsets,
        estimator.closed_loop_,
        pool,
        input_scaling,
        at,
        noise_filter,
    )
