"""
Lorenz from two of its three columns
====================================

Often the quantities that are recorded are not all those that matter. Here two columns of the Lorenz
system are observed, x and z, and the third one, y, is not: the same pair (x, z) is followed by
different things at different y. A model that infers its state from one row cannot work, however
long it is trained. A window of recent rows holds what is missing: how x and z have moved tells
where y must be (Takens' theorem).

:class:`~skchaos.ChaoticRNNRegressor` does that by itself: by default it learns an affine map from a
window of recent rows to its state. For comparison the same network infers its state from
a single row, by the pseudo-inverse of its readout, the way of Mikhaeil et al. (NeurIPS 2022).
"""

import matplotlib.pyplot as plt

from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_lorenz63
from skchaos.metrics import (
    make_dynamics_scorer,
    power_spectrum_distance,
    state_space_divergence,
    valid_prediction_time,
)
from skchaos.plotting import AttractorDisplay, ForecastDisplay

data = make_lorenz63(25_000, columns=["x", "z"], as_frame=True, return_bunch=True, random_state=0)
train, test = data.data.iloc[:20_000], data.data.iloc[20_000:]
lambda_max = data.exponents[0]
print(data.DESCR)

# %%
# Both models get the same rows, the same number of updates and the same seed.

settings = {"dt": data.dt, "max_iter": 8000, "learning_rate": 0.005, "random_state": 0}
models = {
    "window": ChaoticRNNRegressor(**settings).fit(train),
    "one row": ChaoticRNNRegressor(state_inference="pseudo_inverse", **settings).fit(train),
}
window = models["window"]
print(f"window: {window.n_delays_} rows, {window.delay_} step(s) apart")
print(f"forcing interval: {window.forcing_interval_} steps of {window.dt} time units")
print(
    f"largest exponent from the two columns: {window.lyapunov_exponent_:.2f}, "
    f"of the system: {lambda_max:.2f} per time unit"
)

# %%
# How far ahead
# -------------
# The forecast, with the predictability time that the model has measured: the time in which a small
# error doubles.

ForecastDisplay.from_estimator(window, test.iloc[:1500], n_steps=800, name="two columns")
plt.show()

valid_times = make_dynamics_scorer(
    valid_prediction_time, n_steps=1000, dt=data.dt, lyapunov_exponent=lambda_max
)
for name, model in models.items():
    found = valid_times(model, test)
    print(f"{name:>8}: valid prediction time {found:.1f} Lyapunov times, median of 50 starts")

# %%
# And ever after
# --------------
# Free runs twice as long as the rows held out. The floor is what two halves of the true series are
# apart.

halves = train.iloc[:10_000], train.iloc[10_000:]
print(
    f"   floor: state space divergence {state_space_divergence(*halves):.3f}, "
    f"power spectrum distance {power_spectrum_distance(*halves):.3f}"
)
runs = {}
for name, model in models.items():
    runs[name] = model.forecast(10_000, X=test.iloc[: model.n_context_])
    print(
        f"{name:>8}: state space divergence {state_space_divergence(train, runs[name]):.3f}, "
        f"power spectrum distance {power_spectrum_distance(train, runs[name]):.3f}"
    )

AttractorDisplay.from_predictions(test, runs["window"], name="the window model")
plt.show()

# %%
# With its state from one row the network has to guess y from x and z alone.

AttractorDisplay.from_predictions(test, runs["one row"], name="the one-row model")
plt.show()
