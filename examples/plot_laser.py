"""
A real laser, from one column
=============================

The intensity of a far-infrared ammonia laser is data set A of the Santa Fe competition of 1991:
a single column of 8-bit counts in which oscillations build up and collapse, again and again, never
twice in the same way. This page asks of it what one would ask of any recording: is it chaotic, how
far ahead can it be forecast, and does a model of it behave like it for ever after?

The series comes with the PyPI package ``reservoirpy``. Its sampling interval is not part of the
file, so time is counted in steps here: ``dt`` keeps its default, 1.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from reservoirpy.datasets import santafe_laser

from skchaos import ChaoticRNNRegressor, LyapunovSpectrum
from skchaos.metrics import (
    power_spectrum_distance,
    state_space_divergence,
    valid_prediction_time,
)
from skchaos.plotting import AttractorDisplay, DivergenceDisplay, ForecastDisplay, LyapunovDisplay

X = pd.DataFrame(santafe_laser(), columns=["counts"]).rename_axis("time (steps)")
train, test = X[:8000], X[8000:]

figure, ax = plt.subplots(figsize=(9, 2.6), layout="constrained")
ax.plot(train[:1500], linewidth=0.8)
ax.set(xlabel="time (steps)", ylabel="intensity (counts)", title="far-infrared laser, first rows")
plt.show()

# %%
# Is it chaotic?
# --------------
# :class:`~skchaos.LyapunovSpectrum` fits a smooth map to the recording, and measures by its
# derivatives at what rate moments that resemble each other part: the largest Lyapunov exponent.
# The figure shows the estimate from ever more of the rows, which should have settled.

spectrum = LyapunovSpectrum().fit(train)
print(f"regime:              {spectrum.regime_} ({spectrum.reason_})")
error = spectrum.standard_errors_[0]
print(f"largest exponent:    {spectrum.lambda_max_:.4f} +- {error:.4f} per step")
print(f"predictability time: {spectrum.predictability_time_:.1f} steps, ln 2 / lambda_max")
LyapunovDisplay.from_estimator(spectrum)
plt.show()

# %%
# A second opinion with less machinery is the mean log distance of neighbours over the lag. Where it
# rises straight, distances grow exponentially, and its slope is the exponent. Here the curve bends,
# and its slope falls short of the dashed line: noise keeps neighbours from being near, and the
# counts are whole numbers. Both say that moments part, and their rates are within a factor of two.

DivergenceDisplay.from_estimator(spectrum)
plt.show()

# %%
# How far ahead?
# --------------
# The network is trained with fewer updates than by default, so that this page builds quickly. It
# takes its forcing interval from an exponent of its own, measured on the rows that it trains on.
# One intensity does not determine the next, so the state is inferred from a window of recent rows,
# and a forecast needs that many as its context.

model = ChaoticRNNRegressor(cell="gru", n_hidden=40, max_iter=10_000, random_state=0).fit(train)
print(f"forcing interval:    {model.forcing_interval_} steps")
print(f"window:              {model.n_delays_} rows, {model.delay_} step(s) apart")
print(f"rows of context:     {model.n_context_}")

ForecastDisplay.from_estimator(model, test[:700], n_steps=400, name="the laser", lyapunov_axis=True)
plt.show()

# %%
# One start says little. The valid prediction time is how long a forecast stays within 0.4 standard
# deviations of the truth; here are its quartiles over 50 starts spread over the rows held out. They
# differ widely: a forecast that has to get past a collapse may lose its way there, and one that
# begins right after a collapse goes far.

rows, n_context, n_ahead = test.to_numpy(), model.n_context_, 500
starts = np.linspace(n_context, len(rows) - n_ahead, 50).astype(int)
contexts = np.stack([rows[start - n_context : start] for start in starts])
truth = np.stack([rows[start : start + n_ahead] for start in starts])
forecasts = model.forecast(n_ahead, X=contexts)
steps = valid_prediction_time(truth, forecasts, scale=train.to_numpy().std(), average=None)
low, median, high = np.quantile(steps, [0.25, 0.5, 0.75])
print(f"valid prediction time: median {median:.0f} steps, half of them {low:.0f} to {high:.0f}")
print(f"  in Lyapunov times:   median {median * spectrum.lambda_max_:.1f}")

# %%
# For ever after?
# ---------------
# No forecast can follow chaos for long. A good model still goes to the same places, equally often
# (state space divergence), and moves between them at the same rhythms (power spectrum distance). No
# model can be expected to be much closer to the recording than its two halves are to each other, so
# that is printed as the floor. (A little closer it can be, since it is as long as it likes.) And
# a run must not die: its last rows should move as much as its first.

run = model.forecast(20_000, X=test[: model.n_context_])
first, second = X[:5046], X[5046:]
floor = state_space_divergence(first, second), power_spectrum_distance(first, second)
found = state_space_divergence(X, run), power_spectrum_distance(X, run)
print(f"state space divergence:  {found[0]:.3f} (floor, half against half: {floor[0]:.3f})")
print(f"power spectrum distance: {found[1]:.3f} (floor, half against half: {floor[1]:.3f})")
print(
    f"standard deviation:      {X.to_numpy().std():.1f} in the data, "
    f"{run[-2000:].to_numpy().std():.1f} in the last 2,000 of 20,000 steps"
)

figure, axes = plt.subplots(2, 1, figsize=(9, 4), sharex=True, sharey=True, layout="constrained")
axes[0].plot(rows[:1500], color="0.3", linewidth=0.8)
axes[0].set(ylabel="intensity (counts)", title="data, held out")
axes[1].plot(run[-1500:].to_numpy(), linewidth=0.8)
axes[1].set(ylabel="intensity (counts)", title="free run, after 18,500 steps")
axes[1].set(xlabel="time (steps)", ylim=(-10, 270))
plt.show()

# %%
# In state space a single column is drawn against itself some steps later. Look at the hole in the
# middle: the rows around it are the quiet stretches after the deepest collapses, which are rare in
# the data, and the last thing that a model learns.

AttractorDisplay.from_predictions(test, run[-len(test) :], name="the laser")
plt.show()

# %%
# The same for a file of yours, beside cheaper models, is ``python -m skchaos``.
