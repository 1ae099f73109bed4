"""A map given as a function: its tangent by forward-mode differentiation."""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor

Step = Callable[[Tensor], Tensor]  # (..., state) -> (..., state)


class FunctionMap:
    """A function of states, with what :func:`skchaos.core.tangent_dynamics` asks of a cell.

    Parameters
    ----------
    step : callable
        Takes states (..., state) to the next ones, by differentiable operations of torch.
    """

    def __init__(self, step: Step) -> None:
        self.step = step
        with warnings.catch_warnings():
            # At the first jvp torch loads its rules by a function that it deprecates itself
            # (torch 2.13). Drop this when torch does.
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.func.jvp(torch.sin, (torch.zeros(1),), (torch.ones(1),))

    def tangent(
        self,
        state: Tensor,  # (..., state)
        frame: Tensor,  # (..., vector, state)
    ) -> tuple[Tensor, Tensor]:  # the same, one step later
        """Advance a state and tangent vectors at it."""

        def push(vector: Tensor) -> tuple[Tensor, Tensor]:
            return torch.func.jvp(self.step, (state,), (vector,))

        return torch.func.vmap(push, in_dims=-2, out_dims=(None, -2))(frame)

    def check(
        self,
        states: Tensor,  # (orbit, state)
    ) -> None:
        """Raise where the function is not a differentiable map of `states` to states.

        Raises
        ------
        TypeError
            If it does not return a tensor of the dtype and on the device of `states`, or what it
            returns cannot be differentiated by torch.
        ValueError
            If the shape it returns is another, or a value is not finite.
        """
        with torch.enable_grad():  # before jvp, which an escape to numpy can crash
            ahead = self._differentiable(lambda: self.step(states.clone().requires_grad_()))
        self._check_value(states, ahead)
        if not ahead.requires_grad:
            raise TypeError(_NOT_DIFFERENTIABLE + "its result does not depend on its argument.")
        self._differentiable(lambda: self.tangent(states, states.unsqueeze(-2)))

    def _differentiable(self, call: Callable) -> Tensor:
        try:
            return call()
        except (RuntimeError, NotImplementedError) as error:
            raise TypeError(_NOT_DIFFERENTIABLE + str(error).splitlines()[0]) from error

    def _check_value(self, states: Tensor, ahead: Tensor) -> None:
        if not isinstance(ahead, Tensor):
            raise TypeError(
                f"The map returns {type(ahead).__name__}; it must return a torch tensor of states."
            )
        if ahead.shape != states.shape:
            raise ValueError(
                f"The map takes states of shape {tuple(states.shape)} to {tuple(ahead.shape)}; it "
                "must keep the shape (..., n_features): index features by [..., i], stack along -1."
            )
        if (ahead.dtype, ahead.device) != (states.dtype, states.device):
            raise TypeError(
                f"The map takes {states.dtype} on {states.device} to {ahead.dtype} on "
                f"{ahead.device}; it must keep both: a module by .double() and .cpu()."
            )
        finite = ahead.isfinite().all(dim=-1)
        if not finite.all():
            raise ValueError(
                f"The map takes {states[~finite][0].tolist()} to {ahead[~finite][0].tolist()}; "
                "it must be finite on the rows of X, which are its states."
            )


_NOT_DIFFERENTIABLE = (
    "The map cannot be differentiated by torch; write it in operations of torch alone, without "
    "detach, item or numpy: "
)
