import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy

from skchaos.datasets import make_lorenz63
from skchaos.metrics import state_space_divergence

METHODS = ["binned", "mixture"]


@pytest.fixture
def rng(global_random_seed):
    return np.random.RandomState(global_random_seed)


# ------------------------------------------------------------------------------------- identities
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_features", [1, 3, 10])
def test_zero_for_identical_series(rng, method, n_features):
    X = rng.standard_normal((1000, n_features))
    options = {"method": method, "n_components": 400, "random_state": rng}  # fewer than rows
    assert state_space_divergence(X, X, **options) == 0.0


def test_binned_ignores_the_order_of_rows(rng):
    X, Y = rng.standard_normal((2, 1000, 2))
    value = state_space_divergence(X, Y, method="binned")
    assert value > 0
    assert state_space_divergence(X[::-1], Y[rng.permutation(1000)], method="binned") == value


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bin_range", ["data", "two_sd"])
def test_does_not_depend_on_units(rng, method, bin_range):
    X, Y = rng.standard_normal((2, 500, 2))
    options = {"method": method, "bin_range": bin_range, "random_state": 0}
    value = state_space_divergence(X, Y, **options)
    units = np.array([2.0**-20, 2.0**300])
    assert state_space_divergence(X * units, Y * units, **options) == value
    moved = state_space_divergence(1e3 * X - 7, 1e3 * Y - 7, **options)
    assert moved == pytest.approx(value, rel=1e-6)


def test_binned_is_the_divergence_of_the_histograms():
    # Four bins of width 1; the counts are (5, 3, 2, 2) and, of 24 rows, (2, 6, 12, 4).
    X = np.repeat([0.0, 1.5, 2.5, 4.0], [5, 3, 2, 2])[:, None]
    Y = np.repeat([0.5, 1.0, 2.9, 3.0], [2, 6, 12, 4])[:, None]
    expected = entropy([5, 3, 2, 2], [2, 6, 12, 4])
    value = state_space_divergence(X, Y, method="binned", n_bins=4)
    assert value == pytest.approx(expected, abs=1e-5)  # the pseudo-count is 1e-5


def test_binned_agrees_with_a_dense_histogram(rng):
    X, Y = rng.uniform(size=(2, 20000, 2))
    Y = Y**1.5
    edges = [np.linspace(X[:, j].min(), X[:, j].max(), 6) for j in range(2)]
    p = np.histogram2d(*X.T, bins=edges)[0].ravel()
    edges = [np.concatenate([[-1.0], e, [2.0]]) for e in edges]
    q = np.histogram2d(*Y.T, bins=edges)[0]
    inside = q[1:-1, 1:-1].ravel()
    # The rows of Y beyond the range of X count in the sum, which is what histogram2d would drop.
    expected = entropy(p, inside) + np.log(q.sum() / inside.sum())
    value = state_space_divergence(X, Y, method="binned", n_bins=5)
    assert value == pytest.approx(expected, rel=1e-6)


def test_every_row_is_counted():
    X = np.linspace(0.0, 1.0, 100)[:, None]
    Y = np.concatenate([X, np.full((300, 1), 5.0)])  # a quarter agrees, the rest has left
    value = state_space_divergence(X, Y, method="binned", n_bins=10)
    assert value == pytest.approx(np.log(4), abs=1e-4)


def test_two_sd_keeps_the_directions_outside_apart(rng):
    X = rng.standard_normal((10_000, 1))
    X = np.concatenate([X, -X])  # the mean is zero
    Y = np.where(np.abs(X) > 2 * X.std(), -np.abs(X), X)
    value = state_space_divergence(X, Y, method="binned", n_bins=10, bin_range="two_sd")
    assert value > 0.1  # the same outside mass, but all of it on the left


def test_many_columns_need_no_grid(rng):
    X = rng.standard_normal((2000, 40))  # 30**40 cells
    Y = np.where(np.arange(2000)[:, None] % 2, X, X + 100)
    value = state_space_divergence(X, Y, method="binned")
    # Every row of X is alone in its cell, with 1/2000; Y shares half of the cells.
    missed = np.log(1 / 1e-5)
    assert value == pytest.approx(missed / 2, rel=1e-3)


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_mixture_of_two_wide_gaussians_has_a_closed_form(shift):
    # One Gaussian on each side, of standard deviation s: KL = (shift / s)^2 / 2 in each column.
    X = np.array([[-1.0, -1.0], [1.0, 1.0]])  # standard deviation 1 about 0
    value = state_space_divergence(
        X, X + shift, method="mixture", bandwidth=100.0, n_monte_carlo=20_000, random_state=0
    )
    assert value == pytest.approx(2 * (shift / 100) ** 2 / 2, abs=2 * shift / 100 / 100)


def test_mixture_is_the_divergence_of_kernel_densities(rng):
    X, Y = rng.standard_normal((300, 1)), rng.standard_normal((300, 1)) + 1
    grid = np.linspace(-8, 9, 4000)
    width = 0.3 * X.std()

    def density(centers):
        return np.exp(-0.5 * ((grid - centers) / width) ** 2).mean(axis=0)

    value = state_space_divergence(
        X, Y, method="mixture", bandwidth=0.3, n_monte_carlo=20_000, random_state=0
    )
    assert value == pytest.approx(entropy(density(X), density(Y)), rel=0.1)


def test_bandwidth_rules(rng):
    X, Y = rng.standard_normal((2, 400, 3))
    options = {"method": "mixture", "random_state": 0}
    for rule, width in (("scott", 400 ** (-1 / 7)), ("silverman", (400 * 5 / 4) ** (-1 / 7))):
        by_rule = state_space_divergence(X, Y, bandwidth=rule, **options)
        assert by_rule == state_space_divergence(X, Y, bandwidth=width, **options)


def test_random_state_determines_the_value(rng):
    X, Y = rng.standard_normal((2, 200, 2))
    options = {"method": "mixture", "n_monte_carlo": 100, "n_components": 150}
    value = state_space_divergence(X, Y, random_state=3, **options)
    assert value == state_space_divergence(X, Y, random_state=3, **options)
    assert value != state_space_divergence(X, Y, random_state=4, **options)


# ------------------------------------------------------------------------------- hard forecasts
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bin_range", ["data", "two_sd"])
@pytest.mark.parametrize("where", ["mean", "far", "farther", "tiny units", "huge units"])
def test_a_collapsed_or_runaway_model_is_finite_and_bad(rng, method, bin_range, where):
    X = rng.standard_normal((2000, 2)) + 30  # off zero
    Y = np.tile(X.mean(axis=0), (2000, 1))
    Y += {"far": 1e6, "farther": 1e300}.get(where, 0.0)
    units = {"tiny units": 1e-200, "huge units": 1e200}.get(where, 1.0)
    options = {"method": method, "bin_range": bin_range, "random_state": 0}
    value = state_space_divergence(X * units, Y * units, **options)
    assert np.isfinite(value)
    assert value > 3


# ------------------------------------------------------------------------------------------ auto
@pytest.mark.parametrize(
    ("n_rows", "n_features", "chosen"),
    [
        (300, 1, "binned"),
        (299, 1, "mixture"),
        (9000, 2, "binned"),
        (8999, 3, "mixture"),
        (9000, 3, "binned"),
        (9000, 4, "mixture"),
    ],
)
def test_auto(rng, n_rows, n_features, chosen):
    X, Y = rng.standard_normal((2, n_rows, n_features))
    light = {"n_components": 100, "n_monte_carlo": 100, "random_state": 0}
    value = state_space_divergence(X, Y, **light)
    assert value == state_space_divergence(X, Y, method=chosen, **light)
    other = next(method for method in METHODS if method != chosen)
    assert value != state_space_divergence(X, Y, method=other, **light)


def test_auto_heeds_the_shorter_series(rng):
    X, Y = rng.standard_normal((2, 400, 1))
    value = state_space_divergence(X, Y[:100], random_state=0)
    assert value == state_space_divergence(X, Y[:100], method="mixture", random_state=0)


# ------------------------------------------------------------------------------------- bad input
@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"method": "bins"}, ValueError, "method='bins' is not one of 'auto'"),
        ({"bin_range": None}, ValueError, "bin_range=None is not one of"),
        ({"n_bins": 0}, ValueError, "n_bins == 0, must be >= 1"),
        ({"n_bins": 3.0}, TypeError, "n_bins"),
        ({"bandwidth": 0.0}, ValueError, "bandwidth == 0.0, must be > 0"),
        ({"bandwidth": np.inf}, ValueError, "bandwidth=inf must be finite"),
        ({"bandwidth": "wide"}, ValueError, "'scott', 'silverman'"),
        ({"n_components": 0}, ValueError, "n_components"),
        ({"n_monte_carlo": 0}, ValueError, "n_monte_carlo"),
    ],
)
def test_bad_parameters(options, error, match):
    X = np.arange(10.0)[:, None]
    with pytest.raises(error, match=match):
        state_space_divergence(X, X, **options)


def test_bad_series():
    X = np.arange(20.0).reshape(10, 2)
    with pytest.raises(ValueError, match=r"2 column\(s\) and X_pred has 1"):
        state_space_divergence(X, X[:, :1])
    with pytest.raises(ValueError, match="X_pred contains NaN"):
        state_space_divergence(X, np.full_like(X, np.nan))
    with pytest.raises(ValueError, match="contains infinity"):
        state_space_divergence(X, np.full_like(X, np.inf))
    with pytest.raises(ValueError, match="1D array"):
        state_space_divergence(X[:, 0], X[:, 0])
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        state_space_divergence(X, X[:1])
    constant = X.copy()
    constant[:, 1] = 0.1
    with pytest.raises(ValueError, match=r"Column\(s\) \[1\] of X_true are constant \(value 0.1\)"):
        state_space_divergence(constant, X)


def test_frames_must_have_the_same_columns(rng):
    X = pd.DataFrame(rng.standard_normal((50, 2)), columns=["u", "v"])
    assert state_space_divergence(X, X.to_numpy(), method="binned") == 0.0
    with pytest.raises(ValueError, match="reorder or rename"):
        state_space_divergence(X, X[["v", "u"]])


# -------------------------------------------------------------------------------- published values
def matching_gaussian(X, seed=0):
    rng = np.random.RandomState(seed)
    return rng.multivariate_normal(X.mean(axis=0), np.cov(X.T), size=len(X))


@pytest.fixture(scope="module")
def short_lorenz():
    return [make_lorenz63(3000, dt=0.05, rho=38.0, random_state=seed) for seed in (0, 1)]


def test_mixture_sees_lorenz_from_its_gaussian_with_few_rows(short_lorenz):
    X, Y = short_lorenz
    floor = state_space_divergence(X, Y, random_state=0)
    gaussian = state_space_divergence(X, matching_gaussian(X), random_state=0)
    stuck = state_space_divergence(X, np.tile(X.mean(axis=0), (3000, 1)), random_state=0)
    assert floor < 0.12
    assert gaussian > 3 * floor
    assert stuck > 10


@pytest.mark.slow
def test_floors_of_lorenz():
    # Two true trajectories of 100,000 rows; Hess et al. 2023 use 30 bins over the data's range.
    X, Y = (make_lorenz63(100_000, rho=38.0, random_state=seed) for seed in (1, 2))
    window = {"method": "binned", "n_bins": 10, "bin_range": "two_sd"}
    assert 0.005 < state_space_divergence(X, Y, **window) < 0.02
    assert 0.03 < state_space_divergence(X, Y) < 0.07
    gaussian = matching_gaussian(X)
    assert 0.9 < state_space_divergence(X, gaussian, **window) < 1.3
    assert state_space_divergence(X, gaussian) == pytest.approx(2.26, abs=0.05)
    stuck = np.tile(X.mean(axis=0), (len(X), 1))
    assert state_space_divergence(X, stuck) == pytest.approx(16.3, abs=0.15)
    assert 16 < state_space_divergence(X, stuck, **window) < 20


def test_many_columns_have_no_grid():
    X = np.random.default_rng(0).normal(size=(50, 300))
    assert state_space_divergence(X, X[::-1], method="binned") == 0
    assert state_space_divergence(X, X + 1, method="binned") > 5
