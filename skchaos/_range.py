"""Whether values lie far outside those that a model was fitted on."""

import numpy as np

from skchaos._warn import warn
from skchaos.exceptions import ExtrapolationWarning

# Parts of the width of the fitted range that values may lie beyond it. A state further out is seen
# to come back or not; an input further out is followed wherever it leads.
FAR_ROWS, FAR_INPUTS = 1.0, 0.1
ROUNDING = 1e-9  # of a value that is always the same


def warn_of_extrapolation(
    what: str,
    values: np.ndarray,  # (..., column)
    low: np.ndarray,  # (column,)
    high: np.ndarray,  # (column,)
    labels: list,
    margin: float,
) -> None:
    """Warn of the first column whose values lie beyond the fitted ones by a part of their range."""
    flat = values.reshape(-1, values.shape[-1])
    least, most = flat.min(axis=0), flat.max(axis=0)
    reach = margin * (high - low) + ROUNDING * np.maximum(-low, high)
    far = np.flatnonzero((least < low - reach) | (most > high + reach))
    if len(far):
        i = far[0]
        warn(
            f"{what} {labels[i]!r} of what a forecast begins from or is led by has values from "
            f"{least[i]:.4g} to {most[i]:.4g}, and the model was fitted on {low[i]:.4g} to "
            f"{high[i]:.4g}: what it says of others is extrapolated. Fit it on rows that reach as "
            "far, or do not trust it there.",
            ExtrapolationWarning,
        )
