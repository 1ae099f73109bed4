"""What a plan settles from what was measured on the rows."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skchaos import ChaoticRNNRegressor
from skchaos._plan import (
    _window,
    closes_loop,
    is_noise_driven,
    make_plan,
    usable_exponent,
)
from skchaos._prepare import prepare
from skchaos.datasets import make_lorenz63
from skchaos.exceptions import NotChaoticWarning


def measured(n_delays, delay=1, lambda_max=1.0, period=100.0, regime="chaos", prediction_error=0.0):
    return SimpleNamespace(
        n_delays=n_delays, delay=delay, lambda_max=lambda_max, mean_period=period, regime=regime,
        prediction_error=prediction_error, standard_errors=(0.1,), dt=1.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (measured(1), (20, 1)),
        (measured(1, period=420), (20, 4)),
        (measured(8), (20, 1)),  # seen well enough in the usual window
        (measured(11), (40, 1)),
        (measured(66), (40, 3)),
        (measured(5, delay=20), (40, 4)),
        (measured(66, period=900), (20, 9)),
        (measured(66, lambda_max=np.nan, regime="undecided"), (20, 1)),
        (measured(66, regime="cycle"), (20, 1)),
    ],
)
def test_window_is_long_where_one_row_is_not_the_state(found, expected):
    assert _window("auto", "auto", found, False, 10_000) == expected


def test_window_that_is_given_stays():
    assert _window(7, "auto", measured(66), False, 10_000) == (7, 3)
    assert _window("auto", 2, measured(66), False, 10_000) == (40, 2)
    assert _window(7, 2, measured(66), False, 10_000) == (7, 2)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (measured(1), (1, 1)),
        (measured(2), (20, 1)),
        (measured(66), (40, 3)),
        (measured(1, lambda_max=np.nan, regime="undecided"), (20, 1)),
        (measured(1, regime="cycle"), (20, 1)),
    ],
)
def test_one_row_does_where_it_is_the_state_and_has_no_noise(found, expected):
    assert _window("auto", "auto", found, True, 10_000) == expected


@pytest.mark.parametrize(
    ("taken", "prediction_error", "n_delays"), [(0.0, 0.01, 1), (0.05, 0.01, 20), (0.0, 0.03, 20)]
)
def test_noise_taken_or_left_is_averaged_over_a_window(
    monkeypatch, taken, prediction_error, n_delays
):
    rows = make_lorenz63(1_000, random_state=0)
    model = ChaoticRNNRegressor(dt=0.01, early_stopping=False, noise_level=0)
    series = replace(prepare(model, rows).series, noise_level=np.full(3, taken))
    found = measured(1, prediction_error=prediction_error)
    monkeypatch.setattr("skchaos._plan.measure", lambda *_: ([1_000], found))
    assert make_plan(model, series, 50, 0).n_delays == n_delays


def test_window_leaves_rows_to_learn_from():
    assert _window("auto", "auto", measured(66), False, 240) == (20, 3)
    assert _window("auto", "auto", measured(1), False, 40) == (10, 1)


def test_one_column_of_a_flow_gets_the_long_window():
    rows = make_lorenz63(6_000, columns="x", random_state=0)
    plan = prepare(ChaoticRNNRegressor(dt=0.01, early_stopping=False), rows).plan
    assert plan.n_delays == 40
    assert plan.span > 60


@pytest.mark.parametrize(
    ("n_rows", "noise", "given", "expected"),
    [
        (1_000, 0.0, {}, (2, 1)),
        (1_999, 0.0, {}, (2, 1)),
        (2_000, 0.0, {}, (40, 4)),
        (1_000, 0.05, {}, (20, 1)),  # no few noisy rows tell the next
        (1_000, 0.0, {"n_delays": 5}, (5, 1)),
        (1_000, 0.0, {"delay": 3}, (20, 3)),
    ],
)
def test_of_few_clean_rows_the_window_is_as_short_as_they_allow(n_rows, noise, given, expected):
    rows = make_lorenz63(n_rows, columns="x", random_state=0)
    rows += noise * rows.std() * np.random.default_rng(0).standard_normal(rows.shape)
    model = ChaoticRNNRegressor(dt=0.01, process_noise=False, **given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotChaoticWarning)
        plan = prepare(model, rows).plan
    assert (plan.n_delays, plan.delay) == expected


@pytest.mark.parametrize(
    ("exponent", "regime", "missed", "expected"),
    [
        (0.2, "chaos", 0.03, 0.2),
        (0.11, "undecided", 0.03, 0.11),
        (0.09, "undecided", 0.03, np.nan),  # its error is .1
        (0.09, "undecided", 0.01, 0.09),  # a better guess than none, where the next row is foreseen
        (-0.3, "noise", 0.03, np.nan),
        (0.2, "cycle", 0.03, 0.0),
        (np.nan, "undecided", 0.03, np.nan),
    ],
)
def test_in_noise_an_exponent_below_its_error_is_none(exponent, regime, missed, expected):
    found = measured(1, lambda_max=exponent, regime=regime, prediction_error=missed)
    assert_array_equal(usable_exponent(found), expected)
    assert is_noise_driven("auto", found) == np.isnan(expected)


def test_rows_that_stand_still_until_they_are_set_aside_are_named():
    X = np.ones((1500, 1))
    X[-100:, 0] = np.sin(np.arange(100))
    with pytest.raises(ValueError, match=r"first \[1350\] .* do not move"):
        ChaoticRNNRegressor(max_iter=1).fit(X)


@pytest.mark.parametrize(
    ("steps", "period", "closes"),
    [(4, 100, True), (6, 100, False), (19, 24, True), (19, 26, False), (21, 24, False)],
)
def test_the_loop_is_closed_where_errors_double_within_a_few_rows(steps, period, closes):
    found = measured(1, lambda_max=np.log(2) / steps, period=period)
    assert closes_loop(ChaoticRNNRegressor(), found, False) == closes


@pytest.mark.parametrize("regime", ["cycle", "undecided"])
def test_the_loop_is_left_open_where_there_is_no_exponent(regime):
    found = measured(1, lambda_max=np.nan, period=2.0, regime=regime)
    assert not closes_loop(ChaoticRNNRegressor(), found, False)
