"""Forcing along a chain of steps: what it has in common with segments, and what it adds."""

import pytest
import torch

from skchaos.core import (
    CELLS,
    ForcedRNN,
    GeneralizedForcing,
    Sequences,
    SparseForcing,
    Stack,
    Table,
    train,
)
from skchaos.core._gradients import add_gradients
from skchaos.core._sequences import Batches
from skchaos.core._strength import bounding_strengths
from skchaos.core._training import LOOK_EVERY, TAKEN_OVER, _Member, _Program
from tests.core.test_forcing import CPU, length_of, make_config

LINEAR = ["plrnn", "shallow_plrnn", "clipped_shallow_plrnn", "dendritic_plrnn", "al_rnn"]
N_STEPS, STARTS = 12, torch.tensor([10, 30, 55])
ROWS = [torch.randn(80, 2, generator=torch.Generator().manual_seed(k)).double() for k in (0, 1)]
TARGETS = torch.linspace(-1, 1, 80).double()[:, None]
INPUTS = torch.cos(torch.arange(80).double())[:, None]


def make_models(cell, n_hidden=5, n_targets=1, **options):
    torch.manual_seed(3)
    options = {"n_features": 2, "n_targets": n_targets, "n_delays": 3, "n_inputs": 1} | options
    return [ForcedRNN(cell, n_hidden, **options).double() for _ in range(2)]


def make_sources(forcing, models, **changes):
    config = make_config(4, N_STEPS, **({"forcing": forcing} | changes))
    n_delays = models[0].inference(models[0].readout)[0].shape[1] // 2
    hidden = torch.zeros(1, models[0].cell.hidden_size).double()
    targets = TARGETS if models[0].readout(hidden).shape[1] == 3 else None
    offsets = 2 * torch.arange(n_delays) - 2 * (n_delays - 1)
    return [
        Sequences(
            Table.of(rows, targets, INPUTS),
            lengths=[80],
            usable=[70],
            offsets=offsets,
            config=config,
        )
        for rows in ROWS
    ]


def gradients_of(models, forcing, **changes):
    """Return losses and gradients of the same sequences, whatever the forcing."""
    stack, batches = Stack.of(models), Batches(make_sources(forcing, models, **changes), CPU)
    starts = torch.stack([STARTS, STARTS + 80])
    segments = (starts.unsqueeze(1) + batches.segment_starts[:, None]).flatten(1)
    return add_gradients(stack, batches, segments), stack.gradients


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def loss_of_loop(model, rows, gate, is_squared):
    """Follow each sequence step by step, as the papers have it."""
    total, n_features = 0.0, 2
    for start in STARTS.tolist():
        state = model.infer(rows[start + torch.tensor([-4, -2, 0])][None])
        for step in range(N_STEPS):
            now = start + step
            inferred = model.infer(rows[now + torch.tensor([-4, -2, 0])][None])
            part = slice(n_features) if hasattr(model.inference, "present") else slice(None)
            drawn = gate[step] * inferred[:, part] + (1 - gate[step]) * state[:, part]
            state = torch.cat([drawn, state[:, part.stop :]], 1) if part.stop else drawn * 1
            state[:, :5] += (model.drive.weight @ INPUTS[now])[None]
            state = model.cell(state)
            wanted = torch.cat([rows[now + 1], TARGETS[now]])
            error = model.readout(model.cell.hidden(state))[0] - wanted
            total = total + length_of(error, is_squared)
    return total / (len(STARTS) * N_STEPS)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("jitter", [0.0, 0.5])
@pytest.mark.parametrize("inference", ["window", "pseudo_inverse"])
def test_a_chain_whose_state_is_replaced_is_segments(cell, inference, jitter):
    models = make_models(cell, inference=inference, n_delays=3 if inference == "window" else 1)
    chain, segments = (SparseForcing(4, jitter, is_partial=partial) for partial in (True, False))
    assert_same(gradients_of(models, chain), gradients_of(models, segments))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("strength", "interval"), [(1.0, 1), (0.0, N_STEPS)])
def test_generalized_forcing_is_sparse_forcing_at_its_ends(cell, strength, interval):
    models = make_models(cell)
    found = gradients_of(models, GeneralizedForcing(strength))
    assert_same(found, gradients_of(models, SparseForcing(interval)))


FORCINGS = {
    "sparse": (SparseForcing(4, is_partial=True), [1.0, 0, 0, 0] * 3),
    "generalized": (GeneralizedForcing(0.3), [0.3] * N_STEPS),
}


@pytest.mark.parametrize("cell", LINEAR)
@pytest.mark.parametrize("inference", ["window", "identity"])
@pytest.mark.parametrize("forcing", FORCINGS)
@pytest.mark.parametrize("is_squared", [True, False])
def test_a_chain_is_the_loop_of_the_papers(cell, inference, forcing, is_squared):
    models = make_models(cell, inference=inference)
    forcing, gate = FORCINGS[forcing]
    found, gradients = gradients_of(models, forcing, is_squared=is_squared)
    for k, model in enumerate(models):
        loss = loss_of_loop(model, ROWS[k], gate, is_squared)
        of_loop = torch.autograd.grad(loss, list(model.parameters()))
        of_loop = torch.cat([gradient.flatten() for gradient in of_loop])
        assert_same((found[k], gradients[k]), (loss.detach(), of_loop))


def test_identity_shows_the_rows_and_replaces_no_other_unit():
    [model, _] = make_models("plrnn", inference="identity")
    window = ROWS[0][:3][None]
    state = model.infer(window)
    assert torch.equal(model.readout(state)[:, :2], window[:, -1])
    assert model.inference.forced(state).tolist() == [1, 1, 0, 0, 0]


def test_identity_needs_no_more_units_than_columns():
    models = make_models("al_rnn", 2, 0, inference="identity", n_delays=1)
    stack = Stack.of(models)
    windows = torch.stack([rows[:4, None] for rows in ROWS])
    assert torch.equal(stack.model.infer(windows), windows.squeeze(2))


@pytest.mark.parametrize(("growth", "strength"), [(2.0, 0.5), (4.0, 0.75), (0.5, 0.0)])
def test_the_strength_makes_up_for_the_growth_along_orbits(growth, strength):
    models = make_models("plrnn")
    for model in models:
        model.cell.weight.data.zero_()
        model.cell.decay.data.fill_(growth)
    batches = Batches(make_sources(GeneralizedForcing(0.9), models), CPU)
    found = bounding_strengths(Stack.of(models), batches, batches.draw(1)[0])
    torch.testing.assert_close(found, torch.full((2,), strength).double())


def test_an_adaptive_strength_is_followed_a_part_of_the_way_at_a_time(monkeypatch):
    seen = []

    def look(stack, batches, starts):
        seen.append(batches.strength.tolist())
        return torch.zeros(2).double()

    monkeypatch.setattr("skchaos.core._training.bounding_strengths", look)
    models = make_models("plrnn")
    forcing = GeneralizedForcing(1.0, is_adaptive=True)
    changes = {"max_iter": 3 * LOOK_EVERY, "check_every": LOOK_EVERY}
    train(Stack.of(models), make_sources(forcing, models, **changes))
    expected = [[(1 - TAKEN_OVER) ** k] * 2 for k in range(3)]
    assert seen == [pytest.approx(pair) for pair in expected]


def test_a_model_that_left_the_numbers_keeps_its_strength_and_spares_the_other():
    models = make_models("plrnn")
    models[0].cell.weight.data[0, 1] = torch.nan
    forcing = GeneralizedForcing(0.9, is_adaptive=True)
    sources, stack = make_sources(forcing, models, max_iter=LOOK_EVERY), Stack.of(models)
    batches = Batches(sources, CPU)
    found = bounding_strengths(stack, batches, batches.draw(1)[0])
    assert found.isnan().tolist() == [True, False]
    results = train(stack, sources)
    assert [result.stopped for result in results] == ["diverged", "max_iter"]


def test_the_strength_is_part_of_what_a_model_goes_on_from():
    models = make_models("plrnn")
    sources = make_sources(GeneralizedForcing(1.0, is_adaptive=True), models)
    members = [_Member(number, source) for number, source in enumerate(sources)]
    program = _Program(Stack.of(models), members)
    program.batches.strength.copy_(torch.tensor([0.3, 0.7]))
    for good, now in zip(program.good, program._state, strict=True):
        good.copy_(now)
    assert program._part([1]).batches.strength.tolist() == pytest.approx([0.7])


def test_a_fixed_strength_stays(monkeypatch):
    monkeypatch.setattr(
        "skchaos.core._training.bounding_strengths", lambda *_: pytest.fail("looked")
    )
    models = make_models("plrnn")
    sources = make_sources(GeneralizedForcing(0.3), models)
    assert Batches(sources, CPU).strength.tolist() == pytest.approx([0.3, 0.3])
    results = train(Stack.of(models), sources)
    assert [result.stopped for result in results] == ["max_iter"] * 2


@pytest.mark.parametrize("n_steps", [1, 7, 30, 31, 100])
@pytest.mark.parametrize("jitter", [0.0, 0.33, 0.9])
def test_mixed_intervals_cover_the_sequence_once(n_steps, jitter):
    forcing = SparseForcing(10, jitter)
    starts, lengths = forcing.segments(n_steps)
    assert starts.tolist() == [0, *lengths.cumsum(0)[:-1].tolist()]
    assert lengths.sum() == n_steps
    assert (lengths > 0).all()
    assert forcing.times(n_steps).nonzero().flatten().tolist() == starts.tolist()


def test_intervals_are_mixed_around_the_one_that_is_given():
    assert SparseForcing(10, 0.5).segments(30)[1].tolist() == [5, 10, 15]
    assert SparseForcing(10).segments(30)[1].tolist() == [10, 10, 10]
    assert SparseForcing(1, 0.3).lengths(9).sum() == 9


@pytest.mark.parametrize("cell", CELLS)
def test_slow_units_are_the_later_half_of_cells_that_can_keep_what_they_hold(cell):
    stack = Stack.of(make_models(cell, 5))
    is_slow, goal = stack.slow_units()
    if not stack.like.cell.slow_goals():
        assert not is_slow.any()
        return
    slow = Stack(stack.like, is_slow[None]).named(is_slow)
    assert slow["cell.decay"].tolist() == [0, 0, 0, 1, 1]
    assert slow["cell.bias"].tolist() == [0, 0, 0, 1, 1]
    assert slow["cell.weight"].mean(1).tolist() == [0, 0, 0, 1, 1]
    assert is_slow.sum() == 4 + slow["cell.weight"].sum()
    assert Stack(stack.like, goal[None]).named(goal)["cell.decay"].tolist() == [0, 0, 0, 1, 1]


def test_a_unit_at_its_goal_keeps_what_it_holds():
    [model, _] = make_models("al_rnn")
    for name, value in model.cell.slow_goals().items():
        getattr(model.cell, name).data[-2:] = value
    state = ROWS[0][:4].repeat(1, 3)[:, :5]
    assert torch.equal(model.cell(state)[:, -2:], state[:, -2:])


def test_the_slow_penalty_is_a_spring():
    models = make_models("plrnn")
    results = {}
    for penalty in (0.0, 1e3):
        sources = make_sources(
            SparseForcing(4), models, slow_penalty=penalty, max_iter=400, learning_rate=0.03
        )
        [results[penalty], _] = train(Stack.of(models), sources)
    decay = {penalty: result.weights["cell.decay"] for penalty, result in results.items()}
    assert (decay[1e3][-2:] - 1).abs().max() < 0.05
    assert (decay[0.0][-2:] - 1).abs().max() > 0.1
    assert results[1e3].weights["cell.weight"][-2:].abs().max() < 0.05
    assert (decay[1e3][:3] - 1).abs().max() > 0.05
