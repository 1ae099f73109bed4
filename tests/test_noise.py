"""Noise of observation: how much is found, what is left of it, and what is left alone."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skchaos import ChaoticRNNRegressor, _fit, _noise, _reconstruction
from skchaos._noise import HALF_WIDTHS, _weigh, denoise
from skchaos._prepare import prepare
from skchaos.datasets import (
    make_duffing,
    make_henon,
    make_logistic,
    make_lorenz63,
    make_roessler,
)
from skchaos.exceptions import NoiseKeptWarning
from tests.test_regressor import QUICK

N_ROWS = 10_000


def noisy_rows(make, noise, **options):
    """Return standardised rows with noise, and the same without."""
    made = make(N_ROWS, noise=noise, return_bunch=True, random_state=0, **options)
    mean, scale = made.data.mean(axis=0), made.data.std(axis=0)
    return (made.data - mean) / scale, (made.clean - mean) / scale


def without(rows, seen=0.05, noise_level="auto", n_train=N_ROWS):
    held_out = [slice(n_train, len(rows))] if n_train < len(rows) else []
    return denoise(rows, [slice(0, n_train)], held_out, noise_level, seen)


@pytest.mark.parametrize("noise", [0.02, 0.1])
@pytest.mark.parametrize("make", [make_lorenz63, make_roessler, make_duffing])
def test_noise_is_measured_and_most_of_it_taken_away(make, noise):
    rows, clean = noisy_rows(make, noise)
    found = without(rows, seen=noise)
    assert_allclose(found.noise_level, noise, rtol=0.1)
    assert (np.std(found.rows - clean, axis=0) < noise / 2).all()
    assert np.sqrt(np.mean((found.rows - clean) ** 2)) < noise / 3


def test_one_column_is_enough():
    rows, clean = noisy_rows(make_lorenz63, 0.05, columns="x")
    found = without(rows)
    assert_allclose(found.noise_level, 0.05, rtol=0.1)
    assert np.std(found.rows - clean) < 0.05 / 3


def test_a_stack_knows_more_than_its_parts(monkeypatch):
    rows, clean = noisy_rows(make_lorenz63, 0.05, columns="x")
    stacked = np.std(without(rows).rows - clean)
    for size in itertools.product((10, 20, 40), _noise.N_IN_PRODUCTS):
        monkeypatch.setattr(_noise, "HALF_WIDTHS", size[:1])
        monkeypatch.setattr(_noise, "N_IN_PRODUCTS", size[1:])
        assert stacked < 0.95 * np.std(without(rows).rows - clean)


def test_weights_are_of_sum_one_and_those_of_the_best_predictions():
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((2000, 2))
    scale = np.array([[0.1, 1.0], [0.1, 0.2], [1.0, 0.2]])
    off = rng.standard_normal((3, 2000, 2)) * scale[:, None]
    weights = _weigh(truth + off, truth)
    assert_allclose(weights.sum(axis=0), 1)
    assert_allclose(weights, [[0.5, 0], [0.5, 0.5], [0, 0.5]], atol=0.1)
    assert np.all((weights == 0) | (weights >= _noise.LEAST_WEIGHT))


def test_rows_near_an_end_go_by_the_narrower_polynomials():
    rows, clean = noisy_rows(make_lorenz63, 0.05)
    short = [slice(a, a + 100) for a in range(0, N_ROWS, 100)]  # shorter than the widest window
    error = denoise(rows, short, [], "auto", 0.05).rows - clean
    offset = np.arange(N_ROWS) % 100
    by_offset = np.array([np.sqrt(np.mean(error[offset == k] ** 2)) for k in range(100)])
    assert (by_offset[30:70] < 0.05 / 3).all()
    assert by_offset[[12, -13]].max() < 0.05 / 2
    assert_allclose(by_offset[[0, -1]], 0.05, rtol=0.15)  # as they were


def test_what_a_map_sees_bounds_what_is_taken():
    # Neighbours tell little of a row of a map, and noise in time is not what they miss.
    rows, _ = noisy_rows(make_henon, 0.0)
    assert without(rows, seen=0.001) is None
    rows, _ = noisy_rows(make_lorenz63, 0.05)
    assert without(rows, seen=0.01) is None


def test_rows_without_order_are_left_alone():
    rows = np.random.default_rng(0).standard_normal((N_ROWS, 2))
    assert without(rows, seen=1.0) is None


def test_only_noisy_columns_change():
    rows, clean = noisy_rows(make_lorenz63, 0.05)
    mixed = np.column_stack([rows[:, :2], clean[:, 2]])
    found = without(mixed)
    assert_array_equal(found.rows[:, 2], clean[:, 2])
    assert_allclose(found.noise_level, [0.05, 0.05, 0], rtol=0.1)


def test_copies_of_columns_are_no_trouble():
    rows, clean = noisy_rows(make_lorenz63, 0.05)
    order = [0, 1, 2, 0, 2]
    found = without(rows[:, order])
    assert_allclose(found.noise_level, 0.05, rtol=0.1)
    assert np.std(found.rows - clean[:, order]) < 0.05 / 3


def test_what_no_polynomial_knows_stays():
    rows, _ = noisy_rows(make_lorenz63, 0.05)
    n_train = 7_500
    rows = np.column_stack([rows, np.full(len(rows), -0.3)])
    rows[n_train:, 3] = np.sin(np.arange(len(rows) - n_train))  # never moved before
    rows[9_000, 0] = 15.0  # an outlier
    found = without(rows, n_train=n_train)
    assert found.noise_level[3] == 0
    assert np.abs(found.rows - rows).max() < 0.5
    assert found.rows[9_000, 0] == 15.0
    assert np.all(found.noise_level[:3] > 0)


def test_a_given_level_is_the_most_that_is_taken():
    rows, _ = noisy_rows(make_lorenz63, 0.05)
    assert without(rows, seen=np.nan, noise_level=0.01) is None  # less than neighbours miss
    assert_allclose(without(rows, seen=np.nan, noise_level=0.05).noise_level, 0.05, rtol=0.05)


def test_nothing_is_learned_from_rows_set_aside():
    rows, _ = noisy_rows(make_lorenz63, 0.05)
    n_train = 7_500
    changed = rows.copy()
    changed[n_train:] = rows[n_train:][::-1]
    first, second = without(rows, n_train=n_train), without(changed, n_train=n_train)
    assert_array_equal(first.rows[:n_train], second.rows[:n_train])
    assert np.any(first.rows[n_train:] != rows[n_train:])  # they are denoised all the same


def test_no_row_is_predicted_from_another_stretch():
    rows, _ = noisy_rows(make_lorenz63, 0.05)
    cut, edge = 7_500, min(HALF_WIDTHS)
    found = without(rows, n_train=cut)
    for end in (0, cut - edge, cut, N_ROWS - edge):
        near = slice(end, end + edge)
        assert_array_equal(found.rows[near], rows[near])


class TestFit:
    @pytest.mark.parametrize("noise", [0.003, 0.05])
    @pytest.mark.parametrize(
        ("make", "columns", "step", "is_better"),
        [
            (make_logistic, None, 1, False),  # noise doubles from row to row
            (make_henon, "x", 1, False),
            (make_henon, None, 1, True),  # the second column is the first of the row before
            (make_lorenz63, None, 10, True),  # hardly a flow any more
            (make_lorenz63, "x", 5, True),
        ],
    )
    def test_rows_come_out_better_or_as_they_were(self, make, columns, step, is_better, noise):
        made = make(5000 * step, columns=columns, noise=noise, return_bunch=True, random_state=0)
        X, clean = made.data[::step], made.clean[::step]
        series = prepare(ChaoticRNNRegressor(early_stopping=False), X).series
        before, after = (np.std(rows - clean, axis=0) for rows in (X, series.rows))
        if is_better:
            assert (after < 0.75 * before).all()
            assert_allclose(series.noise_level, noise, rtol=0.25)
        else:
            assert_array_equal(series.rows, X)

    def test_trains_on_rows_without_noise(self):
        made = make_lorenz63(8000, noise=0.05, return_bunch=True, random_state=0)
        model = ChaoticRNNRegressor(**QUICK).fit(made.data)
        assert_allclose(model.noise_level_, 0.05, rtol=0.15)
        as_it_is = ChaoticRNNRegressor(**QUICK, noise_level=0).fit(made.data)
        assert_array_equal(as_it_is.noise_level_, 0)
        # The exponent is then nearer to that of clean rows (benchmarks/results/exponents.json).
        missed = [abs(m.lyapunov_exponent_ - 0.009056) for m in (model, as_it_is)]
        assert missed[0] < missed[1] / 2
        # What a forecast goes on from is what was observed.
        assert_array_equal(model.context_, made.data[-model.n_context_ :])

    def test_the_core_gets_rows_without_noise(self, monkeypatch):
        made = make_lorenz63(8000, noise=0.05, return_bunch=True, random_state=0)
        make_table, tables = _fit._table, []
        monkeypatch.setattr(
            _fit, "_table", lambda *args: tables.append(make_table(*args)) or tables[-1]
        )
        ChaoticRNNRegressor(**QUICK).fit(made.data)
        error = tables[0].rows.numpy() - (made.clean - made.data.mean(0)) / made.data.std(0)
        assert np.sqrt(np.mean(error**2)) < 0.05 / 3

    def test_clean_rows_stay(self):
        X = make_lorenz63(3000, random_state=0)
        models = [ChaoticRNNRegressor(**QUICK, noise_level=level).fit(X) for level in ("auto", 0)]
        assert_array_equal(models[0].noise_level_, 0)
        assert_array_equal(models[0].predict(X), models[1].predict(X))

    def test_bad_levels(self):
        for level in (-0.1, 1.0, "low"):
            with pytest.raises(ValueError, match="noise_level"):
                ChaoticRNNRegressor(noise_level=level).fit(np.zeros((100, 1)))


@pytest.mark.parametrize(("n_rows", "level"), [(250, 0.1), (3000, 0.7)])
def test_who_names_a_level_is_told_that_nothing_is_taken(n_rows, level):
    X = make_lorenz63(n_rows, noise=level, random_state=0)
    model = ChaoticRNNRegressor(
        noise_level=level, process_noise=False, forcing_interval=20, **QUICK
    )
    with pytest.warns(NoiseKeptWarning, match=f"noise_level={level}, but no noise is taken"):
        assert model.fit(X).noise_level_.max() == 0


def test_free_runs_of_a_report_begin_from_rows_with_their_noise(monkeypatch):
    X, seen = make_lorenz63(3000, noise=0.1, random_state=0), []

    def spy(engine, recorded, series, *others):
        seen.extend([recorded, series])
        return report(engine, recorded, series, *others)

    report = _reconstruction.report
    monkeypatch.setattr(_reconstruction, "report", spy)
    ChaoticRNNRegressor(**QUICK).fit(X)
    assert_array_equal(seen[0].rows, X)
    assert not np.array_equal(seen[1].rows, X)
