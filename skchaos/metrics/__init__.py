"""Compare a free-running forecast with the system that it imitates.

Chaos forbids comparing point by point for long. So there are two pairs of functions: invariants of
the whole run, `state_space_divergence` (where does it go?) and `power_spectrum_distance` (how does
it move?), and forecast skill from many starts, `valid_prediction_time` and `prediction_error`. The
scorers make them usable in scikit-learn's model selection.
"""

from skchaos.metrics._forecast import prediction_error, valid_prediction_time
from skchaos.metrics._scorers import (
    DYNAMICS_SCORERS,
    get_dynamics_scorer,
    make_dynamics_scorer,
    power_spectrum_distance_scorer,
    prediction_error_scorer,
    state_space_divergence_scorer,
    valid_prediction_time_scorer,
)
from skchaos.metrics._spectrum import power_spectrum_distance
from skchaos.metrics._state_space import state_space_divergence

__all__ = [
    "DYNAMICS_SCORERS",
    "get_dynamics_scorer",
    "make_dynamics_scorer",
    "power_spectrum_distance",
    "power_spectrum_distance_scorer",
    "prediction_error",
    "prediction_error_scorer",
    "state_space_divergence",
    "state_space_divergence_scorer",
    "valid_prediction_time",
    "valid_prediction_time_scorer",
]
