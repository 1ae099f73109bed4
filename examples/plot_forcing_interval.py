"""
The forcing interval: measured, or searched for
===============================================

How long should the network run free between two corrections by data? Too short, and it learns
one step after the other, but no dynamics; too long, and its gradients explode. Mikhaeil, Monfared
and Durstewitz (NeurIPS 2022) found the best interval near the predictability time
:math:`\\ln 2 / \\lambda_{max}` or below it, which can be measured before any training. This page
makes their figure on a small scale: the Lorenz system of their experiments, every interval with
several seeds and folds, and the default, ``forcing_interval="auto"``, among them.
"""

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_lorenz63
from skchaos.metrics import (
    make_dynamics_scorer,
    power_spectrum_distance_scorer,
    state_space_divergence,
)
from skchaos.model_selection import forcing_interval_grid
from skchaos.plotting import ForcingIntervalDisplay

data = make_lorenz63(10_000, rho=38.0, return_bunch=True, random_state=0)
X = data.data
grid = forcing_interval_grid(X[:5000])
print("intervals:", grid)

# %%
# A search like any other
# -----------------------
# Rows are consecutive in time, so folds must be, too: ``TimeSeriesSplit`` trains on the first rows
# and scores on later ones. What is scored is the free run of the model, not its next step. The
# one-step R2 goes along to show why: it likes best what was trained on little more than next steps.
#
# Training is cut short to 800 updates, so that this page builds quickly, and early stopping is off,
# so that all candidates get the same. The seeds in the grid show how much of a difference is luck.


def one_step_r2(estimator, X, y=None):
    """Score the prediction of the next row."""
    return estimator.score(X)


search = GridSearchCV(
    ChaoticRNNRegressor(dt=data.dt, max_iter=800, learning_rate=0.01, early_stopping=False),
    {"forcing_interval": ["auto", *grid], "random_state": [0, 1]},
    scoring={
        "divergence": make_dynamics_scorer(state_space_divergence, n_bins=10),
        "spectrum": power_spectrum_distance_scorer,
        "one_step_r2": one_step_r2,
    },
    refit="divergence",
    cv=TimeSeriesSplit(n_splits=2, test_size=2500),
)
search.fit(X)

table = pd.DataFrame(search.cv_results_).groupby("param_forcing_interval", sort=False)
print(table[[f"mean_test_{name}" for name in search.scoring]].mean().round(4).to_string())
model = search.best_estimator_
print(f"best: {search.best_params_}")
print(f"predictability time, measured: {model.predictability_time_ / model.dt:.0f} steps")

# %%
# The figure
# ----------
# Each dot is one fold and seed. On the left lower is better: the divergence of the free run is
# least below the predictability time, and grows several times to either side. On the right higher
# is better, or so it seems.

figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
ForcingIntervalDisplay.from_search(search, ax=axes[0])
axes[0].set_ylabel("state space divergence (nats)")
ForcingIntervalDisplay.from_search(search, metric="one_step_r2", ax=axes[1])
axes[1].set_ylabel("one-step R2")
plt.show()
