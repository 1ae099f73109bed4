"""Exponents of something with an equation: a fitted model, or a map written in torch."""

from collections.abc import Callable

import numpy as np
import scipy.stats
import torch
from torch import Tensor

from skchaos._engine import one_thread
from skchaos.core import FunctionMap, TangentDynamics, growth_along, tangent_dynamics

TWO_SIGMA = 0.9545  # share of a normal distribution within two standard errors


class MapEngine:
    """A map behind numpy arrays, as :class:`skchaos._engine.Engine` is a model: rows are states.

    Parameters
    ----------
    step : callable
        Takes float64 states (..., n_features) to the next ones.
    """

    n_inputs = 0
    span = 0  # steps of rows before the last that a state is inferred from

    def __init__(self, step: Callable[[Tensor], Tensor]) -> None:
        self.map = FunctionMap(step)

    def states(self, rows: np.ndarray) -> Tensor:  # (row, state)
        """Return the rows."""
        return torch.as_tensor(rows, dtype=torch.float64)

    kicked_states = states  # there is nothing to kick them

    def final_states(self, contexts: np.ndarray) -> Tensor:  # (context, state)
        """Return the last rows of contexts of shape (n_contexts, n_rows, n_features)."""
        return self.states(contexts[:, -1])

    @one_thread()
    def tangent(
        self, states: Tensor, n_steps: int, *, n_exponents: int, n_transient: int
    ) -> TangentDynamics:
        """Follow tangent frames along orbits (see :func:`skchaos.core.tangent_dynamics`)."""
        self.map.check(states)
        return tangent_dynamics(
            self.map, states, n_steps, n_exponents=n_exponents, n_transient=n_transient
        )

    @one_thread()
    def local_growth(self, states: Tensor, n_exponents: int) -> np.ndarray:
        """Return the growth of tangent vectors along given states (see `growth_along`)."""
        self.map.check(states)
        return growth_along(self.map, states, n_exponents).numpy()


def standard_errors(
    log_growth: np.ndarray,  # (block, orbit, exponent)
    block_lengths: np.ndarray,  # (block,)
) -> np.ndarray:  # (exponent,), per step
    """Return how far the mean exponents may be off, twice of which covers 95 %.

    The larger of two: the spread between orbits, widened by Student's factor for their number;
    and half the difference between the first and the second half of the orbits, for what all of
    them have in common, as where they run along one cycle or have not yet settled.
    """
    n_orbits, n_steps = log_growth.shape[1], block_lengths.cumsum()
    by_orbit = log_growth.sum(axis=0) / n_steps[-1]
    widened = scipy.stats.t.ppf((1 + TWO_SIGMA) / 2, n_orbits - 1) / 2
    between = widened * by_orbit.std(axis=0, ddof=1) / np.sqrt(n_orbits)
    first = int(np.searchsorted(n_steps, n_steps[-1] / 2)) + 1
    if first == len(n_steps):
        return between
    halves = [
        log_growth[part].mean(axis=1).sum(axis=0) / block_lengths[part].sum()
        for part in (slice(first), slice(first, None))
    ]
    return np.maximum(between, np.abs(halves[0] - halves[1]) / 2)
