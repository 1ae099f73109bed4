"""Sparse forcing: independent segments are the plain sequential loop."""

import pytest
import torch

from skchaos.core import CELLS, ForcedRNN, Sequences, SparseForcing, Stack, Table, TrainingConfig
from skchaos.core._compiled import has_loops
from skchaos.core._gradients import (
    LEAST_LENGTH,
    add_gradients,
    add_gradients_compiled,
    add_gradients_plain,
    for_many_updates,
    losses,
)
from skchaos.core._sequences import Batches

CPU = torch.device("cpu")
BACKENDS = {
    "plain, float64": (add_gradients_plain, torch.float64, 1e-12),
    "plain, float32": (add_gradients_plain, torch.float32, 4e-6),
    "compiled, float32": (add_gradients_compiled, torch.float32, 2e-6),
}
COMPILED = [name for name in CELLS if has_loops(CELLS[name])]
PAIRS = [
    (backend, cell)
    for backend in BACKENDS
    for cell in (COMPILED if backend.startswith("compiled") else CELLS)
]


def make_config(interval, sequence_length, **changes):
    settings = {
        "forcing": SparseForcing(interval),
        "sequence_length": sequence_length,
        "batch_size": 3,
        "max_iter": 10,
        "learning_rate": 1e-3,
        "alpha": 0.0,
        "check_every": 5,
        "patience": None,
        "tol": 0.0,
        "seed": 0,
    }
    return TrainingConfig(**(settings | changes))


def length_of(error, is_squared):
    """Return what the error of a step counts."""
    mean = error.square().mean()
    return mean if is_squared else torch.sqrt(mean + LEAST_LENGTH**2) - LEAST_LENGTH


def sequential_loss(model, rows, targets, inputs, starts, offsets, config):
    """Run every sequence step by step, replacing the state at each forcing step (the paper)."""
    n_units = model.cell.hidden_size
    total = 0.0
    for start in starts:
        state = None
        for step in range(config.sequence_length):
            now = start + step
            if step % config.forcing.interval == 0:
                state = model.infer(rows[now + offsets][None])
            if model.drive is not None:
                hidden = state[:, :n_units] + model.drive.weight @ inputs[now]
                state = torch.cat([hidden, state[:, n_units:]], dim=1)
            state = model.cell(state)
            output = model.readout(model.cell.hidden(state))
            wanted = torch.cat([rows[now + 1], targets[now]])
            total = total + length_of(output[0] - wanted, config.is_squared)
    return total / (len(starts) * config.sequence_length)


@pytest.mark.parametrize(("backend", "cell"), PAIRS)
@pytest.mark.parametrize(("interval", "sequence_length"), [(4, 12), (5, 12), (1, 4), (20, 12)])
@pytest.mark.parametrize(("inference", "n_delays"), [("pseudo_inverse", 1), ("window", 3)])
def test_segments_are_the_sequential_loop(
    cell, inference, n_delays, interval, sequence_length, backend
):
    if backend.startswith("compiled"):
        pytest.importorskip("numba")
    check_gradients(*BACKENDS[backend], cell, inference, n_delays, interval, sequence_length)


@pytest.mark.parametrize("n_hidden", [1, 31, 32, 50])
@pytest.mark.parametrize("cell", COMPILED)
def test_compiled_gradients_of_any_size(cell, n_hidden):
    pytest.importorskip("numba")
    backend = BACKENDS["compiled, float32"]
    # 37 sequences fill a block of orbits and begin another.
    check_gradients(*backend, cell, "window", 20, 4, 9, n_hidden=n_hidden, batch_size=37)


@pytest.mark.parametrize(("backend", "cell"), PAIRS)
@pytest.mark.parametrize(("inference", "n_delays"), [("pseudo_inverse", 1), ("window", 3)])
@pytest.mark.parametrize(("n_inputs", "n_hidden"), [(1, 5), (3, 6), (33, 5)])
def test_inputs_kick_the_state_before_each_step(
    cell, backend, inference, n_delays, n_inputs, n_hidden
):
    if backend.startswith("compiled"):
        pytest.importorskip("numba")
    options = {"n_inputs": n_inputs, "n_hidden": n_hidden, "batch_size": 37}
    check_gradients(*BACKENDS[backend], cell, inference, n_delays, 4, 9, **options)


@pytest.mark.parametrize(("backend", "cell"), PAIRS)
def test_pseudo_inverse_of_fewer_units_than_columns(cell, backend):
    if backend.startswith("compiled"):
        pytest.importorskip("numba")
    options = {"n_hidden": 1, "n_targets": 4}
    check_gradients(*BACKENDS[backend], cell, "pseudo_inverse", 1, 4, 9, **options)


@pytest.mark.parametrize("cell", COMPILED)
def test_compiled_gradients_of_a_readout_without_full_rank(cell):
    pytest.importorskip("numba")
    model = ForcedRNN(cell, 5, n_features=2, inference="pseudo_inverse")
    model.readout.weight.data[1] = model.readout.weight.data[0]
    batches, stack = Batches([make_sequences()], CPU), Stack.of([model])
    starts, found = batches.draw(1)[0], []
    for backend in (add_gradients_plain, add_gradients_compiled):
        stack.gradients.zero_()
        backend(stack, batches, starts)
        found.append(stack.gradients.clone())
    assert (found[0] - found[1]).abs().max() <= 1e-4 * found[0].abs().max()


def test_spare_columns_of_a_block_do_not_count():
    pytest.importorskip("numba")
    model = ForcedRNN("plrnn", 5, n_features=2)
    for name, parameter in model.named_parameters():
        parameter.data *= 0 if name.endswith("bias") else 1e30
    sequences = make_sequences()
    sequences.table.rows.zero_()  # so that orbits stay at zero, and any other overflows
    batches, stack = Batches([sequences], CPU), Stack.of([model])
    assert add_gradients_compiled(stack, batches, batches.draw(1)[0]) == 0
    assert stack.gradients.isfinite().all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_that_are_not_finite_give_a_loss_that_is_not(backend):
    if backend.startswith("compiled"):
        pytest.importorskip("numba")
    add_gradients, dtype, _ = BACKENDS[backend]
    models = [
        ForcedRNN("lstm", 5, n_features=2, inference="pseudo_inverse").to(dtype) for _ in range(2)
    ]
    models[0].readout.weight.data[0, 1] = torch.nan
    batches, stack = Batches([make_sequences(dtype)] * 2, CPU), Stack.of(models)
    found = add_gradients(stack, batches, batches.draw(1)[0])
    assert found.isfinite().tolist() == [False, True]
    assert stack.gradients[1].isfinite().all()


@pytest.mark.parametrize("backend", ["plain, float32", "compiled, float32"])
@pytest.mark.parametrize("is_squared", [True, False])
def test_a_loss_whose_squares_overflow_is_not_finite(backend, is_squared):
    if backend.startswith("compiled"):
        pytest.importorskip("numba")
    add_gradients, dtype, _ = BACKENDS[backend]
    model = ForcedRNN("lstm", 5, n_features=2).to(dtype)
    model.readout.weight.data *= 1e30
    sequences = make_sequences(dtype)
    sequences.config = make_config(4, 12, is_squared=is_squared)
    batches, stack = Batches([sequences], CPU), Stack.of([model])
    assert not add_gradients(stack, batches, batches.draw(1)[0]).isfinite().any()


def test_rows_of_a_file_go_to_the_device_of_the_models():
    # "meta" is a device that knows shapes alone; torch refuses to mix it with the CPU.
    device = torch.device("meta")
    stack = Stack.of([ForcedRNN("lstm", 5, n_features=2)], device)
    batches = Batches([make_sequences()], device)
    losses = add_gradients(stack, batches, batches.draw(1)[0])
    assert batches.rows.device == CPU
    assert losses.device == stack.gradients.device == device


def make_sequences(dtype=torch.float32):
    return Sequences(
        Table.of(torch.randn(80, 2, dtype=dtype)), lengths=[80], usable=[80],
        offsets=torch.tensor([0]), config=make_config(4, 12),
    )  # fmt: skip


def check_gradients(
    add_gradients, dtype, tolerance, cell, inference, n_delays, interval, sequence_length,
    **sizes,
):  # fmt: skip
    """Compare two models at once with the loop, one at a time and in float64, by both losses."""
    for is_squared in (True, False):
        config = make_config(
            interval, sequence_length, batch_size=sizes.get("batch_size", 3), is_squared=is_squared
        )
        check_gradients_of(
            add_gradients, dtype, tolerance, cell, inference, n_delays, config, **sizes
        )


def check_gradients_of(
    add_gradients, dtype, tolerance, cell, inference, n_delays, config,
    n_hidden=5, batch_size=3, n_targets=1, n_inputs=0,
):  # fmt: skip
    torch.manual_seed(3)
    offsets = 2 * torch.arange(n_delays) - 2 * (n_delays - 1)
    options = {"n_features": 2, "n_targets": n_targets, "inference": inference}
    options["n_inputs"] = n_inputs
    models = [ForcedRNN(cell, n_hidden, n_delays=n_delays, **options) for _ in range(2)]
    series = [[torch.randn(80, n) for n in (2, n_targets, n_inputs)] for _ in models]
    sources = [
        Sequences(Table.of(*(rows.to(dtype) for rows in one)), lengths=[80], usable=[70],
                  offsets=offsets, config=config)
        for one in series
    ]  # fmt: skip
    batches, stack = Batches(sources, CPU), Stack.of([model.to(dtype) for model in models])
    starts = batches.draw(1)[0]
    found = add_gradients(stack, batches, starts)
    torch.testing.assert_close(found, losses(stack, batches, starts), rtol=tolerance, atol=0)
    for k, (model, one) in enumerate(zip(models, series, strict=True)):
        model.double()
        begun = starts[k, :batch_size] - 80 * k
        loop = sequential_loss(model, *(rows.double() for rows in one), begun, offsets, config)
        assert abs(found[k] - loop) <= tolerance * loop
        gradients = torch.autograd.grad(loop, list(model.parameters()))
        truth = torch.cat([gradient.flatten() for gradient in gradients])
        assert (stack.gradients[k] - truth).abs().max() <= tolerance * truth.abs().max()


def test_segments_cover_the_sequence_once():
    starts, lengths = SparseForcing(5).segments(12)
    assert starts.tolist() == [0, 5, 10]
    assert lengths.tolist() == [5, 5, 2]


def test_sequences_stay_within_one_trajectory_and_its_usable_rows():
    lengths, usable = [20, 9, 30], [15, 9, 22]
    config = make_config(3, 6, batch_size=2000)
    sequences = Sequences(
        Table.of(torch.zeros(59, 1)), lengths=lengths, usable=usable,
        offsets=torch.tensor([-2, -1, 0]), config=config,
    )  # fmt: skip
    starts = sequences.draw(1)[0]
    # A window of three rows ends at the start, and six rows follow.
    allowed = [*range(2, 9), 22, *range(31, 45)]
    assert sorted(set(starts.tolist())) == allowed
    # Each trajectory is drawn from in proportion to its 7, 1 and 14 possible starts.
    assert (starts < 20).float().mean().item() == pytest.approx(7 / 22, abs=0.04)


def test_drawing_at_once_is_drawing_one_by_one():
    def source():
        return Sequences(
            Table.of(torch.zeros(50, 1)), lengths=[50], usable=[50], offsets=torch.tensor([0]),
            config=make_config(3, 6),
        )  # fmt: skip

    one, other = source(), source()
    assert torch.equal(one.draw(4), torch.cat([other.draw(1) for _ in range(4)]))


def test_replayed_update_is_the_update():
    torch.manual_seed(3)
    batches, stack = Batches([make_sequences()], CPU), Stack.of([ForcedRNN("gru", 5, n_features=2)])
    recordings = []

    def record(update):  # what a GPU does, but for speed: run on the same memory again
        recordings.append(update)
        update()
        return update

    plain, replayed = for_many_updates(stack, batches), for_many_updates(stack, batches, record)
    for starts in batches.draw(3):
        found = []
        for update in (plain, replayed):
            stack.gradients.fill_(0.5)  # gradients are added to what is there
            found.append((update(starts), stack.gradients.clone()))
        assert torch.equal(found[0][0], found[1][0])
        assert torch.equal(found[0][1], found[1][1])
    assert len(recordings) == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_noise_is_on_windows_alone_and_fresh_at_each_draw(backend):
    if backend.startswith("compiled"):
        pytest.importorskip("numba")
    add, dtype, tolerance = BACKENDS[backend]
    torch.manual_seed(0)
    model = ForcedRNN("lstm", 5, n_features=2, n_delays=2)
    sequences = make_sequences(dtype)
    sequences.offsets = torch.tensor([-1, 0])
    sequences.config = make_config(4, 12, window_noise=0.3, is_squared=True)
    batches, stack = Batches([sequences], CPU), Stack.of([model.to(dtype)])
    clean, starts = batches.rows.clone(), batches.draw(1, step=7)[0].clamp(min=1)
    found, noisy = add(stack, batches, starts)[0], batches.windows.clone()
    assert torch.equal(batches.rows, clean)
    assert 0.2 < (noisy - clean).std() < 0.4
    windows = noisy[starts[0][:, None] + sequences.offsets]
    future = clean[starts[0] + torch.arange(1, 5)[:, None]]
    expected = (model(windows, 4) - future).square().mean()
    assert abs(found - expected) <= tolerance * expected
    batches.draw(1, step=8)
    assert not torch.equal(batches.windows, noisy)
    batches.draw(1, step=7)  # the same for whoever comes to this update
    assert torch.equal(batches.windows, noisy)
