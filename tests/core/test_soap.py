"""The optimizer against a plain form of its paper, and in the limits where it is Adam."""

import pytest
import torch

from skchaos.core import ForcedRNN, Stack, _soap
from skchaos.core._soap import COVARIANCE_DECAY, EPSILON, SECOND_DECAY, TURN_EVERY, Soap

MOMENTUM, RATE = 0.9, 0.01


def make_stack(n_models=1, cell="elman"):
    models = []
    for seed in range(n_models):
        torch.manual_seed(seed)
        models.append(ForcedRNN(cell, 6, n_features=1, n_delays=2).double())
    return Stack.of(models)


def gradients_like(stack, step):
    """Gradients that vary along some axes far more than along others."""
    generator = torch.Generator().manual_seed(step)
    noise = torch.randn(stack.values.shape, generator=generator, dtype=stack.values.dtype)
    return noise.cumsum(1) / 10


def run_soap(stack, n_updates=25, **options):
    optimizer = Soap(stack, **options)
    rate = stack.values.new_full((len(stack.values), 1), RATE)
    for step in range(n_updates):
        optimizer.update(gradients_like(stack, step), step, rate, MOMENTUM)
    return optimizer


def needs_numba(is_compiled):
    if is_compiled:
        pytest.importorskip("numba")


def run_adam(stack, n_updates=25):
    parameter = torch.nn.Parameter(stack.values.clone())
    optimizer = torch.optim.Adam([parameter], lr=RATE, betas=(MOMENTUM, SECOND_DECAY))
    for step in range(n_updates):
        parameter.grad = gradients_like(stack, step)
        optimizer.step()
    return parameter.detach()


def plain_soap(matrix, gradients):
    """One matrix by algorithm 3 of the paper, with orthogonal iteration for its axes."""
    n_rows, n_columns = matrix.shape
    left, right = matrix.new_zeros(n_rows, n_rows), matrix.new_zeros(n_columns, n_columns)
    to_left, to_right = torch.eye(n_rows).to(matrix), torch.eye(n_columns).to(matrix)
    mean, square = torch.zeros_like(matrix), torch.zeros_like(matrix)
    for step, gradient in enumerate(gradients):
        mean = MOMENTUM * mean + (1 - MOMENTUM) * gradient
        left = COVARIANCE_DECAY * left + (1 - COVARIANCE_DECAY) * gradient @ gradient.T
        right = COVARIANCE_DECAY * right + (1 - COVARIANCE_DECAY) * gradient.T @ gradient
        if step % TURN_EVERY == TURN_EVERY - 1:
            to_left = torch.linalg.qr(left @ to_left)[0]
            to_right = torch.linalg.qr(right @ to_right)[0]
        turned = to_left.T @ gradient @ to_right
        square = SECOND_DECAY * square + (1 - SECOND_DECAY) * turned**2
        mean_hat = to_left.T @ mean @ to_right / (1 - MOMENTUM ** (step + 1))
        square_hat = square / (1 - SECOND_DECAY ** (step + 1))
        matrix = matrix - RATE * to_left @ (mean_hat / (square_hat.sqrt() + EPSILON)) @ to_right.T
    return matrix


@pytest.mark.parametrize("is_compiled", [False, True])
def test_matrices_with_their_biases_follow_the_paper(is_compiled):
    needs_numba(is_compiled)
    stack = make_stack()
    before = stack.named(stack.values[0])
    given = [stack.named(gradients_like(stack, step)[0]) for step in range(25)]
    run_soap(stack, is_compiled=is_compiled)
    after = stack.named(stack.values[0])
    for name in ("cell", "inference.affine"):
        keys = (f"{name}.weight", f"{name}.bias")
        matrix, *gradients = (
            torch.column_stack([weights[key] for key in keys]) for weights in (before, *given)
        )
        expected = plain_soap(matrix, gradients)
        torch.testing.assert_close(torch.column_stack([after[key] for key in keys]), expected)


def test_what_is_no_matrix_follows_adam():
    stack = make_stack()
    expected = run_adam(stack)
    is_vector = torch.ones(stack.values.shape[1], dtype=bool)
    for matrix in run_soap(stack).matrices:
        is_vector[matrix.part] = False
    assert is_vector.any()
    torch.testing.assert_close(stack.values[:, is_vector], expected[:, is_vector])
    assert not torch.allclose(stack.values[:, ~is_vector], expected[:, ~is_vector], rtol=1e-3)


def test_long_sides_keep_their_axes(monkeypatch):
    monkeypatch.setattr(_soap, "MAX_SIDE", 1)
    stack = make_stack()
    expected = run_adam(stack)
    assert len(run_soap(stack).state) == 2  # no covariance is kept
    torch.testing.assert_close(stack.values, expected)


@pytest.mark.parametrize(("most", "n_turning"), [(5, 1), (256, 4)])
def test_loops_agree_with_the_plain_way(most, n_turning, monkeypatch):
    needs_numba(True)
    monkeypatch.setattr(_soap, "MAX_SIDE", most)
    plain, compiled, threaded = (make_stack(3, "lstm") for _ in range(3))
    optimizer = run_soap(plain, is_compiled=False)
    sides = [side for matrix in optimizer.matrices for side in (matrix.left, matrix.right)]
    assert sum(side.turns for side in sides) == n_turning
    in_loops = run_soap(compiled, is_compiled=True)
    torch.testing.assert_close(compiled.values, plain.values)
    for one, other in zip(in_loops.state, optimizer.state, strict=True):
        torch.testing.assert_close(one, other)
    run_soap(threaded, n_threads=2, is_compiled=True)
    assert torch.equal(threaded.values, compiled.values)


def test_each_model_is_updated_as_if_alone(monkeypatch):
    together = make_stack(3)
    given = [gradients_like(together, step) for step in range(25)]
    run_soap(together)
    for i in range(3):
        alone = make_stack(3)
        alone = Stack(alone.like, alone.values[[i]])
        monkeypatch.setitem(globals(), "gradients_like", lambda _, step, i=i: given[step][[i]])
        run_soap(alone)
        torch.testing.assert_close(alone.values[0], together.values[i])
