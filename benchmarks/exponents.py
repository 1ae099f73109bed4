"""Lyapunov exponents of the systems in skchaos.datasets, from their variational equations.

Run from the root of the repository, with one thread:

    OMP_NUM_THREADS=1 python benchmarks/exponents.py

It takes some four minutes, writes benchmarks/results/exponents.json and prints the rows as it goes.
skchaos/datasets/_exponents.py holds the same numbers, and a test compares the two. A second run
gives the same values up to rounding in the linear algebra, amplified by chaos: equal within the
standard errors.

Method: many orbits side by side, each with its own orthonormal frame of perturbations that follows
the exact tangent map and is orthonormalised again by QR at intervals [1]_. An exponent is the mean
logarithm of its diagonal entry of R over time and orbits; the orbits are independent, so the
standard error is the spread of their means over the square root of their number. Flows take steps
of fixed size with the eighth-order coefficients of DOP853; the delay equation takes its own exact
discrete tangent, delay by delay; maps take theirs.

References
----------
.. [1] Benettin, G., Galgani, L., Giorgilli, A. & Strelcyn, J.-M. (1980). Lyapunov characteristic
   exponents for smooth dynamical systems and for Hamiltonian systems; a method for computing all
   of them. Meccanica, 15, 9-30.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.integrate import DOP853

from skchaos.datasets import _equations
from skchaos.datasets._delay import DelayStepper

COMMAND = "OMP_NUM_THREADS=1 python benchmarks/exponents.py"
OUTPUT = Path(__file__).parent / "results" / "exponents.json"
SEED = 20240917
DIGITS = 7


@dataclass(frozen=True)
class Case:
    """One system at one set of parameters, and how long to follow it.

    `run(rng)` returns the exponents of each orbit, shape (n_orbits, n_exponents), and the mean
    divergence over all of them (None where there is none).
    """

    system: str
    parameters: dict
    run: Callable


def spectra_from_frames(advance, frames, *, duration, n_warmup, n_blocks):
    """Return the exponents of each orbit by repeated QR.

    Parameters
    ----------
    advance : callable
        `advance(frames)` carries the orbits and the frames of shape
        (n_orbits, n_directions, n_exponents) over one block and returns the frames.
    frames : ndarray of shape (n_orbits, n_directions, n_exponents)
        Frames at the start.
    duration : float
        Time in a block.
    n_warmup, n_blocks : int
        Blocks to drop, and blocks to average over.

    Returns
    -------
    ndarray of shape (n_orbits, n_exponents)
    """
    total = np.zeros((frames.shape[0], frames.shape[2]))
    for block in range(n_warmup + n_blocks):
        frames, upper = np.linalg.qr(advance(frames))
        if block >= n_warmup:
            total += np.log(np.abs(np.diagonal(upper, axis1=1, axis2=2)))
    return total / (n_blocks * duration)


def runge_kutta_step(derivative, time_now, packed, step):
    """Return `packed` after one eighth-order step of DOP853's formula, without error control."""
    slopes = np.empty((DOP853.n_stages, *packed.shape))
    flat = slopes.reshape(DOP853.n_stages, -1)
    for stage in range(DOP853.n_stages):
        shift = (DOP853.A[stage, :stage] * step) @ flat[:stage]
        derivative(
            time_now + DOP853.C[stage] * step,
            packed + shift.reshape(packed.shape),
            slopes[stage],
        )
    return packed + ((DOP853.B * step) @ flat).reshape(packed.shape)


def run_flow(rng, *, flow, tangent, draw, step, block, warmup, duration, divergence=None):
    """Return the exponents of a flow, orbit by orbit, and its mean divergence.

    Parameters
    ----------
    rng : Generator
    flow : callable
        `flow(time, state)` with variables along the first axis.
    tangent : callable
        `tangent(state, vectors)`, the Jacobian applied to perturbations.
    draw : callable
        `draw(rng)` returns starts of shape (n_variables, n_orbits).
    step, block, warmup, duration : float
        Time of a step, between two QRs, dropped, and averaged over.
    divergence : callable, default=None
        `divergence(state)`, the trace of the Jacobian.
    """
    starts = draw(rng)
    n_variables, n_orbits = starts.shape
    steps_in_block = round(block / step)
    # The state and its perturbations in one array: (variable, state or vector, orbit).
    packed = np.empty((n_variables, 1 + n_variables, n_orbits))
    packed[:, 0] = starts
    elapsed = 0
    traces = []

    def derivative(time_now, values, out):
        state = values[:, 0]
        out[:, 0] = flow(time_now, state)
        out[:, 1:] = tangent(state[:, None], values[:, 1:])

    def advance(frames):
        nonlocal packed, elapsed
        packed[:, 1:] = frames.transpose(1, 2, 0)
        for _ in range(steps_in_block):
            packed = runge_kutta_step(derivative, elapsed * step, packed, step)
            elapsed += 1
        if divergence is not None and elapsed * step > warmup:
            traces.append(np.mean(divergence(packed[:, 0])))
        return packed[:, 1:].transpose(2, 0, 1)

    frames = rng.standard_normal((n_orbits, n_variables, n_variables))
    spectra = spectra_from_frames(
        advance,
        frames,
        duration=block,
        n_warmup=round(warmup / block),
        n_blocks=round(duration / block),
    )
    return spectra, float(np.mean(traces)) if traces else None


def run_map(rng, *, step, tangent, draw, block, warmup, duration, divergence=None):
    """Return the exponents of a map, orbit by orbit, and its mean log|det J|."""
    state = draw(rng)
    n_variables, n_orbits = state.shape

    def advance(frames):
        nonlocal state
        vectors = frames.transpose(1, 2, 0)
        for _ in range(block):
            vectors = np.array(tangent(state[:, None], vectors))
            state = np.array(step(state))
        return vectors.transpose(2, 0, 1)

    frames = rng.standard_normal((n_orbits, n_variables, n_variables))
    spectra = spectra_from_frames(
        advance,
        frames,
        duration=block,
        n_warmup=warmup // block,
        n_blocks=duration // block,
    )
    return spectra, divergence


def run_mackey_glass(
    rng, *, beta, gamma, power, delay, n_pieces, n_exponents, n_orbits, n_warmup, n_delays
):
    """Return the largest exponents of the delay equation, orbit by orbit."""
    stepper = DelayStepper.build(delay, gamma, n_pieces)
    feedback = partial(_equations.mackey_glass_feedback, beta=beta, power=power)
    slope = partial(_equations.mackey_glass_feedback_slope, beta=beta, power=power)
    shape = (n_pieces, stepper.nodes.size)
    history = np.broadcast_to(rng.uniform(0.5, 1.2, n_orbits), (*shape, n_orbits))

    def advance(frames):
        nonlocal history
        vectors = frames.reshape(n_orbits, *shape, n_exponents).transpose(1, 2, 3, 0)
        vectors = stepper.advance(slope(history)[:, :, None] * vectors, vectors[-1, -1])
        history = stepper.advance(feedback(history), history[-1, -1])
        return vectors.transpose(3, 0, 1, 2).reshape(frames.shape)

    frames = rng.standard_normal((n_orbits, math.prod(shape), n_exponents))
    spectra = spectra_from_frames(
        advance, frames, duration=delay, n_warmup=n_warmup, n_blocks=n_delays
    )
    return spectra, None


def lorenz63_case(sigma, rho, beta):
    """Return the case of the Lorenz system."""
    values = (sigma, rho, beta)
    return Case(
        "lorenz63",
        {"sigma": sigma, "rho": rho, "beta": beta},
        partial(
            run_flow,
            flow=lambda _, state: _equations.lorenz63(state, *values),
            tangent=lambda state, vectors: _equations.lorenz63_tangent(state, vectors, *values),
            draw=lambda rng: (
                np.array([[0.0], [0.0], [rho - 1.0]]) + rng.uniform(-5.0, 5.0, (3, 256))
            ),
            step=0.02,
            block=0.4,
            warmup=50.0,
            duration=800.0,
            divergence=lambda _: -(sigma + 1.0 + beta),
        ),
    )


def roessler_case(a, b, c):
    """Return the case of the Roessler system."""
    values = (a, b, c)
    return Case(
        "roessler",
        {"a": a, "b": b, "c": c},
        partial(
            run_flow,
            flow=lambda _, state: _equations.roessler(state, *values),
            tangent=lambda state, vectors: _equations.roessler_tangent(state, vectors, *values),
            draw=lambda rng: rng.uniform(-0.5, 0.5, (3, 384)) * np.array([[c], [c], [0.0]]),
            step=0.05,
            block=0.5,
            warmup=200.0,
            duration=2400.0,
            divergence=lambda state: a + state[0] - c,
        ),
    )


def duffing_case(delta, alpha, beta, gamma, omega):
    """Return the case of the Duffing oscillator; the exact zero of the phase is added."""

    def run(rng):
        phases = rng.uniform(0.0, 2.0 * math.pi, 768)
        spectra, divergence = run_flow(
            rng,
            flow=lambda now, state: _equations.duffing(
                state, gamma * np.cos(phases + omega * now), delta, alpha, beta
            ),
            tangent=lambda state, vectors: _equations.duffing_tangent(
                state, vectors, delta, alpha, beta
            ),
            draw=lambda rng: rng.uniform(-1.0, 1.0, (2, 768)),
            step=0.1,
            block=2.0,
            warmup=200.0,
            duration=4000.0,
            divergence=lambda _: -delta,
        )
        return np.insert(spectra, 1, 0.0, axis=1), divergence

    parameters = {"delta": delta, "alpha": alpha, "beta": beta, "gamma": gamma, "omega": omega}
    return Case("duffing", parameters, run)


def lorenz96_case(n_features, forcing, n_orbits, duration):
    """Return the case of the ring of sites."""
    return Case(
        "lorenz96",
        {"n_features": n_features, "forcing": forcing},
        partial(
            run_flow,
            flow=lambda _, state: _equations.lorenz96(state, forcing),
            tangent=lambda state, vectors: _equations.lorenz96_tangent(
                np.broadcast_to(state, vectors.shape), vectors
            ),
            draw=lambda rng: forcing + rng.standard_normal((n_features, n_orbits)),
            step=0.05,
            block=0.5,
            warmup=50.0,
            duration=duration,
            divergence=lambda _: -float(n_features),
        ),
    )


def mackey_glass_case(delay):
    """Return the case of the delay equation, at the usual other parameters."""
    parameters = {"beta": 0.2, "gamma": 0.1, "power": 10.0, "delay": delay}
    return Case(
        "mackey_glass",
        parameters,
        partial(
            run_mackey_glass,
            **parameters,
            n_pieces=round(delay / 1.5),
            n_exponents=4,
            n_orbits=256,
            n_warmup=200,
            n_delays=2000,
        ),
    )


def henon_case(a, b):
    """Return the case of the Henon map."""
    return Case(
        "henon",
        {"a": a, "b": b},
        partial(
            run_map,
            step=lambda state: _equations.henon(state, a, b),
            tangent=lambda state, vectors: _equations.henon_tangent(state, vectors, a, b),
            draw=lambda rng: rng.uniform(-0.1, 0.1, (2, 1024)),
            block=5,
            warmup=1000,
            duration=20_000,
            divergence=math.log(abs(b)),
        ),
    )


def logistic_case(r):
    """Return the case of the logistic map."""
    return Case(
        "logistic",
        {"r": r},
        partial(
            run_map,
            step=lambda state: np.minimum(_equations.logistic(state, r), math.nextafter(1.0, 0.0)),
            tangent=lambda state, vectors: _equations.logistic_tangent(state, vectors, r),
            draw=lambda rng: rng.uniform(0.0, 1.0, (1, 1024)),
            block=5,
            warmup=1000,
            duration=20_000,
        ),
    )


CASES = (
    lorenz63_case(10.0, 28.0, 8.0 / 3.0),
    lorenz63_case(10.0, 38.0, 8.0 / 3.0),
    roessler_case(0.15, 0.2, 10.0),
    roessler_case(0.2, 0.2, 5.7),
    duffing_case(0.1, 1.0, -1.0, 0.35, 1.4),
    duffing_case(0.3, 1.0, -1.0, 0.5, 1.2),
    lorenz96_case(20, 8.0, n_orbits=32, duration=3000.0),
    lorenz96_case(10, 8.0, n_orbits=64, duration=2000.0),
    mackey_glass_case(17.0),
    mackey_glass_case(30.0),
    henon_case(1.4, 0.3),
    logistic_case(4.0),
)


def measure(index, case):
    """Return the row of the stored table for one case."""
    started = time.process_time()
    spectra, divergence = case.run(np.random.default_rng([SEED, index]))
    if not np.isfinite(spectra).all():
        raise RuntimeError(f"An orbit of {case.system} {case.parameters} left its attractor.")
    errors = spectra.std(axis=0, ddof=1) / math.sqrt(len(spectra))
    return {
        "system": case.system,
        "parameters": case.parameters,
        "exponents": [round(float(value), DIGITS) for value in spectra.mean(axis=0)],
        "standard_errors": [round(float(value), DIGITS) for value in errors],
        "mean_divergence": None if divergence is None else round(divergence, DIGITS),
        "n_orbits": len(spectra),
        "cpu_seconds": round(time.process_time() - started, 1),
    }


def main():
    """Measure all cases, or those of the systems named, and store the table if complete."""
    parser = argparse.ArgumentParser(description="Compute the exponents of skchaos.datasets.")
    parser.add_argument("systems", nargs="*", help="systems to print, not stored; default all")
    names = parser.parse_args().systems
    rows = []
    for index, case in enumerate(CASES):
        if names and case.system not in names:
            continue
        row = measure(index, case)
        rows.append(row)
        entry = (row["system"], row["parameters"], row["exponents"], row["standard_errors"])
        sys.stdout.write(f"    {entry},  # {row['cpu_seconds']} s, {row['mean_divergence']}\n")
        sys.stdout.flush()
    if not names:
        OUTPUT.parent.mkdir(exist_ok=True)
        table = {"command": COMMAND, "seed": SEED, "rows": rows}
        OUTPUT.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
