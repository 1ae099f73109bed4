"""From the words of an estimator to the network and the forcing that it asks for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skchaos._series import FEW_ROWS
from skchaos.core import CELLS, ForcedRNN, Forcing, GeneralizedForcing, SparseForcing, make_cell

if TYPE_CHECKING:
    from skchaos._regressor import ChaoticRNNRegressor

_BOUNDED = ("lstm", "gru", "elman")  # their hidden units stay within -1 and 1
_SLOW = [name for name in sorted(CELLS) if make_cell(name, 2).slow_goals()]


# Fifty units do for three columns, and are too few for twenty
# (benchmarks/reconstruction/sweep.py, "n_hidden"); from few rows they learn chance
# (benchmarks/short.py).
MIN_AUTO_HIDDEN, UNITS_PER_COLUMN, MAX_AUTO_HIDDEN = 50, 5, 200
MIN_AUTO_HIDDEN_OF_FEW = 20


def check_network(settings: "ChaoticRNNRegressor", n_hidden: int, n_features: int) -> None:
    """Raise a ValueError where parameters exclude each other."""
    _check_identity(settings, n_hidden, n_features)
    _check_forcing(settings)
    if settings.slow_penalty > 0 and settings.cell not in _SLOW:
        raise ValueError(
            f"slow_penalty={settings.slow_penalty:g} with cell={settings.cell!r}, whose units "
            f"cannot be made to keep what they hold: use 0, or one of the cells {_SLOW}."
        )


def _check_identity(settings: "ChaoticRNNRegressor", n_hidden: int, n_features: int) -> None:
    if settings.state_inference != "identity":
        return
    if settings.cell in _BOUNDED:
        raise ValueError(
            f"state_inference='identity' with cell={settings.cell!r}, whose units cannot be the "
            "columns themselves, since they stay within -1 and 1: use a piecewise-linear cell such "
            "as 'plrnn', or state_inference='window'."
        )
    if n_hidden < n_features:
        raise ValueError(
            f"n_hidden={n_hidden} with state_inference='identity' and {n_features} "
            f"columns, each of which is a unit: use {n_features} or more."
        )


def _check_forcing(settings: "ChaoticRNNRegressor") -> None:
    strength, is_sparse = settings.forcing_strength, settings.forcing == "sparse"
    if is_sparse and strength != "auto":
        raise ValueError(
            f"forcing_strength={strength:g} with forcing='sparse', which replaces the state "
            "altogether: use 'auto', or forcing='generalized'."
        )
    if not is_sparse and settings.process_noise not in ("auto", False):
        raise ValueError(
            "forcing='generalized' with process_noise=True, where each step starts from the rows "
            "before it altogether: use forcing='sparse', or process_noise=False."
        )
    if not is_sparse and settings.interval_jitter > 0:
        raise ValueError(
            f"interval_jitter={settings.interval_jitter:g} with forcing='generalized', which acts "
            "at every step: use 0, or forcing='sparse'."
        )


def resolve_forcing(
    settings: "ChaoticRNNRegressor", interval: int, is_noise_driven: bool = False
) -> Forcing:
    """Return when, and how strongly, data replace the state.

    Where noise drives the series it is before every step and altogether, since runs do so as well.
    """
    if is_noise_driven:
        return SparseForcing(interval, settings.interval_jitter)
    if settings.forcing == "sparse":
        is_partial = settings.state_inference == "identity"
        return SparseForcing(interval, settings.interval_jitter, is_partial)
    if settings.forcing_strength == "auto":
        return GeneralizedForcing(1.0, is_adaptive=True)
    return GeneralizedForcing(float(settings.forcing_strength))


def resolve_hidden(n_hidden: int | str, n_features: int, n_rows: int) -> int:
    """Return the number of hidden units of a network for so many columns and rows."""
    if n_hidden != "auto":
        return n_hidden
    least = MIN_AUTO_HIDDEN if n_rows >= FEW_ROWS else MIN_AUTO_HIDDEN_OF_FEW
    wide = min(UNITS_PER_COLUMN * n_features, MAX_AUTO_HIDDEN)
    return max(least, wide, n_features)


def resolve_rectified(cell: str, n_hidden: int, n_rectified: int | str) -> int:
    """Return the number of rectifiers that a cell gets; 0 where it leaves no choice.

    Raises
    ------
    ValueError
        If a number is given for such a cell, or more than there are units to rectify.
    """
    usual = CELLS[cell].usual_rectified(n_hidden)
    if n_rectified == "auto":
        return usual
    if not usual:
        raise ValueError(
            f"n_rectified={n_rectified} with cell={cell!r}, which leaves no choice: use 'auto'."
        )
    if cell == "al_rnn" and n_rectified > n_hidden:
        raise ValueError(
            f"n_rectified={n_rectified} of n_hidden={n_hidden} units: cell='al_rnn' rectifies some "
            f"of its units, so use 'auto' or a number from 1 to {n_hidden}."
        )
    return n_rectified


def attribute_of(weight_name: str) -> str:
    """Return the attribute that holds a weight of a fitted estimator."""
    return weight_name.replace(".", "_") + "_"


def weights_of(estimator: "ChaoticRNNRegressor") -> dict[str, Tensor]:
    """Return the weights of a fitted estimator by their names in the core."""
    names = estimator.weight_names_
    return {name: torch.tensor(getattr(estimator, attribute_of(name))) for name in names}


def new_network(
    cell: str,
    n_hidden: int,
    *,
    seed: int = 0,
    weights: Mapping[str, Tensor] | None = None,
    **options: str | int,
) -> ForcedRNN:
    """Return a network with new weights, or with known ones; torch's generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ForcedRNN(cell, n_hidden, **options)
    if weights is not None:
        network.load_state_dict(weights)
    return network
