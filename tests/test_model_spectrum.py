"""Exponents of a map written in torch, and how far exponents from orbits may be off."""

import numpy as np
import pytest
import scipy.stats
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone

from skchaos import LyapunovSpectrum
from skchaos._model_spectrum import standard_errors
from skchaos.datasets import make_henon, make_logistic

MODULI = [1.2, 0.5, 0.01]
BASIS = torch.tensor([[1.0, 0.3, -0.2], [0.5, -1.0, 0.1], [0.0, 0.4, 1.0]], dtype=torch.float64)


def henon(state):
    x, y = state.unbind(-1)
    return torch.stack([1 - 1.4 * x**2 + y, 0.3 * x], dim=-1)


def linear(state):
    moduli = torch.tensor(MODULI, dtype=torch.float64)
    return state @ (torch.linalg.inv(BASIS) * moduli) @ BASIS


class TestMap:
    def test_linear_map_has_the_logarithms_of_its_eigenvalues(self):
        X = np.random.default_rng(0).normal(size=(20, 3))
        spectrum = LyapunovSpectrum(linear, dt=0.5, n_steps=200, n_orbits=4).fit(X)
        assert_allclose(spectrum.exponents_, np.log(MODULI) / 0.5, rtol=1e-6)
        assert_allclose(spectrum.transform(X), np.tile(spectrum.exponents_, (20, 1)), rtol=0.02)

    def test_henon_map(self):
        made = make_henon(200, return_bunch=True, random_state=0)
        spectrum = LyapunovSpectrum(henon, n_steps=1000).fit(made.data)
        assert spectrum.dt_ == 1
        assert spectrum.regime_ == "chaos"
        assert_allclose(spectrum.exponents_, made.exponents, atol=3 * spectrum.standard_errors_[0])
        # |det J| is 0.3 everywhere, so every orbit's exponents add up to its logarithm, ...
        assert_allclose(spectrum.finite_time_exponents_.sum(axis=1), np.log(0.3))
        local = spectrum.transform(made.data)
        assert_allclose(local.sum(axis=1), np.log(0.3))  # ... and so do those of every row.

    def test_one_variable(self):
        X = make_logistic(100, random_state=0)
        spectrum = LyapunovSpectrum(lambda x: 4 * x * (1 - x), n_steps=1000).fit(X)
        # ln 2 exactly (Ulam & von Neumann 1947).
        assert_allclose(spectrum.lambda_max_, np.log(2), rtol=0.01)

    def test_clone_and_a_module(self):
        X = np.random.default_rng(0).normal(size=(20, 3))
        module = torch.nn.Linear(3, 3).double()
        moduli = torch.linalg.eigvals(module.weight.detach()).abs().log().sort(descending=True)[0]
        spectrum = clone(LyapunovSpectrum(module, n_orbits=2, n_steps=400)).fit(X)
        assert_allclose(spectrum.exponents_.sum(), moduli.sum(), rtol=1e-9)
        assert clone(LyapunovSpectrum(henon)).estimator is henon

    @pytest.mark.parametrize(
        ("step", "error", "message"),
        [
            (lambda x: x[..., :1], ValueError, r"\(20, 2\) to \(20, 1\)"),
            (lambda x: x.float(), TypeError, "float64 on cpu to torch.float32"),
            (lambda x: x / 0, ValueError, "must be finite"),
            (lambda x: x.tolist(), TypeError, "returns list"),
            (lambda x: x.detach() + 1, TypeError, "carries no derivative"),
            (lambda x: torch.from_numpy(np.sin(x.numpy())), TypeError, "cannot be differentiated"),
            (
                lambda x: x + torch.from_numpy(x.detach().numpy()),
                TypeError,
                "of its finite differences",
            ),
            (lambda x: x + x.detach(), TypeError, "of its finite differences"),
            (torch.nn.Linear(2, 2), TypeError, "cannot be differentiated.*dtype"),
            (lambda x: x**2 + 2, ValueError, "left the range of float64"),
        ],
    )
    def test_what_is_not_a_map_is_named(self, step, error, message):
        X = make_henon(20, random_state=0)
        with pytest.raises(error, match=message):
            LyapunovSpectrum(step).fit(X)

    def test_rows_are_states(self):
        with pytest.raises(ValueError, match="minimum of 2"):
            LyapunovSpectrum(henon).fit(make_henon(1, random_state=0))
        with pytest.raises(ValueError, match=r"n_exponents=3.*1 to 2"):
            LyapunovSpectrum(henon, n_exponents=3).fit(make_henon(50, random_state=0))


class TestStandardErrors:
    def test_is_that_of_the_mean_over_orbits(self):
        growth = np.random.default_rng(0).normal(size=(20, 500, 2))  # block, orbit, exponent
        growth = np.concatenate([growth, growth])  # halves that agree
        expected = scipy.stats.sem(growth.mean(axis=0) / 5)
        assert_allclose(standard_errors(growth, np.full(40, 5)), expected, rtol=5e-3)

    def test_blocks_count_by_their_steps(self):
        lengths = np.array([1, 2, 3, 6])
        growth = lengths[:, None, None] * np.array([[0.5], [0.7]])
        factor = scipy.stats.t.ppf(scipy.stats.norm.cdf(2), 1) / 2
        assert_allclose(standard_errors(growth, lengths), factor * 0.1, rtol=1e-4)

    @pytest.mark.parametrize("n_orbits", [2, 3, 8])
    def test_two_of_them_cover_95_percent_with_few_orbits(self, n_orbits, global_random_seed):
        rng = np.random.default_rng(global_random_seed)
        growth = rng.normal(size=(1, n_orbits, 4000))
        covered = np.abs(growth.mean(axis=(0, 1))) < 2 * standard_errors(growth, np.ones(1))
        assert abs(covered.mean() - 0.9545) < 0.02  # six standard errors of a share of 4000

    def test_what_orbits_have_in_common_is_seen_by_their_halves(self):
        growth = np.linspace(1, 0, 10)[:, None, None] * np.ones((10, 4, 1))
        assert_allclose(standard_errors(growth, np.ones(10)), (7 / 9 - 2 / 9) / 2)
