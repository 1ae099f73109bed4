r"""
Why gradients explode on chaos, and what stops them
===================================================

Training a recurrent network by gradient descent multiplies Jacobians. If the state moves by
:math:`z_t = F(z_{t-1})`, the loss at step t hangs on the weights through

.. math:: \frac{\partial z_t}{\partial z_r} = J_t J_{t-1} \cdots J_{r+1},
          \qquad J_s = \frac{\partial z_s}{\partial z_{s-1}}.

The growth rate of that product is, by definition, the largest Lyapunov exponent of the orbit. So
the gradients of a network that settles on a fixed point or a cycle stay bounded, and those of
a network that is chaotic grow exponentially for almost every orbit, whatever its architecture:
that is the theorem of Mikhaeil, Monfared and Durstewitz (NeurIPS 2022). This page checks it on
three networks that differ in one number, without any training and without any data.

The modules used here are those of the package's core, which is private for now; you need none of
them to fit a model.
"""

# %%
# One network, three gains
# ------------------------
# A vanilla RNN without input, :math:`z_t = \tanh(g W z_{t-1})`, has a random coupling W. With
# little gain g it falls silent. With more it oscillates, and with still more it is chaotic
# (Sompolinsky, Crisanti and Sommers, Physical Review Letters 61, 1988).

import matplotlib.pyplot as plt
import numpy as np
import torch

from skchaos.core import CELLS, SparseForcing, tangent_dynamics, unroll

N_UNITS = 30
GAINS = {"fixed point": 0.8, "cycle": 1.2, "chaos": 2.0}
COLORS = {"fixed point": "#009E73", "cycle": "#0072B2", "chaos": "#D55E00"}

rng = np.random.RandomState(1)
coupling = torch.as_tensor(rng.standard_normal((N_UNITS, N_UNITS)) / np.sqrt(N_UNITS))


def make_network(gain):
    """Return the network and 20 states on what it has settled on."""
    cell = CELLS["elman"](N_UNITS).double()
    with torch.no_grad():
        cell.weight.copy_(gain * coupling)
        cell.bias.zero_()
        _, states = unroll(cell, 0.5 * torch.as_tensor(rng.standard_normal((20, N_UNITS))), 2000)
    return cell, states


networks = {name: make_network(gain) for name, gain in GAINS.items()}

figure, axes = plt.subplots(3, 1, figsize=(8, 4.5), sharex=True, sharey=True, layout="constrained")
for ax, (name, (cell, states)) in zip(axes, networks.items(), strict=True):
    with torch.no_grad():
        hidden, _ = unroll(cell, states[:1], 150)
    ax.plot(hidden[:, 0, :3], color=COLORS[name], linewidth=1)
    ax.set(ylabel="activity", ylim=(-1.05, 1.05))
    ax.set_title(f"{name} (gain {GAINS[name]:g}), three of {N_UNITS} units", fontsize=10)
axes[-1].set_xlabel("time (steps)")
plt.show()

# %%
# The product of Jacobians
# ------------------------
# Its norm is followed over the lag t - r, on a logarithmic scale. The product is rescaled at each
# step and the scale kept aside, so that nothing overflows. The dashed lines are not fits: their
# slope is the largest exponent by the QR method, the one behind :class:`~skchaos.LyapunovSpectrum`.


@torch.no_grad()
def log_norms(cell, states, n_lags):
    """Return the log of the norm of the Jacobian product, of shape (n_lags, n_orbits)."""
    product = torch.eye(cell.state_size).double().expand(len(states), -1, -1)
    log_scale, curve = torch.zeros(len(states)), []
    for _ in range(n_lags):
        product = cell.jacobian(states) @ product
        states = cell(states)
        norm = torch.linalg.matrix_norm(product, ord=2)
        product = product / norm[:, None, None]
        log_scale = log_scale + norm.log()
        curve.append(log_scale)
    return torch.stack(curve).numpy()


N_LAGS = 200
lags = np.arange(1, N_LAGS + 1)
exponents = {}
figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
for name, (cell, states) in networks.items():
    dynamics = tangent_dynamics(cell, states, 2000, n_exponents=1, n_transient=200)
    exponents[name] = float(dynamics.exponents.mean())
    curves = log_norms(cell, states, N_LAGS) / np.log(10)
    mean = curves.mean(axis=1)
    ax.plot(lags, curves, color=COLORS[name], linewidth=0.5, alpha=0.4)
    ax.plot(
        lags,
        mean,
        color=COLORS[name],
        linewidth=2.5,
        label=rf"{name}, $\lambda_{{max}}$ = {exponents[name]:.2f} per step",
    )
    line = mean[20] + exponents[name] * (lags - lags[20]) / np.log(10)
    ax.plot(lags, line, "--", color="black", linewidth=1)
ax.plot([], [], "--", color="black", linewidth=1, label=r"slope $\lambda_{max}$")
ax.set(xlabel="lag (steps)", ylabel="norm of the product of Jacobians, log10")
ax.legend()
plt.show()

# %%
# At the fixed point the norm decays, on the cycle it neither grows nor vanishes, and under chaos it
# gains a factor of ten every :math:`\ln 10 / \lambda_{max}` steps, on every one of the 20 orbits
# (thin lines).
#
# What that does to training
# --------------------------
# The same in terms of a loss. Let the network try to follow its own orbit after a tiny mistake in
# the first state. The loss is the mean squared error over a sequence, its gradient that with
# respect to all weights; the longer the free run, the larger the gradient. With sparse forcing the
# state is put back on the orbit every `interval` steps, and nothing but `interval` Jacobians is
# ever multiplied.


def gradient_norm(cell, orbit, interval=None):
    """Return the norm of the loss gradient, free or forced every `interval` steps."""
    n_steps = len(orbit) - 1
    starts, lengths = SparseForcing(interval or n_steps).segments(n_steps)
    hidden, _ = unroll(cell, orbit[starts] + 1e-3, int(lengths.max()))
    steps = torch.arange(1, len(hidden) + 1)[:, None]
    wanted = orbit[(starts + steps).clamp(max=n_steps)]
    counted = steps <= lengths
    loss = ((hidden - wanted) ** 2).mean(dim=-1)[counted].mean()
    return float(torch.linalg.vector_norm(torch.autograd.grad(loss, cell.weight)[0]))


cell, states = networks["chaos"]
predictability_time = np.log(2) / exponents["chaos"]
interval = round(predictability_time)
sequence_lengths = np.r_[2:20:3, 20:301:10]
figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
for how, steps_free, color in (
    ("free run", None, COLORS["chaos"]),
    (f"state replaced every {interval} steps", interval, COLORS["cycle"]),
):
    norms = []
    for n_steps in sequence_lengths:
        with torch.no_grad():
            hidden, _ = unroll(cell, states, int(n_steps))
        orbits = torch.cat([states[None], hidden]).transpose(0, 1)
        norms.append([gradient_norm(cell, orbit, steps_free) for orbit in orbits])
    ax.plot(sequence_lengths, np.median(norms, axis=1), color=color, linewidth=2.5, label=how)
    ax.fill_between(
        sequence_lengths, *np.quantile(norms, [0.1, 0.9], axis=1), color=color, alpha=0.2
    )
ax.axvline(
    predictability_time,
    color="black",
    linestyle="--",
    linewidth=1,
    label=f"predictability time ({predictability_time:.1f} steps)",
)
ax.set(xlabel="sequence length (steps)", ylabel="norm of the loss gradient", yscale="log")
ax.legend()
plt.show()

# %%
# Median and middle 80 % of 20 orbits. Clipping such a gradient keeps its direction, which its
# largest, longest products have settled; and a cell built so that the product stays bounded has an
# exponent of at most zero, so it cannot be chaotic. What can be chosen is how many Jacobians are
# multiplied. That is ``forcing_interval``, and the exponent says what to set it to: see
# :ref:`forcing_interval`.
