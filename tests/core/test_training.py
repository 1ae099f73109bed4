"""The trainer: what it keeps, when it stops, and what it does about divergence."""

import itertools
import math

import pytest
import torch

from skchaos.core import ForcedRNN, Sequences, Stack, Table, _gradients, train
from skchaos.core._config import MOMENTUM, WARM_UP
from skchaos.core._soap import Soap
from skchaos.core._training import MAX_GRADIENT_NORM, MAX_SETBACKS, _Member, _Program
from tests.core.test_forcing import make_config


def make_problem(*seeds, **changes):
    """Return a stack of models and where their batches come from, one for each seed."""
    models, sources = [], []
    for seed in seeds or (0,):
        torch.manual_seed(seed)
        models.append(ForcedRNN("elman", 6, n_features=1, n_delays=2))
        rows = torch.sin(0.7 * torch.arange(200.0) + seed)[:, None]
        settings = {"max_iter": 40, "learning_rate": 0.02, "check_every": 10, "seed": seed}
        config = make_config(5, 10, **(settings | changes))
        sources.append(
            Sequences(
                Table.of(rows), lengths=[200], usable=[200], offsets=torch.tensor([-1, 0]),
                config=config,
            )
        )  # fmt: skip
    return Stack.of(models), sources


def train_one(*problem, **options):
    [result] = train(*(problem or make_problem()), **options)
    return result


def validation(scores, seen=None, errors=None):
    """Give scores and errors one after the other; keep the weights that they were asked for."""
    scores, errors = iter(scores), itertools.repeat(1.0) if errors is None else iter(errors)

    def validate(model, numbers):
        if seen is not None:
            seen.append({n: value[0].detach().clone() for n, value in model.named_parameters()})
        return [(next(scores), next(errors)) for _ in numbers]

    return validate


@pytest.fixture
def spoil(monkeypatch):
    """Return a function that spoils the losses and gradients of some calls."""

    def install(is_spoilt, position=slice(None)):
        healthy, calls = _gradients.add_gradients, []

        def spoilt(stack, batches, starts):
            calls.append(None)
            loss = healthy(stack, batches, starts)
            if is_spoilt(len(calls)):
                stack.gradients[position] = math.nan
            return loss

        monkeypatch.setattr(_gradients, "add_gradients", spoilt)
        return calls

    return install


def test_training_lowers_the_loss():
    result = train_one()
    assert result.n_iter == 40
    assert result.stopped == "max_iter"
    assert len(result.loss_curve) == 4
    assert result.loss_curve[-1] < 0.7 * result.loss_curve[0]


def test_same_seed_same_bits():
    one, other = train_one(), train_one()
    assert one.loss_curve == other.loss_curve
    assert all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)


@pytest.mark.parametrize(("tol", "kept"), [(0.0, 1), (0.5, 2)])
def test_last_state_that_scores_as_well_as_the_best_is_kept(tol, kept):
    problem = make_problem(tol=tol)
    seen = []
    result = train_one(*problem, validate=validation([3.0, 1.0, 1.4, 4.0], seen))
    assert result.validation_scores == [3.0, 1.0, 1.4, 4.0]
    for name, value in result.weights.items():
        assert torch.equal(value, seen[kept][name])
        assert not torch.equal(value, seen[3][name])


def test_what_counts_is_score_times_forecast_error():
    seen, scores, errors = [], [2.0, 1.0, 3.0, 20.0], [2.0, 4.0, 1.0, 0.5]
    problem = make_problem(tol=0.2)
    result = train_one(*problem, validate=validation(scores, seen, errors))
    assert (result.score, result.error) == (3.0, 1.0)
    assert torch.equal(result.weights["readout.weight"], seen[2]["readout.weight"])


@pytest.mark.parametrize(("tol", "n_iter"), [(0.0, 30), (0.5, 40)])
def test_early_stopping_waits_for_scores_worse_than_the_scatter(tol, n_iter):
    problem = make_problem(patience=2, tol=tol)
    result = train_one(*problem, validate=validation([2.0, 2.2, 2.4, 2.6]))
    assert result.n_iter == n_iter
    assert result.stopped == ("early_stopping" if n_iter < 40 else "max_iter")


@pytest.mark.parametrize(
    ("scores", "kept"), [([math.inf] * 4, 3), ([math.inf] * 2 + [5.0, math.inf], 2)]
)
def test_a_free_run_that_diverges_is_kept_only_while_none_lives(scores, kept):
    problem = make_problem()
    seen = []
    result = train_one(*problem, validate=validation(scores, seen))
    assert torch.equal(result.weights["readout.weight"], seen[kept]["readout.weight"])


def test_a_loss_that_is_not_finite_goes_back_and_halves_the_step(spoil):
    calls = spoil(lambda call: call == 15)
    result = train_one()
    assert result.n_setbacks == 1
    assert result.n_iter == 40
    assert len(calls) == 50  # the ten updates of the bad stretch were done again
    assert all(torch.isfinite(value).all() for value in result.weights.values())
    assert all(math.isfinite(loss) for loss in result.loss_curve)


def test_a_model_that_is_set_back_holds_up_no_other(spoil):
    alone = [train_one(*make_problem(seed)) for seed in (0, 1, 2)]
    spoil(lambda call: call == 15, position=1)
    together = train(*make_problem(0, 1, 2))
    assert [result.n_setbacks for result in together] == [0, 1, 0]
    assert [result.n_iter for result in together] == [40, 40, 40]
    for k in (0, 2):
        assert together[k].loss_curve == pytest.approx(alone[k].loss_curve, rel=1e-5)
    assert together[1].loss_curve[0] == pytest.approx(alone[1].loss_curve[0], rel=1e-5)
    assert together[1].loss_curve[1] != pytest.approx(alone[1].loss_curve[1], rel=1e-2)


def test_backing_off_halves_the_step():
    stack, [source] = make_problem()
    member = _Member(0, source)
    member.set_back()
    member.set_back()
    rates, momenta = _Program(stack, [member])._schedule(range(7, 9))
    assert rates[0].item() == pytest.approx(source.config.cycle(7)[0] / 4)
    assert momenta[1] == source.config.cycle(8)[1]


def test_update_clips_gradients_then_adds_the_penalty(monkeypatch):
    def given(stack, batches, starts):
        stack.gradients += gradient
        return torch.zeros(1)

    monkeypatch.setattr(_gradients, "add_gradients", given)
    stack, [source] = make_problem(alpha=0.1)
    program = _Program(stack, [_Member(0, source)])
    reference, rate = Stack(stack.like, stack.values.clone()), torch.tensor([[0.01]])
    optimizer = Soap(reference)
    for step, scale in enumerate((1e6, 1.0, 1e-3)):  # the first is steep
        gradient = scale * torch.linspace(-1, 2, reference.values.numel())
        program._update(step, torch.zeros(1, 1), rate, 0.9)
        clipped = gradient * min(1.0, MAX_GRADIENT_NORM / gradient.norm().item())
        optimizer.update(clipped[None] + 0.1 * reference.values, step, rate, 0.9)
        torch.testing.assert_close(stack.values, reference.values, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_models_in_lockstep_train_as_they_do_alone(alpha):
    changes = {"alpha": alpha, "patience": 2, "tol": 0.0}
    scores = {0: [3.0, 2.0, 1.0, 0.5], 1: [1.0, 2.0, 2.0, 2.0], 2: [2.0, 1.0, 1.5, 1.5]}
    alone = [
        train_one(*make_problem(seed, **changes), validate=validation(scores[seed]))
        for seed in scores
    ]
    given = {seed: iter(values) for seed, values in scores.items()}
    together = train(
        *make_problem(0, 1, 2, **changes),
        validate=lambda model, numbers: [(next(given[number]), 1.0) for number in numbers],
    )
    assert [result.n_iter for result in together] == [40, 30, 40]
    for one, other in zip(alone, together, strict=True):
        assert (one.n_iter, one.stopped, one.score) == (other.n_iter, other.stopped, other.score)
        assert one.loss_curve == pytest.approx(other.loss_curve, rel=1e-5)
        for name, value in one.weights.items():
            torch.testing.assert_close(value, other.weights[name], rtol=1e-4, atol=1e-6)


def test_training_gives_up_with_the_last_good_state(spoil):
    stack, sources = make_problem()
    healthy = stack.named(stack.values[0])
    spoil(lambda call: True)
    result = train_one(stack, sources)
    assert result.stopped == "diverged"
    assert result.n_setbacks == MAX_SETBACKS + 1
    assert all(torch.equal(result.weights[name], healthy[name]) for name in healthy)


def test_interrupt_keeps_the_best_state_so_far(monkeypatch):
    healthy, calls = _gradients.add_gradients, []

    def interrupted(stack, batches, starts):
        calls.append(None)
        if len(calls) == 25:
            raise KeyboardInterrupt
        return healthy(stack, batches, starts)

    monkeypatch.setattr(_gradients, "add_gradients", interrupted)
    result = train_one()
    assert result.stopped == "interrupted"
    assert result.n_iter == 20
    monkeypatch.undo()
    assert result.loss_curve == train_one().loss_curve[:2]


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
    stack, sources = make_problem(max_iter=1)
    before = stack.values.clone()
    train(stack, sources)
    assert not torch.equal(stack.values, before)


def test_penalty_shrinks_weights():
    norms = [
        sum(
            value.square().sum() for value in train_one(*make_problem(alpha=alpha)).weights.values()
        )
        for alpha in (0.0, 0.3)
    ]
    assert norms[1] < 0.9 * norms[0]
