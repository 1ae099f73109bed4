"""The trainer: what it keeps, when it stops, and what it does about divergence."""

import math

import pytest
import torch

from skchaos.core import ForcedRNN, Sequences, train
from skchaos.core._training import MAX_GRADIENT_NORM, MAX_SETBACKS, MOMENTUM, WARM_UP, _Trainer
from tests.core.test_forcing import make_config


def make_problem(seed=0, **changes):
    torch.manual_seed(seed)
    model = ForcedRNN("elman", 6, n_features=1, n_delays=2)
    rows = torch.sin(0.7 * torch.arange(200.0))[:, None]
    config = make_config(5, 10, max_iter=40, learning_rate=0.01, check_every=10, **changes)
    sequences = Sequences(
        rows, None, lengths=[200], usable=[200], offsets=torch.tensor([-1, 0]), config=config
    )
    return model, sequences, config


def test_training_lowers_the_loss():
    result = train(*make_problem())
    assert result.n_iter == 40
    assert result.stopped == "max_iter"
    assert len(result.loss_curve) == 4
    assert result.loss_curve[-1] < 0.5 * result.loss_curve[0]


def test_same_seed_same_bits():
    one, other = train(*make_problem()), train(*make_problem())
    assert one.loss_curve == other.loss_curve
    assert all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)


@pytest.mark.parametrize(("tol", "kept"), [(0.0, 1), (0.5, 2)])
def test_last_state_that_scores_as_well_as_the_best_is_kept(tol, kept):
    model, sequences, config = make_problem(tol=tol)
    seen, scores = [], iter([3.0, 1.0, 1.4, 4.0])

    def validate(model):
        seen.append({name: value.clone() for name, value in model.state_dict().items()})
        return next(scores)

    result = train(model, sequences, config, validate=validate)
    assert result.validation_scores == [3.0, 1.0, 1.4, 4.0]
    for name, value in result.weights.items():
        assert torch.equal(value, seen[kept][name])
        assert not torch.equal(value, seen[3][name])


@pytest.mark.parametrize(("tol", "n_iter"), [(0.0, 30), (0.5, 40)])
def test_early_stopping_waits_for_scores_worse_than_the_scatter(tol, n_iter):
    model, sequences, config = make_problem(patience=2, tol=tol)
    scores = iter([2.0, 2.2, 2.4, 2.6])
    result = train(model, sequences, config, validate=lambda model: next(scores))
    assert result.n_iter == n_iter
    assert result.stopped == ("early_stopping" if n_iter < 40 else "max_iter")


@pytest.mark.parametrize(
    ("scores", "kept"), [([math.inf] * 4, 3), ([math.inf] * 2 + [5.0, math.inf], 2)]
)
def test_a_free_run_that_diverges_is_kept_only_while_none_lives(scores, kept):
    model, sequences, config = make_problem()
    seen, scores = [], iter(scores)

    def validate(model):
        seen.append(model.readout.weight.detach().clone())
        return next(scores)

    result = train(model, sequences, config, validate=validate)
    assert torch.equal(result.weights["readout.weight"], seen[kept])


def test_a_loss_that_is_not_finite_goes_back_and_halves_the_step():
    model, sequences, config = make_problem()
    healthy, calls = sequences.loss, []

    def sick_once(model):
        calls.append(None)
        return healthy(model) * (math.nan if len(calls) == 15 else 1.0)

    sequences.loss = sick_once
    result = train(model, sequences, config)
    assert result.n_setbacks == 1
    assert result.n_iter == 40
    # The ten updates of the bad stretch were done again, and five checks asked for one loss each.
    assert len(calls) == 55
    assert all(torch.isfinite(value).all() for value in result.weights.values())
    assert all(math.isfinite(loss) for loss in result.loss_curve)


def test_backing_off_halves_the_step():
    model, sequences, config = make_problem()
    trainer = _Trainer(model, sequences, config)
    trainer.back_off()
    trainer.back_off()
    trainer.advance(7, 1)
    assert trainer.optimizer.param_groups[0]["lr"] == config.cycle(7)[0] / 4


def test_steep_gradients_are_cut():
    model, sequences, config = make_problem()
    trainer = _Trainer(model, sequences, config)
    sequences.loss = lambda model: 1e6 * model.readout.weight.sum()
    trainer.advance(0, 1)
    norms = [p.grad.norm() for p in model.parameters() if p.grad is not None]
    assert math.isclose(torch.stack(norms).norm(), MAX_GRADIENT_NORM, rel_tol=1e-4)


def test_training_gives_up_with_the_last_good_state():
    model, sequences, config = make_problem()
    healthy = {name: value.clone() for name, value in model.state_dict().items()}
    sequences.loss = lambda model: model.readout.weight.sum() * math.inf
    result = train(model, sequences, config)
    assert result.stopped == "diverged"
    assert result.n_setbacks == MAX_SETBACKS + 1
    assert all(torch.equal(result.weights[name], healthy[name]) for name in healthy)


def test_interrupt_keeps_the_best_state_so_far():
    model, sequences, config = make_problem()
    healthy, calls = sequences.loss, []

    def interrupted(model):
        calls.append(None)
        if len(calls) == 25:
            raise KeyboardInterrupt
        return healthy(model)

    sequences.loss = interrupted
    result = train(model, sequences, config)
    assert result.stopped == "interrupted"
    assert result.n_iter == 20
    shorter = train(*make_problem(), progress=None)
    assert result.loss_curve == shorter.loss_curve[:2]


def test_learning_rate_rises_then_falls_to_zero_and_momentum_goes_the_other_way():
    config = make_config(5, 10, max_iter=1000, learning_rate=0.1)
    rates, momenta = zip(*(config.cycle(step) for step in range(1000)), strict=True)
    peak = round(WARM_UP * 1000) - 1
    assert rates[peak] == pytest.approx(0.1)
    assert (sorted(rates[: peak + 1]), sorted(rates[peak:], reverse=True)) == (
        list(rates[: peak + 1]),
        list(rates[peak:]),
    )
    assert 0 < rates[0] < 1e-4
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert momenta[peak] == pytest.approx(min(MOMENTUM))
    assert momenta[-1] == pytest.approx(max(MOMENTUM))


def test_a_single_update_moves():
    model, sequences, _ = make_problem()
    before = model.readout.weight.detach().clone()
    train(model, sequences, make_config(5, 10, max_iter=1))
    assert not torch.equal(model.readout.weight, before)


def test_penalty_shrinks_weights():
    norms = [
        sum(value.square().sum() for value in train(*make_problem(alpha=alpha)).weights.values())
        for alpha in (0.0, 0.3)
    ]
    assert norms[1] < 0.9 * norms[0]
