"""Free runs that carry noise: each step starts from the rows before it, as they came out.

Where rows hold noise that drives what follows, a run without it dies. The part of the next row that
a model does not foresee, its innovation, is drawn from those of the training rows.
"""

import torch
from torch import Tensor

from skchaos.core._model import ForcedRNN


@torch.no_grad()
def noisy_run(
    model: ForcedRNN,
    rows: Tensor,  # ([model,] orbit, row, feature)
    at: Tensor,  # (delay,)
    pool: Tensor,  # ([model,] innovation, feature)
    n_steps: int,
    generator: torch.Generator,
    inputs: Tensor | None = None,  # ([model,] orbit, step, input)
) -> Tensor:  # ([model,] time, orbit, feature)
    """Continue rows step by step, each time from the last of them and with a drawn innovation.

    Parameters
    ----------
    model : ForcedRNN
        One model, or a stack of them, which draw alike.
    rows : Tensor
        Rows to begin from, as many as a window reaches back.
    at : Tensor
        Numbers of the rows of a window among them.
    pool : Tensor
        Innovations to draw from, whole rows of them.
    n_steps : int
        Steps to go.
    generator : torch.Generator
        Of the draws, on the CPU.
    inputs : Tensor, optional
        What acts on each step.
    """
    run = []
    for step in range(n_steps):
        acting = None if inputs is None else inputs[..., step, :].unsqueeze(-3)
        drawn = torch.randint(pool.shape[-2], rows.shape[-3:-2], generator=generator)
        foreseen = model(rows[..., at, :], 1, acting).squeeze(-3)[..., : model.n_features]
        following = foreseen + pool[..., drawn.to(pool.device), :]
        run.append(following)
        rows = torch.cat([rows[..., 1:, :], following.unsqueeze(-2)], dim=-2)
    return torch.stack(run, dim=-3)
