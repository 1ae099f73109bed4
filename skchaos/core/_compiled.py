"""Where there are compiled loops, and free runs by them; on a CPU, needs numba."""

import functools
import importlib.util
import itertools
import os
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from skchaos.core._cell import Cell
from skchaos.core._cells import GRU, LSTM, PLRNN, Elman

# The parameter that a cell has beside weight and bias.
_EXTRA = {Elman: "", PLRNN: "decay", GRU: "candidate_bias", LSTM: ""}


@functools.cache
def has_compiler() -> bool:
    """Tell whether numba, which is optional, is installed and works."""
    if importlib.util.find_spec("numba") is None:
        return False
    try:
        importlib.import_module("numba")
    except ImportError as error:  # such as one that is older than the numpy beside it
        warnings.warn(
            f"numba is installed and cannot be imported ({error}): models are trained without it, "
            "which takes several times as long. Install a version that suits.",
            stacklevel=2,
        )
        return False
    return True


def has_loops(kind: type[Cell]) -> bool:
    """Tell whether compiled loops were written for a cell."""
    return kind in _EXTRA


def is_compilable(cell: Cell, like: Tensor) -> bool:
    """Tell whether there are compiled loops for a cell, and for tensors like this one."""
    known = has_loops(type(cell)) and has_compiler()
    return known and like.device.type == "cpu" and like.dtype in (torch.float32, torch.float64)


def parameters_of(cell: Cell) -> list[Tensor]:
    """Return weight, bias and extra, which may be empty, in the order that the loops want."""
    extra = _EXTRA[type(cell)]
    return [cell.weight, cell.bias, getattr(cell, extra) if extra else cell.bias[..., :0]]


def kind_of(cell: Cell) -> int:
    """Return the number of a cell in the loops."""
    from skchaos.core import _loops as loops

    kinds = {Elman: loops.ELMAN, PLRNN: loops.PLRNN, GRU: loops.GRU, LSTM: loops.LSTM}
    return kinds[type(cell)]


def for_models(n_models: int, n_threads: int, work: Callable[[slice], None]) -> None:
    """Do the work of several models, by more than one thread if there are more.

    The loops do not hold Python's lock. Whoever does the work of a model, its bits are the same.
    """
    n_parts = min(n_models, n_threads)
    if n_parts == 1:
        work(slice(None))
        return
    ends = [k * n_models // n_parts for k in range(n_parts + 1)]
    parts = [slice(*pair) for pair in itertools.pairwise(ends)]
    rest = [_threads().submit(work, part) for part in parts[1:]]
    work(parts[0])
    for one in rest:
        one.result()


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="skchaos")


if hasattr(os, "register_at_fork"):  # threads do not live on in a child
    os.register_at_fork(after_in_child=_threads.cache_clear)


@torch.no_grad()
def run(
    cell: Cell,
    state: Tensor,  # ([model,] batch, state)
    n_steps: int,
    kicks: Tensor | None = None,  # ([model,] time, batch, hidden)
) -> tuple[Tensor, Tensor]:  # hidden ([model,] time, batch, hidden), last state
    """Run all orbits freely, but for kicks; no gradients."""
    from skchaos.core import _loops as loops

    weight, bias, extra = parameters_of(cell)
    if kicks is None:
        kicks = state.new_empty(*state.shape[:-2], 0, state.shape[-2], cell.hidden_size)
    parts = [weight.flatten(-2), bias, extra, kicks]
    if state.ndim == 2:
        parts, state = [part.unsqueeze(0) for part in parts], state.unsqueeze(0)
        hidden, last = _run(loops, cell, parts, state, n_steps)
        return hidden[0], last[0]
    return _run(loops, cell, parts, state, n_steps)


@torch.no_grad()
def run_closed(
    cell: Cell,
    readout: tuple[Tensor, Tensor],  # ([model,] feature, unit), ([model,] feature)
    inference: tuple[Tensor, Tensor],  # ([model,] state, delay * feature), ([model,] state)
    at: Tensor,  # (delay,)
    rows: Tensor,  # ([model,] row, orbit, feature)
    n_steps: int,
    kicks: Tensor | None = None,  # ([model,] time, orbit, unit)
    noise: Tensor | None = None,  # ([model,] time, orbit, feature)
) -> Tensor:  # ([model,] row + time, orbit, feature)
    """Continue rows, the last of which is the last of a window, each time from a new state.

    Noise is added to each row before the next one is told by it.
    """
    from skchaos.core import _loops as loops

    if kicks is None:
        kicks = rows.new_empty(*rows.shape[:-3], 0, *rows.shape[-2:-1], cell.hidden_size)
    n_rows = rows.shape[-3]
    run = rows.new_zeros(*rows.shape[:-3], n_rows + n_steps, *rows.shape[-2:])
    run[..., :n_rows, :, :] = rows
    if noise is not None:
        run[..., n_rows:, :, :] = noise
    parts = [*parameters_of(cell), *readout, *inference, kicks]
    if rows.ndim == 3:
        parts = [part.unsqueeze(0) for part in parts]
    *maps, kicks = (part.detach().contiguous().numpy() for part in parts)
    flat = [part.reshape(len(part), -1) for part in maps]
    groups = tuple(flat[:3]), tuple(flat[3:5]), tuple(flat[5:])
    shape = (-1, *run.shape[-3:])
    loops.run_closed(
        kind_of(cell), cell.hidden_size, *groups, at.cpu().numpy(), kicks, run.view(shape).numpy()
    )
    return run


def _run(loops, cell: Cell, parts: list[Tensor], state: Tensor, n_steps: int):
    arrays = [part.detach().contiguous().numpy() for part in parts]
    last = state.clone(memory_format=torch.contiguous_format)
    hidden = state.new_empty(len(state), n_steps, state.shape[1], cell.hidden_size)
    loops.run(kind_of(cell), cell.hidden_size, *arrays, last.numpy(), hidden.numpy())
    return hidden, last
