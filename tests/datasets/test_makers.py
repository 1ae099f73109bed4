"""What every `make_*` function promises."""

import inspect

import numpy as np
import pandas as pd
import pytest
from scipy.signal import savgol_filter
from sklearn.utils import Bunch

from skchaos import datasets
from skchaos.datasets import (
    _equations,
    make_duffing,
    make_henon,
    make_logistic,
    make_lorenz63,
    make_lorenz96,
    make_mackey_glass,
    make_roessler,
)
from skchaos.datasets._maps import logistic_step

COLUMNS = {
    make_lorenz63: ["x", "y", "z"],
    make_roessler: ["x", "y", "z"],
    make_duffing: ["x", "y", "cos_phase"],
    make_lorenz96: [f"x{site}" for site in range(20)],
    make_mackey_glass: ["x"],
    make_henon: ["x", "y"],
    make_logistic: ["x"],
}
every_maker = pytest.mark.parametrize("make", COLUMNS, ids=lambda make: make.__name__)
every_flow = pytest.mark.parametrize(
    "make",
    [make for make in COLUMNS if make not in (make_henon, make_logistic)],
    ids=lambda make: make.__name__,
)


def test_all_makers_are_tested():
    assert {make.__name__ for make in COLUMNS} == set(datasets.__all__)


# ------------------------------------------------------------------------------------- the orbits


def time_derivative(rows, dt):
    """Return the rows away from the ends, and their derivative by a polynomial of degree 6."""
    slopes = savgol_filter(rows, 7, 6, deriv=1, delta=dt, axis=0)
    return rows[3:-3].T, slopes[3:-3].T


@pytest.mark.parametrize(
    ("make", "system"),
    [
        (make_lorenz63, lambda s: _equations.lorenz63(s, 10.0, 28.0, 8 / 3)),
        (make_roessler, lambda s: _equations.roessler(s, 0.15, 0.2, 10.0)),
        (make_lorenz96, lambda s: _equations.lorenz96(s, 8.0)),
    ],
    ids=["lorenz63", "roessler", "lorenz96"],
)
def test_orbit_obeys_the_equations(make, system, global_random_seed):
    dt = 0.002
    states, slopes = time_derivative(make(60, dt=dt, random_state=global_random_seed), dt)
    expected = np.array(system(states))
    # Differences of an orbit exact to 1e-10, over 0.002
    np.testing.assert_allclose(slopes, expected, atol=1e-6 * np.abs(expected).max())


def test_driven_orbit_obeys_the_equation(global_random_seed):
    dt = 0.002
    states, slopes = time_derivative(make_duffing(60, dt=dt, random_state=global_random_seed), dt)
    expected = _equations.duffing(states[:2], 0.35 * states[2], 0.1, 1.0, -1.0)
    np.testing.assert_allclose(slopes[:2], expected, atol=1e-6)
    # cos(phase) turns at omega
    np.testing.assert_allclose(slopes[2] ** 2 / 1.4**2 + states[2] ** 2, 1.0, atol=1e-6)


def test_delayed_orbit_obeys_the_equation(global_random_seed):
    dt, delay = 0.05, 17.0
    rows = make_mackey_glass(500, dt=dt, random_state=global_random_seed)
    (states,), (slopes,) = time_derivative(rows, dt)
    lag = round(delay / dt)
    delayed = _equations.mackey_glass_feedback(states[:-lag], 0.2, 10.0)
    np.testing.assert_allclose(slopes[lag:], delayed - 0.1 * states[lag:], atol=1e-8)


def test_maps_iterate():
    rows = make_henon(200, random_state=0)
    expected = np.array(_equations.henon(rows[:-1].T, 1.4, 0.3)).T
    np.testing.assert_allclose(rows[1:], expected, rtol=1e-14, atol=1e-15)
    rows = make_logistic(200, r=3.7, random_state=0)
    np.testing.assert_allclose(rows[1:], _equations.logistic(rows[:-1], 3.7), rtol=1e-14)


def test_sampling_does_not_alter_the_orbit():
    # The solver chooses its own steps: every second row at dt / 2 is a row at dt.
    coarse = make_lorenz63(200, dt=0.02, random_state=0)
    fine = make_lorenz63(400, dt=0.01, random_state=0)
    np.testing.assert_array_equal(fine[::2], coarse)


@every_maker
def test_a_longer_series_begins_with_the_shorter(make):
    np.testing.assert_array_equal(make(60, random_state=0)[:31], make(31, random_state=0))


@pytest.mark.parametrize(
    ("make", "parameters", "rest"),
    [
        (make_lorenz63, {"rho": 0.5}, [0.0, 0.0, 0.0]),
        (make_duffing, {"gamma": 0.0, "delta": 0.5}, [1.0, 0.0]),
        (make_lorenz96, {"forcing": 0.5, "n_features": 5}, [0.5] * 5),
        (make_mackey_glass, {"delay": 2.0}, [1.0]),
        (make_henon, {"a": 0.1}, [np.nan, np.nan]),
        (make_logistic, {"r": 2.0}, [0.5]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_stable_fixed_point_is_reached_within_the_transient(make, parameters, rest):
    rows = make(5, random_state=0, **parameters)
    if make is make_henon:
        x = (-0.7 + np.sqrt(0.7**2 + 4 * 0.1)) / (2 * 0.1)  # a x^2 + (1 - b) x - 1 = 0
        rest = [x, 0.3 * x]
    state = np.abs(rows[0, :2]) if make is make_duffing else rows[0]
    np.testing.assert_allclose(state, rest, atol=1e-5)


def test_fully_chaotic_logistic_map_does_not_collapse():
    # 1/2 is sent to 1, and 1 to 0 for ever, were it not held one float below 1.
    state = 0.5
    for _ in range(200):
        state = logistic_step(state, 4.0)
        assert 0.0 < state < 1.0
    assert state > 1e-3
    # The invariant density 1 / (pi sqrt(x (1 - x))) has mean 1/2 and variance 1/8.
    rows = make_logistic(100_000, random_state=0)
    assert rows.mean() == pytest.approx(0.5, abs=0.01)
    assert rows.var() == pytest.approx(0.125, abs=0.003)


def test_henon_starts_outside_of_the_basin_are_drawn_again():
    rows = np.array([make_henon(50, random_state=seed)[-1] for seed in range(60)])
    assert np.abs(rows).max() < 1.5
    # The square of starts is not all basin: some of these seeds must have needed a second draw.
    starts = np.array([np.random.RandomState(seed).uniform(-1, 1, 2) for seed in range(60)]).T
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(100):
            starts = np.array(_equations.henon(starts, 1.4, 0.3))
    assert not np.isfinite(starts).all()


# ----------------------------------------------------------------------------------- the signature


@every_maker
def test_common_signature(make):
    names = list(inspect.signature(make).parameters)
    assert names[0] == "n_samples"
    assert names[-5:] == ["noise", "columns", "as_frame", "return_bunch", "random_state"]


@every_maker
def test_shape_dtype_and_determinism(make, global_random_seed):
    rows = make(30, random_state=global_random_seed)
    assert rows.shape == (30, len(COLUMNS[make]))
    assert rows.dtype == np.float64
    assert rows.flags.c_contiguous
    assert np.isfinite(rows).all()
    np.testing.assert_array_equal(rows, make(30, random_state=global_random_seed))
    assert not np.array_equal(rows, make(30, random_state=global_random_seed + 1))
    # A RandomState is used up; the global one is left alone.
    rng = np.random.RandomState(global_random_seed)
    np.testing.assert_array_equal(rows, make(30, random_state=rng))
    assert not np.array_equal(rows, make(30, random_state=rng))


@every_maker
def test_one_row(make):
    assert make(1, random_state=0).shape == (1, len(COLUMNS[make]))


def test_n_features_of_lorenz96():
    bunch = make_lorenz96(3, n_features=4, return_bunch=True, random_state=0)
    assert bunch.data.shape == (3, 4)
    assert bunch.feature_names == ["x0", "x1", "x2", "x3"]


# -------------------------------------------------------------------------------------- the noise


@every_maker
def test_noise_is_a_fraction_of_each_column(make):
    n_samples = 4000 if make in (make_mackey_glass, make_henon, make_logistic) else 400
    bunch = make(n_samples, noise=0.3, return_bunch=True, random_state=0)
    np.testing.assert_array_equal(bunch.clean, make(n_samples, random_state=0))
    residual = bunch.data - bunch.clean
    level = residual.std(axis=0) / bunch.clean.std(axis=0)
    # Four standard errors of a standard deviation: 4 x 0.3 / sqrt(2 n)
    np.testing.assert_allclose(level, 0.3, atol=1.2 / np.sqrt(2 * n_samples))
    white = np.abs(np.mean(residual[1:] * residual[:-1], axis=0)) / residual.var(axis=0)
    assert white.max() < 4.5 / np.sqrt(n_samples)


def test_noise_scales_and_is_independent_between_columns():
    clean, weak, strong = (make_henon(2000, noise=n, random_state=0) for n in (0.0, 0.1, 0.2))
    np.testing.assert_allclose(strong - clean, 2.0 * (weak - clean), atol=1e-12)
    assert abs(np.corrcoef((weak - clean).T)[0, 1]) < 0.1


# ------------------------------------------------------------------------------------ the columns


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["z", "x"], [2, 0]),
        ([1], [1]),
        ("y", [1]),
        (2, [2]),
        (("x", 2), [0, 2]),
        (np.array([0, 1]), [0, 1]),
        (None, [0, 1, 2]),
    ],
)
def test_columns_by_name_or_position(columns, expected):
    full = make_lorenz63(20, noise=0.1, random_state=0)
    kept = make_lorenz63(20, noise=0.1, columns=columns, random_state=0)
    np.testing.assert_array_equal(kept, full[:, expected])
    assert kept.flags.c_contiguous


def test_bunch_holds_the_columns_kept():
    bunch = make_duffing(20, columns=["cos_phase", "x"], return_bunch=True, random_state=0)
    assert bunch.feature_names == ["cos_phase", "x"]
    assert bunch.data.shape == bunch.clean.shape == (20, 2)
    assert len(bunch.exponents) == 3


# -------------------------------------------------------------------------------- frame and bunch


@every_maker
def test_frame(make):
    frame = make(20, as_frame=True, random_state=0)
    assert isinstance(frame, pd.DataFrame)
    assert frame.columns.tolist() == COLUMNS[make]
    np.testing.assert_array_equal(frame.to_numpy(), make(20, random_state=0))
    default = inspect.signature(make).parameters.get("dt")
    dt = 1.0 if default is None else default.default
    assert frame.index.name == "time"
    assert frame.index.dtype == np.float64
    np.testing.assert_allclose(frame.index, dt * np.arange(20), rtol=1e-15)


@every_maker
@pytest.mark.parametrize("as_frame", [False, True])
def test_bunch(make, as_frame):
    bunch = make(20, noise=0.1, as_frame=as_frame, return_bunch=True, random_state=0)
    assert isinstance(bunch, Bunch)
    assert set(bunch) == {
        *("data", "clean", "dt", "equations", "feature_names"),
        *("exponents", "standard_errors", "DESCR"),
    }
    assert isinstance(bunch.data, pd.DataFrame if as_frame else np.ndarray)
    assert type(bunch.clean) is type(bunch.data)
    same = make(20, noise=0.1, as_frame=as_frame, random_state=0)
    np.testing.assert_array_equal(bunch.data, same)
    assert bunch.feature_names == COLUMNS[make]
    assert isinstance(bunch.dt, float)
    assert bunch.equations in bunch.DESCR
    assert f"{bunch.exponents[0]:.5g}" in bunch.DESCR
    assert np.all(np.diff(bunch.exponents) <= 0)
    assert bunch.exponents[0] > 0
    assert bunch.standard_errors.shape == bunch.exponents.shape


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (make_lorenz63, {"rho": 29.0}),
        (make_roessler, {"a": 0.1}),
        (make_duffing, {"omega": 1.3}),
        (make_lorenz96, {"n_features": 5}),
        (make_mackey_glass, {"delay": 20.0}),
        (make_henon, {"b": 0.2}),
        (make_logistic, {"r": 3.9}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_exponents_are_none_where_they_are_not_known(make, parameters):
    bunch = make(2, return_bunch=True, random_state=0, **parameters)
    assert bunch.exponents is None
    assert bunch.standard_errors is None
    assert "not computed for these parameters" in bunch.DESCR


# ------------------------------------------------------------------------------------- bad input


@every_maker
@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"n_samples": 0}, ValueError, ["n_samples == 0", "at least 1"]),
        ({"n_samples": -5}, ValueError, ["n_samples == -5", "at least 1"]),
        ({"n_samples": 10.0}, TypeError, ["n_samples", "10.0", "integer"]),
        ({"n_samples": True}, TypeError, ["n_samples", "True", "integer"]),
        ({"noise": -0.1}, ValueError, ["noise == -0.1", ">= 0"]),
        ({"noise": np.inf}, ValueError, ["noise == inf", "finite"]),
        ({"noise": "5%"}, TypeError, ["noise", "5%", "number"]),
        ({"n_samples": 1, "noise": 0.1}, ValueError, ["noise == 0.1", "n_samples >= 2"]),
        ({"columns": ["q"]}, ValueError, ["'q'", "'x"]),
        ({"columns": [20]}, ValueError, ["20", "positions from 0"]),
        ({"columns": [-1]}, ValueError, ["-1", "positions from 0"]),
        ({"columns": []}, ValueError, ["columns is empty", "None"]),
        ({"columns": [0, 0]}, ValueError, ["twice"]),
        ({"columns": [1.5]}, TypeError, ["1.5", "names or integer positions"]),
        ({"columns": 1.5}, TypeError, ["1.5", "names or integer positions"]),
        ({"columns": [True]}, TypeError, ["True", "names or integer positions"]),
    ],
)
def test_bad_input_is_named(make, arguments, error, words):
    with pytest.raises(error) as caught:
        make(**{"n_samples": 10, "random_state": 0, **arguments})
    for word in words:
        assert word in str(caught.value)


@every_flow
@pytest.mark.parametrize("dt", [0, 0.0, -0.1, np.nan, np.inf])
def test_dt_must_be_positive(make, dt):
    with pytest.raises(ValueError, match=r"dt == .* > 0"):
        make(10, dt=dt)


@every_maker
def test_parameters_must_be_finite_numbers(make):
    common = {"n_samples", "dt", "noise", "columns", "as_frame", "return_bunch", "random_state"}
    for name in inspect.signature(make).parameters.keys() - common - {"n_features"}:
        with pytest.raises(ValueError, match=f"{name} == nan.*finite"):
            make(10, **{name: np.nan})
        with pytest.raises(TypeError, match=f"{name} must be a number, got 'high'"):
            make(10, **{name: "high"})


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (make_lorenz96, {"n_features": 3}, "n_features == 3 must be at least 4"),
        (make_logistic, {"r": 4.1}, "r == 4.1 .*<= 4"),
        (make_logistic, {"r": -0.1}, "r == -0.1 .*>= 0"),
        (make_mackey_glass, {"delay": 0.0}, "delay == 0.0 .*> 0"),
        (make_mackey_glass, {"gamma": -0.1}, "gamma == -0.1 .*> 0"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_parameters_out_of_range(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(10, **arguments)


@pytest.mark.parametrize(
    ("make", "parameters", "named"),
    [
        (make_henon, {"a": 3.0}, "a=3, b=0.3"),
        (make_lorenz63, {"beta": -1.0}, "beta=-1"),
        (make_roessler, {"a": 1.0}, "a=1, b=0.2"),
        (make_duffing, {"alpha": -1.0}, "alpha=-1"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_escaping_orbit_is_an_error_that_names_the_parameters(make, parameters, named):
    with pytest.raises(ValueError, match=f"{named}.*no bounded orbit.*nearer to the defaults"):
        make(100, random_state=0, **parameters)
