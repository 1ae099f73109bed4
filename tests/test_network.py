"""Parameters of network and forcing: what they come to, and which of them exclude each other."""

import numpy as np
import pytest
import torch
from sklearn.frozen import FrozenEstimator

from skchaos import ChaoticRNNRegressor, LyapunovSpectrum
from skchaos._fit import train_models
from skchaos._network import new_network, resolve_forcing, resolve_hidden
from skchaos._prepare import prepare
from skchaos.core import GeneralizedForcing, SparseForcing
from skchaos.datasets import make_lorenz63

QUICK = {"max_iter": 4, "random_state": 0, "dt": 0.01, "n_hidden": 8, "early_stopping": False}
X = make_lorenz63(1_500, random_state=0)

pytestmark = pytest.mark.filterwarnings("ignore::skchaos.exceptions.PoorFitWarning")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, SparseForcing(7)),
        ({"interval_jitter": 0.3}, SparseForcing(7, 0.3)),
        ({"state_inference": "identity"}, SparseForcing(7, is_partial=True)),
        ({"forcing": "generalized"}, GeneralizedForcing(1.0, is_adaptive=True)),
        ({"forcing": "generalized", "forcing_strength": 0.2}, GeneralizedForcing(0.2)),
    ],
)
def test_forcing_that_parameters_ask_for(settings, expected):
    assert resolve_forcing(ChaoticRNNRegressor(**settings), 7) == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"forcing_strength": 0.3}, r"forcing_strength=0.3 with forcing='sparse'"),
        ({"forcing": "generalized", "interval_jitter": 0.3}, r"interval_jitter=0.3 with forcing"),
        ({"state_inference": "identity"}, r"state_inference='identity' with cell='lstm'"),
        (
            {"state_inference": "identity", "cell": "plrnn", "n_hidden": 2},
            r"n_hidden=2 .* 3 columns",
        ),
        (
            {"forcing": "generalized", "process_noise": True},
            r"forcing='generalized' with process_noise=True",
        ),
        (
            {"interval_jitter": 0.3, "forcing_interval": 20, "sequence_length": 30},
            r"sequence_length=30 holds no mixture",
        ),
        ({"slow_penalty": 0.1}, r"slow_penalty=0.1 with cell='lstm'.*'plrnn', 'shallow_plrnn'"),
        ({"slow_penalty": 0.1, "cell": "clipped_shallow_plrnn"}, r"slow_penalty=0.1 with cell"),
    ],
)
def test_parameters_that_exclude_each_other(settings, message, monkeypatch):
    monkeypatch.setattr("skchaos._fit.train_models", lambda jobs: pytest.fail("began to train"))
    with pytest.raises(ValueError, match=message):
        ChaoticRNNRegressor(**QUICK | settings).fit(X)


@pytest.mark.parametrize(
    "settings",
    [
        {"forcing": "generalized", "max_iter": 3, "early_stopping": True},
        {"forcing": "generalized", "forcing_strength": 0.1},
        {"cell": "shallow_plrnn", "state_inference": "identity", "n_hidden": 3},
        {"cell": "al_rnn", "state_inference": "identity", "n_hidden": 10, "slow_penalty": 0.1},
        {"cell": "plrnn", "state_inference": "identity", "forcing": "generalized"},
        {"interval_jitter": 0.3, "forcing_interval": 20},
    ],
)
def test_fitted_models_do_what_others_do(settings):
    model = ChaoticRNNRegressor(**QUICK | settings).fit(X)
    assert model.forecast(5).shape == (5, 3)
    assert model.predict(X).shape == X.shape
    assert np.isfinite(model.loss_curve_).all()
    other = ChaoticRNNRegressor(**QUICK | settings).fit(X)
    assert np.array_equal(model.forecast(5), other.forecast(5))
    spectrum = LyapunovSpectrum(FrozenEstimator(model), n_exponents=2).fit(X)
    assert len(spectrum.exponents_) == 2


@pytest.mark.parametrize("options", [{"forcing": "generalized"}, {"state_inference": "identity"}])
def test_where_noise_drives_the_state_is_replaced_at_every_step(options):
    model = ChaoticRNNRegressor("plrnn", **options)
    assert resolve_forcing(model, 1, is_noise_driven=True) == SparseForcing(1)


def test_targets_beside_columns_that_are_units():
    y = X[:, 0] - X[:, 1]
    model = ChaoticRNNRegressor(
        "plrnn", state_inference="identity", **QUICK | {"max_iter": 400}
    ).fit(X, y)
    assert model.score(X, y) > 0.5
    assert model.forecast(3).shape == (3, 3)


def test_noise_is_taken_beside_columns_that_are_units():
    rng = np.random.default_rng(0)
    rows = make_lorenz63(4_000, random_state=0)
    rows += 0.05 * rows.std(axis=0) * rng.standard_normal(rows.shape)
    model = ChaoticRNNRegressor("plrnn", state_inference="identity", **QUICK).fit(rows)
    assert (model.noise_level_ > 0).all()


@pytest.mark.parametrize(
    ("n_columns", "n_hidden"), [(1, 50), (10, 50), (12, 60), (40, 200), (150, 200), (250, 250)]
)
def test_number_of_hidden_units(n_columns, n_hidden):
    assert resolve_hidden("auto", n_columns, 2_000) == n_hidden
    assert resolve_hidden(7, n_columns, 2_000) == 7


@pytest.mark.parametrize(("n_columns", "n_hidden"), [(1, 20), (4, 20), (10, 50), (250, 250)])
def test_few_rows_have_few_hidden_units(n_columns, n_hidden):
    assert resolve_hidden("auto", n_columns, 1_999) == n_hidden
    assert resolve_hidden(7, n_columns, 1_999) == 7


def test_number_of_hidden_units_of_a_fit():
    wide = np.tile(X, 4)
    wide += np.random.default_rng(0).standard_normal(wide.shape)
    options = QUICK | {"n_hidden": "auto", "cell": "elman", "warm_start": True}
    model = ChaoticRNNRegressor(**options).fit(wide)
    assert model.n_hidden_ == model.cell_weight_.shape[0] == 60
    assert model.fit(wide).n_hidden_ == 60
    with pytest.raises(ValueError, match=r"n_exponents=61.*1 to 60"):
        LyapunovSpectrum(ChaoticRNNRegressor(**options), n_exponents=61).fit(wide)


def test_a_network_whose_units_are_all_columns_needs_one_row():
    options = QUICK | {"state_inference": "identity", "cell": "shallow_plrnn"}
    assert ChaoticRNNRegressor(**options | {"n_hidden": 1}).fit(X[:, :1]).n_context_ == 1
    assert ChaoticRNNRegressor(**options | {"n_hidden": 2}).fit(X[:, :1]).n_context_ > 1


def test_mixed_intervals_are_more_than_two():
    plain = ChaoticRNNRegressor(forcing_interval=50, **QUICK)
    mixed = ChaoticRNNRegressor(forcing_interval=50, interval_jitter=0.3, **QUICK)
    lengths = [prepare(model, X).plan.sequence_length for model in (plain, mixed)]
    assert lengths == [100, 150]


def test_models_of_different_strengths_are_trained_in_lockstep_as_alone():
    def job(strength):
        model = ChaoticRNNRegressor(forcing="generalized", forcing_strength=strength, **QUICK)
        return prepare(model, X)

    jobs = [job(0.1), job(0.6)]
    assert jobs[0].shape == jobs[1].shape
    assert job("auto").shape != jobs[0].shape
    together = [trained.result.loss_curve for trained in train_models(jobs)]
    alone = [train_models([one])[0].result.loss_curve for one in jobs]
    assert together == [pytest.approx(losses, rel=1e-5) for losses in alone]
    assert together[0] != pytest.approx(together[1], rel=1e-2)


def test_a_new_network_leaves_the_generator_as_it_was():
    before = torch.random.get_rng_state()
    one, other = (new_network("elman", 4, n_features=1, seed=seed) for seed in (0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    assert not torch.equal(one.cell.weight, other.cell.weight)
    again = new_network("elman", 4, n_features=1, weights=one.state_dict())
    assert torch.equal(again.cell.weight, one.cell.weight)


@pytest.mark.parametrize(
    ("loss", "process_noise", "is_squared"),
    [
        ("auto", False, False),
        ("auto", True, True),
        ("absolute_error", True, False),
        ("squared_error", False, True),
    ],
)
def test_errors_count_squared_where_noise_drives_or_where_asked(loss, process_noise, is_squared):
    model = ChaoticRNNRegressor(**QUICK, loss=loss, process_noise=process_noise)
    assert prepare(model, X).is_squared == is_squared


def test_losses_are_not_trained_in_lockstep():
    jobs = [
        prepare(ChaoticRNNRegressor(**QUICK, loss=loss), X)
        for loss in ("absolute_error", "squared_error")
    ]
    assert jobs[0].shape != jobs[1].shape


def test_a_loss_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match=r"'loss'.*absolute_error"):
        ChaoticRNNRegressor(**QUICK, loss="mse").fit(X)
