"""Rows that stay in their file are trained on as if they were in memory."""

import warnings

import numpy as np
import pytest

from skchaos import ChaoticRNNRegressor, _mapped
from skchaos._rows import read_rows
from skchaos._series import Scaling
from skchaos.datasets import make_lorenz63
from tests.test_regressor import QUICK


@pytest.fixture
def path(tmp_path):
    rows = make_lorenz63(3000, random_state=0).astype(np.float32)
    rows.tofile(tmp_path / "rows.f32")
    return tmp_path / "rows.f32"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(_mapped, "BLOCK", 700)


def mapped(path, first=0, last=3000, mode="r"):
    return np.memmap(path, np.float32, mode=mode, shape=(3000, 3))[first:last]


@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize(("first", "last"), [(0, 3000), (1234, 2900)])
def test_fit_is_that_of_the_rows_in_memory(path, first, last, early_stopping):
    settings = QUICK | {"early_stopping": early_stopping, "forcing_interval": 20}
    X = mapped(path, first, last)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as torch's of arrays that cannot be written to
        warnings.filterwarnings("ignore", category=UserWarning, message="Free runs")
        one = ChaoticRNNRegressor(**settings).fit(X)
        other = ChaoticRNNRegressor(**settings).fit(np.array(X, dtype=np.float64))
    assert one.lyapunov_exponent_ == pytest.approx(other.lyapunov_exponent_, rel=1e-2)
    np.testing.assert_allclose(one.mean_, other.mean_, rtol=1e-12)
    np.testing.assert_allclose(one.scale_, other.scale_, rtol=1e-12)
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-4)
    np.testing.assert_allclose(one.forecast(3), other.forecast(3), rtol=1e-3)
    for value in vars(one).values():
        assert not isinstance(value, np.memmap)


def test_rows_are_not_copied_and_the_file_stays_as_it_is(path):
    before, X = path.read_bytes(), mapped(path, 10, mode="r+")
    model = ChaoticRNNRegressor(**QUICK)
    assert read_rows(model, X, reset=True, keep_mapped=True) is X
    assert not isinstance(read_rows(model, X, reset=True), np.memmap)  # others do not ask for it
    model.fit(X)
    assert path.read_bytes() == before


def test_rows_are_those_of_the_mapping_though_its_file_was_replaced(path):
    X = mapped(path)
    mean = X.mean(axis=0)
    other = path.with_suffix(".new")
    np.zeros((3000, 3), np.float32).tofile(other)
    other.replace(path)
    np.testing.assert_allclose(ChaoticRNNRegressor(**QUICK).fit(X).mean_, mean, rtol=1e-5)


def test_training_goes_on_with_mapped_rows(path):
    model = ChaoticRNNRegressor(**QUICK, warm_start=True).fit(mapped(path))
    with pytest.raises(ValueError, match="2 features"):
        model.fit(np.memmap(path, np.float32, mode="r", shape=(4500, 2)))
    before = model.readout_weight_
    assert not np.array_equal(model.fit(mapped(path)).readout_weight_, before)


def test_scaling_in_blocks_is_that_at_once(path):
    X = mapped(path)
    one, other = Scaling.of(X), Scaling.of(np.array(X, dtype=np.float64))
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-12)
    np.testing.assert_allclose(one.scale, other.scale, rtol=1e-12)


def test_a_bad_value_is_named_by_its_row(path):
    mapped(path, mode="r+")[2222, 1] = np.nan
    with pytest.raises(ValueError, match="NaN in column 1 at row 2222"):
        ChaoticRNNRegressor(**QUICK).fit(mapped(path))


@pytest.mark.parametrize("change", ["float64", "columns apart", "in memory", "changed"])
def test_other_arrays_are_read_as_ever(path, change):
    X = mapped(path)
    if change == "float64":
        X = np.memmap(path, np.float64, mode="r", shape=(1500, 3))
    elif change == "columns apart":
        X = X[:, :2]
    elif change == "changed":
        X = mapped(path, mode="c")
    else:
        X = np.array(X)
    assert not _mapped.is_mapped(X)
