"""The stored exponents: equal to the file, obeying their sum rules, made by a sound method."""

import importlib.util
import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.signal.windows import hann

from skchaos.datasets import make_lorenz63, make_roessler
from skchaos.datasets._exponents import TABLE, stored_exponents

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
from_checkout = pytest.mark.skipif(
    not BENCHMARKS.is_dir(), reason="benchmarks/ is in the repository, not in the distribution"
)


def rows_of(system):
    return [row for row in TABLE if row[0] == system]


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("exponents", BENCHMARKS / "exponents.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --------------------------------------------------------------------------------------- the table


@from_checkout
def test_table_is_the_stored_file():
    stored = json.loads((BENCHMARKS / "results" / "exponents.json").read_text("utf-8"))
    rows = [
        (row["system"], row["parameters"], tuple(row["exponents"]), tuple(row["standard_errors"]))
        for row in stored["rows"]
    ]
    assert list(TABLE) == rows


@from_checkout
def test_table_holds_the_cases_of_the_script(benchmark):
    assert [row[:2] for row in TABLE] == [
        (case.system, case.parameters) for case in benchmark.CASES
    ]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_rows_are_in_order_and_precise(row):
    _, _, exponents, errors = row
    assert len(exponents) == len(errors)
    assert list(exponents) == sorted(exponents, reverse=True)
    assert exponents[0] > 0
    assert errors[0] < 0.004 * exponents[0]


def mean_divergence(system, parameters):
    """Return the trace of the Jacobian (a map: log|det J|), where it is constant."""
    if system == "lorenz63":
        return -(parameters["sigma"] + 1.0 + parameters["beta"])
    if system == "duffing":
        return -parameters["delta"]
    if system == "lorenz96":
        return -parameters["n_features"]
    return math.log(abs(parameters["b"]))


@pytest.mark.parametrize(
    "row",
    [row for row in TABLE if row[0] in ("lorenz63", "duffing", "lorenz96", "henon")],
    ids=lambda row: row[0],
)
def test_sum_of_exponents_is_the_divergence(row):
    system, parameters, exponents, _ = row
    # The sum has no sampling error; 1e-5 is the rounding of the table and the step of the method.
    assert sum(exponents) == pytest.approx(mean_divergence(system, parameters), abs=1e-5)


@pytest.mark.parametrize("row", rows_of("roessler"), ids=lambda row: str(row[1]["c"]))
def test_sum_of_exponents_is_the_divergence_along_an_orbit(row):
    _, parameters, exponents, _ = row
    x = make_roessler(1000, dt=0.4, columns="x", random_state=0, **parameters)[:, 0]
    # The window fades the ends out; without it the turn begun at each weighs ten times as much.
    window = hann(len(x))
    expected = parameters["a"] + window @ x / window.sum() - parameters["c"]
    # The mean of x varies by .005 between orbits of 400 time units.
    assert sum(exponents) == pytest.approx(expected, abs=0.02)


@from_checkout
def test_sum_of_exponents_is_the_divergence_that_the_script_met():
    stored = json.loads((BENCHMARKS / "results" / "exponents.json").read_text("utf-8"))
    rows = [row for row in stored["rows"] if row["mean_divergence"] is not None]
    assert len(rows) >= 9
    for row in rows:
        # For Roessler's the trace was averaged over the ends of the blocks alone.
        tolerance = 1e-3 if row["system"] == "roessler" else 1e-5
        assert sum(row["exponents"]) == pytest.approx(row["mean_divergence"], abs=tolerance)


@pytest.mark.parametrize("system", ["lorenz63", "roessler", "duffing", "lorenz96", "mackey_glass"])
def test_a_flow_has_a_zero_exponent(system):
    # Along the orbit nothing grows or shrinks.
    for _, _, exponents, errors in rows_of(system):
        nearest = int(np.argmin(np.abs(exponents)))
        assert abs(exponents[nearest]) <= 3.0 * errors[nearest]


@pytest.mark.parametrize(
    ("system", "parameters", "published", "tolerance"),
    [
        # Sprott (2003), Chaos and Time-Series Analysis, appendix A, printed to four digits.
        ("lorenz63", {"sigma": 10.0, "rho": 28.0, "beta": 8 / 3}, 0.9056, 0.0015),
        ("roessler", {"a": 0.2, "b": 0.2, "c": 5.7}, 0.0714, 0.0006),
        ("henon", {"a": 1.4, "b": 0.3}, 0.4192, 0.0004),
        # log 2: conjugate to the doubling of an angle.
        ("logistic", {"r": 4.0}, math.log(2.0), 1e-5),
    ],
)
def test_published_values(system, parameters, published, tolerance):
    assert stored_exponents(system, parameters)[0][0] == pytest.approx(published, abs=tolerance)


def test_parameters_are_compared_to_rounding():
    known = {"sigma": 10, "rho": 28.0, "beta": 2.66666666667}
    assert stored_exponents("lorenz63", known)[0] is not None
    assert stored_exponents("lorenz63", {**known, "beta": 2.667}) == (None, None)
    assert stored_exponents("no_such_system", known) == (None, None)


def test_the_table_cannot_be_altered_through_a_bunch():
    first = make_lorenz63(2, return_bunch=True, random_state=0)
    first.exponents[:] = 0.0
    assert make_lorenz63(2, return_bunch=True, random_state=0).exponents[0] > 0.9


# -------------------------------------------------------------------------------------- the method


@from_checkout
def test_method_is_exact_for_a_linear_flow(benchmark):
    # A triangular matrix that does not commute with its transpose; exponents are its eigenvalues.
    matrix = np.array([[-1.0, 2.0, 0.0], [0.0, 0.3, 1.0], [0.0, 0.0, -4.0]])
    spectra, _ = benchmark.run_flow(
        np.random.default_rng(0),
        flow=lambda _, state: np.tensordot(matrix, state, 1),
        tangent=lambda _, vectors: np.tensordot(matrix, vectors, 1),
        draw=lambda rng: rng.standard_normal((3, 4)) * 1e-30,
        step=0.04,
        block=0.4,
        warmup=16.0,
        duration=8.0,
    )
    np.testing.assert_allclose(spectra, np.tile([0.3, -1.0, -4.0], (4, 1)), atol=1e-8)


@from_checkout
def test_method_is_exact_for_a_linear_map(benchmark):
    matrix = np.array([[1.2, 5.0], [0.0, -0.5]])
    spectra, _ = benchmark.run_map(
        np.random.default_rng(0),
        step=lambda state: state,
        tangent=lambda _, vectors: np.tensordot(matrix, vectors, 1),
        draw=lambda rng: rng.standard_normal((2, 4)),
        block=5,
        warmup=100,
        duration=200,
    )
    np.testing.assert_allclose(spectra, np.tile(np.log([1.2, 0.5]), (4, 1)), atol=1e-12)


@from_checkout
def test_step_of_the_method_is_of_order_eight(benchmark):
    def derivative(time, values, out):
        out[0], out[1] = values[1], np.cos(time) - np.sin(values[0])

    def end(n_steps):
        values, step = np.array([1.0, 0.5]), 8.0 / n_steps
        for index in range(n_steps):
            values = benchmark.runge_kutta_step(derivative, index * step, values, step)
        return values

    reference = end(200)
    errors = [np.abs(end(n_steps) - reference).max() for n_steps in (8, 16, 32)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert 7.5 < orders[-1] < 9.5


@from_checkout
def test_delayed_exponents_solve_the_characteristic_equation(benchmark):
    # About the fixed point x = 1 the equation is linear, dv/dt = s v(t - delay) - gamma v with
    # s = gamma (1 - power / 2); a short delay keeps it stable, and an orbit ends there.
    gamma, power, delay = 0.1, 10.0, 3.0
    spectra, _ = benchmark.run_mackey_glass(
        np.random.default_rng(0),
        beta=2 * gamma,
        gamma=gamma,
        power=power,
        delay=delay,
        n_pieces=3,
        n_exponents=2,
        n_orbits=2,
        n_warmup=200,
        n_delays=2000,
    )
    slope = gamma * (1.0 - power / 2.0)

    root = -0.1 + 0.4j  # Newton on z + gamma - slope exp(-z delay)
    for _ in range(50):
        feedback = slope * np.exp(-root * delay)
        root -= (root + gamma - feedback) / (1.0 + delay * feedback)
    assert abs(root + gamma - slope * np.exp(-root * delay)) < 1e-14
    # The pair turns, so that each entry of R oscillates: their mean is the real part.
    np.testing.assert_allclose(spectra, root.real, atol=4e-4)


@from_checkout
def test_the_script_finds_a_known_spectrum_quickly(benchmark):
    case = benchmark.henon_case(1.4, 0.3)
    short = partial(case.run.func, **{**case.run.keywords, "warmup": 100, "duration": 500})
    spectra, divergence = short(np.random.default_rng(0))
    np.testing.assert_allclose(spectra.sum(axis=1), divergence, rtol=1e-12)
    np.testing.assert_allclose(spectra.mean(axis=0), [0.4192, -1.6232], atol=0.005)
