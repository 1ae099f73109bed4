"""Sparse forcing: independent segments are the plain sequential loop."""

import pytest
import torch

from skchaos.core import CELLS, ForcedRNN, Sequences, SparseForcing, TrainingConfig

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-6}


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


def sequential_loss(model, rows, starts, offsets, interval, sequence_length):
    """Run every sequence step by step, replacing the state at each forcing step (the paper)."""
    total = 0.0
    for start in starts:
        state = None
        for step in range(sequence_length):
            now = start + step
            if step % interval == 0:
                state = model.infer(rows[now + offsets][None])
            state = model.cell(state)
            output = model.readout(model.cell.hidden(state))
            total = total + (output[0] - rows[now + 1]).square().sum()
    return total / (len(starts) * sequence_length * rows.shape[1])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("interval", "sequence_length"), [(4, 12), (5, 12), (1, 4), (20, 12)])
@pytest.mark.parametrize(("inference", "n_delays"), [("pseudo_inverse", 1), ("window", 3)])
@pytest.mark.parametrize("cell", CELLS)
def test_segments_are_the_sequential_loop(
    cell, inference, n_delays, interval, sequence_length, dtype
):
    torch.manual_seed(3)
    model = ForcedRNN(cell, 5, n_features=2, inference=inference, n_delays=n_delays).to(dtype)
    rows = torch.randn(60, 2, dtype=dtype)
    offsets = 2 * torch.arange(n_delays) - 2 * (n_delays - 1)
    config = make_config(interval, sequence_length)
    lengths = {"lengths": [60], "usable": [60]}

    starts = Sequences(rows, None, **lengths, offsets=offsets, config=config).draw_starts()
    segments = Sequences(rows, None, **lengths, offsets=offsets, config=config).loss(model)
    loop = sequential_loss(model, rows, starts, offsets, interval, sequence_length)

    assert abs(segments - loop) <= TOLERANCE[dtype] * loop
    gradients = [torch.autograd.grad(x, list(model.parameters())) for x in (segments, loop)]
    for fast, plain in zip(*gradients, strict=True):
        scale = plain.abs().max()
        assert scale > 0
        assert (fast - plain).abs().max() <= TOLERANCE[dtype] * max(1.0, scale)


def test_segments_cover_the_sequence_once():
    starts, lengths = SparseForcing(5).segments(12)
    assert starts.tolist() == [0, 5, 10]
    assert lengths.tolist() == [5, 5, 2]


def test_sequences_stay_within_one_trajectory_and_its_usable_rows():
    # Every row names its trajectory and whether it may be trained on.
    lengths, usable = [20, 9, 30], [15, 9, 22]
    rows = torch.cat(
        [
            torch.stack([torch.full((n,), float(k)), (torch.arange(n) < m).float()], dim=1)
            for k, (n, m) in enumerate(zip(lengths, usable, strict=True))
        ]
    )
    config = make_config(3, 6, batch_size=2000)
    sequences = Sequences(
        rows, None, lengths=lengths, usable=usable, offsets=torch.tensor([-2, -1, 0]), config=config
    )
    windows, wanted = sequences.draw()
    label = windows[:, 0, 0]
    assert (windows[:, :, 0] == label[:, None]).all()
    assert (wanted[..., 0] == label).all()
    assert (wanted[..., 1] == 1).all()
    assert set(label.tolist()) == {0.0, 1.0, 2.0}
    # Each trajectory is drawn from in proportion to its 7, 1 and 14 possible starts.
    share = (label == 0).float().mean().item()
    assert share == pytest.approx(7 / 22, abs=0.04)


def test_targets_are_read_out_of_the_state_after_their_row():
    rows = torch.arange(40.0)[:, None]
    config = make_config(2, 4)
    sequences = Sequences(
        rows, 100 + rows, lengths=[40], usable=[40], offsets=torch.tensor([0]), config=config
    )
    windows, wanted = sequences.draw()
    torch.testing.assert_close(wanted[0, :, 0], windows[:, 0, 0] + 1)
    torch.testing.assert_close(wanted[0, :, 1], windows[:, 0, 0] + 100)
