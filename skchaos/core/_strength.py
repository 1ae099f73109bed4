"""How strongly data must act on the state for gradients to stay bounded."""

from copy import deepcopy

import torch
from torch import Tensor

from skchaos.core._model import ForcedRNN
from skchaos.core._sequences import Batches
from skchaos.core._stack import Stack

N_STATES = 32  # whose Jacobians are looked at, of each model


@torch.no_grad()
def bounding_strengths(
    stack: Stack,
    batches: Batches,
    starts: Tensor,  # (model, segment)
) -> Tensor:  # (model,)
    """Return the least strength at which gradients along the orbits of a batch do not grow.

    It is nan of a model whose Jacobians are not finite.

    At every step they meet (1 - strength) J, J the Jacobian of the cell. Where 1 - strength is one
    over the geometric mean of the norms of J the product stays bounded (Hess et al. 2023,
    with the mean over the batch in place of a maximum, which single states would dominate).
    """
    (windows, _), inputs = batches.take(starts), batches.take_inputs(starts)
    states = stack.model.forced_states(windows, batches.gate, inputs)
    n_models, n_states = len(states), states[0, ..., 0].numel()
    at = torch.linspace(0, n_states - 1, min(N_STATES, n_states)).long()
    chosen = states.reshape(n_models, n_states, -1)[:, at]
    one = deepcopy(stack.like).to(states.device)
    return torch.stack(
        [
            _bounding_strength(one, weights, own)
            for weights, own in zip(stack.values, chosen, strict=True)
        ]
    )


def _bounding_strength(model: ForcedRNN, weights: Tensor, states: Tensor) -> Tensor:
    torch.nn.utils.vector_to_parameters(weights, model.parameters())
    jacobians = model.cell.jacobian(states)
    finite = jacobians.isfinite()
    # torch raises at norms of what is not finite.
    norms = torch.linalg.matrix_norm(jacobians.where(finite, 0.0), ord=2)
    strength = (1 - 1 / norms.log().mean().exp()).clamp(min=0.0)
    return strength.where(finite.all(), torch.nan)
