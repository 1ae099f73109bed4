"""
Dates in, dates out: the next 48 hours of a frame
=================================================

A frame with an hourly index goes in, and a frame with the next hours comes out. The series are the
hourly temperatures of Seattle that come with the PyPI package ``vega_datasets``. They are
dated 2010, but they are no weather: the file holds *climate normals*, the means of thirty years for
every hour of the year. So nothing in it is chaotic, and forecasts that cost nothing are hard to
beat, which makes it a good place to see what the package says when it is not needed.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from vega_datasets import data

from skchaos import ChaoticRNNRegressor, LyapunovSpectrum
from skchaos.plotting import ForecastDisplay

frame = data.seattle_temps().set_index("date")
frame["temp"] = (frame["temp"] - 32) / 1.8
frame = frame.rename(columns={"temp": "temperature (°C)"})

# %%
# A hole in the index
# -------------------
# Rows must be consecutive in time. One hour is missing, where clocks went forward, and the
# package says so instead of closing the gap in silence:

try:
    ChaoticRNNRegressor().fit(frame)
except ValueError as error:
    print(error)

frame = frame.asfreq("h").interpolate()
print(f"\n{len(frame)} rows, {frame.index[0]} to {frame.index[-1]}")

# %%
# Is it chaotic?
# --------------
# December is held out. Days that come back with the sun should not be chaotic, and the verdict must
# not be "chaos".

train, test = frame[:"2010-11-30"], frame["2010-12-01":]
spectrum = LyapunovSpectrum(dt=1.0).fit(train)
print(f"{spectrum.regime_}: {spectrum.reason_}")

# %%
# Fit, and ask for 48 hours
# -------------------------
# Without an exponent there is nothing to take the forcing interval from. The package warns, and
# falls back to 30 steps:

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    ChaoticRNNRegressor(max_iter=1, early_stopping=False, random_state=0).fit(train)
for warning in caught:
    print(f"{warning.category.__name__}: {warning.message}")

# %%
# So it has to be set from what is known. Forecasts of 48 hours are wanted, so let the network run
# free for 48 steps in training. A day has 24 rows, so let the window from which a state is inferred
# hold more than that. And the weeks before December resemble it most, so set none of them aside.

model = ChaoticRNNRegressor(
    forcing_interval=48, n_delays=30, early_stopping=False, max_iter=4000, random_state=0
).fit(train)
forecast = model.forecast(48)
print(f"training rows end at {train.index[-1]}; the forecast is a frame on the hours that follow:")
print(forecast.iloc[[0, 1, -1]].round(1))

# %%
# Beside what costs nothing
# -------------------------
# The same 48 hours by two forecasts that need no model: each hour as it was on the last known day,
# and each hour as it was on average over the last 30 days.


def yesterday(known, n_hours):
    """Repeat the last 24 rows."""
    return np.resize(known[-24:], n_hours)


def thirty_days(known, n_hours):
    """Repeat the mean day of the last 30."""
    return np.resize(known[-24 * 30 :].reshape(-1, 24).mean(axis=0), n_hours)


column = frame.columns[0]
known = train[column].to_numpy()
ForecastDisplay.from_predictions(test[:48], forecast, context=train[-72:], name="the network")
plt.plot(test.index[:48], yesterday(known, 48), "--", color="#E69F00", label="last day again")
plt.plot(test.index[:48], thirty_days(known, 48), ":", color="#009E73", label="mean of 30 days")
plt.gca().legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=5, frameon=False)
plt.ylim(3, 10)
plt.show()

# %%
# How far it goes
# ---------------
# One forecast is an anecdote; here is the error over the lead time, from the midnight before each
# of the first 29 days of December. All contexts go into one call.

rows = frame[column].to_numpy()
starts = len(train) + 24 * np.arange(29)
truth = np.stack([rows[start : start + 48] for start in starts])
contexts = np.stack([rows[start - model.n_context_ : start, None] for start in starts])
forecasts = {
    "network": model.forecast(48, X=contexts)[:, :, 0],
    "last day again": np.stack([yesterday(rows[:start], 48) for start in starts]),
    "mean of 30 days": np.stack([thirty_days(rows[:start], 48) for start in starts]),
}
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
styles = {"color": ("#0072B2", "#E69F00", "#009E73"), "linestyle": ("-", "--", ":")}
ax.set_prop_cycle(**styles)
for name, values in forecasts.items():
    error = np.sqrt(np.mean((values - truth) ** 2, axis=0))
    print(
        f"{name:>16}: error {error[:24].mean():.2f} °C on day 1, {error[24:].mean():.2f} on day 2"
    )
    ax.plot(np.arange(1, 49), error, label=name)
ax.axhline(truth.std(), color="0.6", linewidth=1, label="standard deviation of December")
ax.set(xlabel="lead time (hours)", ylabel="root mean square error (°C)", ylim=(0, None))
ax.set_xticks(range(0, 49, 12))
ax.legend()
plt.show()

# %%
# Repeating the last day wins, as it must where each day is the one before with hardly a change.
# What a network of this kind adds is worth its price only where days do not repeat, and the
# exponent says beforehand whether that is so: there was none to be found here.
