"""A map given as a function: its tangent by forward-mode differentiation."""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd import forward_ad

NUDGE = 6e-6  # cube root of float64's precision: the best step of a central difference
SLACK = 1e-2  # share by which a difference may miss a derivative: kinks, curvature

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
            # At the first dual number torch loads its rules by a function that it deprecates itself
            # (torch 2.13). Drop this when torch does.
            warnings.simplefilter("ignore", DeprecationWarning)
            with forward_ad.dual_level():
                forward_ad.make_dual(torch.zeros(1), torch.ones(1))

    def tangent(
        self,
        state: Tensor,  # (..., state)
        frame: Tensor,  # (..., vector, state)
    ) -> tuple[Tensor, Tensor]:  # the same, one step later
        """Advance a state and tangent vectors at it."""
        # Dual numbers rather than torch.func.jvp: a step may then look at values as it likes,
        # where torch.func dies of a segmentation fault at `x.detach().numpy()` (torch 2.13).
        with forward_ad.dual_level():
            copies = state.unsqueeze(-2).expand_as(frame).contiguous()
            ahead = self.step(forward_ad.make_dual(copies, frame))
            value, moved = forward_ad.unpack_dual(ahead)
        if moved is None:
            raise TypeError(_NOT_DIFFERENTIABLE + "its result carries no derivative.")
        return value[..., 0, :], moved

    @torch.no_grad()
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
        nudge = NUDGE * states.abs().amax(dim=0).clamp(min=NUDGE)  # by feature, for their units
        try:
            self._check_value(states, self.step(states))
            _, moved = self.tangent(states, nudge.expand_as(states).unsqueeze(-2))
        except (RuntimeError, NotImplementedError) as error:
            raise TypeError(_NOT_DIFFERENTIABLE + str(error).splitlines()[0]) from error
        difference = (self.step(states + nudge) - self.step(states - nudge)) / 2
        missed = (difference - moved[..., 0, :]).norm(dim=-1)
        if (missed > SLACK * difference.norm(dim=-1)).sum() > len(states) / 2:
            raise TypeError(
                _NOT_DIFFERENTIABLE + "its derivative is not that of its finite differences."
            )

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
