"""
A Lorenz system whose parameter is turned
=========================================

Much that is chaotic is also pushed from outside: a climate by its greenhouse gases, a neuron by a
stimulus, a reactor by its valves. What pushes is known, in an experiment because one sets it, in a
scenario because one assumes it. Such columns are ``input_columns``: the model does not predict
them; it follows them, and a forecast asks for their values in the rows to come.

Here rho of the Lorenz system, the temperature difference of its convection, wanders while the model
learns. Then it is asked what happens under a course of rho that it never saw: a slow rise.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.integrate import solve_ivp

from skchaos import ChaoticRNNRegressor
from skchaos.metrics import (
    make_dynamics_scorer,
    state_space_divergence,
    valid_prediction_time,
)

DT, N_TRAINING, N_TEST, N_RISE = 0.02, 20_000, 5_000, 10_000


def lorenz(rho, start):
    """Follow the Lorenz system, its rho given at each row, and return rows with rho beside them."""
    times = DT * np.arange(len(rho))

    def derivative(t, state):
        x, y, z = state
        return 10 * (y - x), x * (np.interp(t, times, rho) - z) - y, x * y - 8 / 3 * z

    orbit = solve_ivp(derivative, (0, times[-1]), start, t_eval=times, rtol=1e-8, atol=1e-8)
    frame = pd.DataFrame(orbit.y.T, index=pd.Index(times, name="time"), columns=["x", "y", "z"])
    return frame.assign(rho=rho)


def wandering(n_rows, seed):
    """Return a rho that wanders smoothly between 26 and 40."""
    rng = np.random.default_rng(seed)
    knots = rng.uniform(26, 40, n_rows // 250 + 2)  # one in five time units
    return np.interp(np.arange(n_rows), 250 * np.arange(len(knots)), knots)


wandered = lorenz(wandering(N_TRAINING + N_TEST, seed=0), [1, 1, 25])
train, test = wandered.iloc[:N_TRAINING], wandered.iloc[N_TRAINING:]

# %%
# One model is told rho, the other one is not.

settings = {"dt": DT, "max_iter": 8000, "random_state": 0}
told = ChaoticRNNRegressor(input_columns="rho", **settings).fit(train)
untold = ChaoticRNNRegressor(**settings).fit(train[["x", "y", "z"]])
print(f"forcing interval: {told.forcing_interval_} and {untold.forcing_interval_} steps")

# %%
# Forecasts
# ---------
# Of rows that both have not seen, while rho goes on wandering. The scorer takes the inputs from the
# rows.

valid_times = make_dynamics_scorer(valid_prediction_time, n_steps=500, dt=DT)
print(f"  told: valid for {valid_times(told, test):.1f} time units, median of 50 starts")
print(f"untold: valid for {valid_times(untold, test[['x', 'y', 'z']]):.1f} time units")

# %%
# A scenario
# ----------
# rho rises from 26 to 40 within 200 time units. Forecasts of single states are good for a few; what
# a scenario is asked for is the climate, the states that are visited.

context = wandered.iloc[-told.n_context_ :]
rising = lorenz(np.linspace(26, 40, N_RISE + 1), wandered.iloc[-1, :3].to_numpy()).iloc[1:]
scenario = rising[["rho"]].set_index(context.index[-1] + DT * np.arange(1, N_RISE + 1))
runs = {
    "told": told.forecast(N_RISE, X=context, future_inputs=scenario),
    "untold": untold.forecast(N_RISE, X=context[["x", "y", "z"]]),
}

fig, axes = plt.subplots(4, 1, sharex=True, figsize=(7, 7), layout="constrained")
axes[0].plot(rising.index, rising["rho"], color="black")
axes[0].set_ylabel("rho")
shown = {
    "the system": rising,
    "the model that is told rho": runs["told"],
    "the model that is not told": runs["untold"],
}
for ax, (name, run) in zip(axes[1:], shown.items(), strict=True):
    z = run["z"].to_numpy()
    ax.plot(rising.index, z, linewidth=0.3)
    ax.plot(rising.index, pd.Series(z).rolling(1000, center=True).mean(), color="black")
    ax.set(ylabel="z", title=name)
axes[-1].set_xlabel("time (time units of the system); black: mean of 20")
plt.show()

# %%
# Distances of the first and of the last quarter of the rise: the floor is that of a second orbit of
# the system under the same rho.

again = lorenz(rising["rho"].to_numpy(), [-5, -5, 20])
for name, run in {"floor": again, **runs}.items():
    quarters = slice(0, N_RISE // 4), slice(3 * N_RISE // 4, N_RISE)
    found = [
        state_space_divergence(rising[["x", "y", "z"]].iloc[q], run[["x", "y", "z"]].iloc[q])
        for q in quarters
    ]
    print(f"{name:>6}: state space divergence {found[0]:.2f} and {found[1]:.2f}")
