"""A closed loop against a network that is restarted from its own rows, and its tangent map."""

import pytest
import torch

from skchaos.core import CELLS, ClosedLoop, ForcedRNN, Stack, kicked, tangent_dynamics

N_FEATURES, N_BATCH, N_STEPS = 2, 3, 6


def network(cell="lstm", inference="window", n_inputs=0, n_targets=0, n_delays=3):
    torch.manual_seed(0)
    options = {"n_features": N_FEATURES, "n_targets": n_targets, "n_inputs": n_inputs}
    return ForcedRNN(cell, 5, inference=inference, n_delays=n_delays, **options).double()


def rows_and_inputs(n_rows, n_inputs=0):
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn(N_BATCH, n_rows, N_FEATURES, generator=generator, dtype=torch.float64)
    inputs = torch.randn(N_STEPS, N_BATCH, n_inputs, generator=generator, dtype=torch.float64)
    return rows, inputs if n_inputs else None


def restarted(model, rows, at, inputs, noise=None):
    """Forecast one step after another, each from the rows so far."""
    for step in range(N_STEPS):
        window = rows[:, rows.shape[1] - 1 - at[-1] + at]
        acting = None if inputs is None else inputs[step : step + 1]
        row = model(window, 1, acting)[0, :, : model.n_features]
        if noise is not None:
            row = row + noise[step]
        rows = torch.cat([rows, row[:, None]], dim=1)
    return rows[:, -N_STEPS:]


@pytest.mark.parametrize("delay", [1, 2])
@pytest.mark.parametrize("n_inputs", [0, 1])
@pytest.mark.parametrize("cell", sorted(CELLS))
def test_a_run_is_a_forecast_of_one_step_from_the_rows_so_far_again_and_again(
    cell, n_inputs, delay
):
    model = network(cell, n_inputs=n_inputs, n_targets=1)
    at = torch.arange(3) * delay
    rows, inputs = rows_and_inputs(int(at[-1]) + 1, n_inputs)
    closed = ClosedLoop(model, at)
    run, last = closed.free_run(closed.infer(rows), N_STEPS, inputs)
    expected = restarted(model, rows, at, inputs)
    torch.testing.assert_close(run.transpose(0, 1), expected)
    kept = torch.cat([rows, expected], dim=1)[:, -rows.shape[1] :]
    torch.testing.assert_close(last, closed.infer(kept))


@pytest.mark.parametrize("cell", ["lstm", "shallow_plrnn"])  # with compiled loops and without
@pytest.mark.parametrize("at_once", [6, 10_000])  # two steps of the batch, or all
def test_noise_is_drawn_from_the_pool_and_carried_on(cell, at_once, monkeypatch):
    monkeypatch.setattr("skchaos.core._closed.N_AT_ONCE", at_once)
    model, at = network(cell, n_inputs=1), torch.arange(3)
    rows, inputs = rows_and_inputs(3, 1)
    pool = torch.randn(50, N_FEATURES, dtype=torch.float64)
    closed = ClosedLoop(model, at)
    draws = torch.Generator().manual_seed(3)
    run = closed.noisy_run(closed.infer(rows), N_STEPS, pool, draws, inputs)
    again = torch.Generator().manual_seed(3)
    size = min(at_once // N_BATCH, N_STEPS)
    draws = [torch.randint(50, (size, N_BATCH), generator=again) for _ in range(N_STEPS // size)]
    drawn = torch.cat(draws)
    expected = restarted(model, rows, at, inputs, pool[drawn])
    torch.testing.assert_close(run.transpose(0, 1), expected)


@pytest.mark.parametrize("inference", ["window", "pseudo_inverse"])
@pytest.mark.parametrize("n_inputs", [0, 1])
@pytest.mark.parametrize("cell", sorted(CELLS))
def test_the_tangent_map_is_the_derivative_of_a_step(cell, n_inputs, inference):
    n_delays = 3 if inference == "window" else 1
    closed = ClosedLoop(
        network(cell, inference, n_inputs, n_delays=n_delays), torch.arange(n_delays)
    )
    rows, inputs = rows_and_inputs(n_delays, n_inputs)
    state = closed.infer(rows)
    if n_inputs:
        state = kicked(state, closed.kicks(inputs)[0])
    frame = torch.randn(N_BATCH, 4, state.shape[1], dtype=torch.float64)
    ahead, moved = closed.tangent(state, frame)
    torch.testing.assert_close(ahead, closed.step(state)[1])
    for vector in range(4):
        _, expected = torch.autograd.functional.jvp(
            lambda x: closed.step(x)[1], state, frame[:, vector]
        )
        torch.testing.assert_close(moved[:, vector], expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_features", [1, 2])
def test_a_stack_runs_as_its_models_do_alone(n_features, dtype):
    models = [
        ForcedRNN("lstm", 5, n_features=n_features, n_delays=3, n_inputs=1).to(dtype)
        for _ in range(2)
    ]
    rows = torch.randn(20, 3, n_features, dtype=dtype)  # more orbits than a compiled block holds
    inputs = torch.randn(N_STEPS, 20, 1, dtype=dtype)
    stack = ClosedLoop(Stack.of(models).model, torch.arange(3))
    both = torch.stack([rows, rows])
    run, _ = stack.free_run(stack.infer(both), N_STEPS, torch.stack([inputs, inputs]))
    for model, found in zip(models, run, strict=True):
        alone = ClosedLoop(model, torch.arange(3))
        run = found.transpose(0, 1)
        torch.testing.assert_close(found, alone.free_run(alone.infer(rows), N_STEPS, inputs)[0])
        torch.testing.assert_close(run, restarted(model, rows, torch.arange(3), inputs))


def test_exponents_are_those_of_the_map_that_a_network_is():
    """Of an affine one: logarithms of the sizes of the eigenvalues of its companion matrix."""
    model = network("al_rnn", n_delays=2)
    with torch.no_grad():
        model.cell.bias += 50.0  # no unit is ever below its kink: the map is affine
        for weight in (model.cell.weight, model.readout.weight):
            weight *= 0.5
    closed = ClosedLoop(model, torch.arange(2))
    rows, _ = rows_and_inputs(2)
    state = closed.infer(rows)
    jacobian = torch.autograd.functional.jacobian(lambda x: closed.step(x)[1], state[0][None])
    eigenvalues = torch.linalg.eigvals(jacobian[0, :, 0])
    expected = eigenvalues.abs().log().sort(descending=True).values
    found = tangent_dynamics(closed, state, 2000, n_exponents=4, n_transient=100)
    # Complex pairs turn as they shrink: means over 2,000 steps are off by some 1 / 2000.
    torch.testing.assert_close(found.exponents.mean(0), expected, rtol=1e-3, atol=1e-3)
