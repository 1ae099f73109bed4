"""Every backend of the recurrence agrees with the plain loop in float64, in value and gradient.

The compiled loop gives no gradients by itself: see test_forcing.py.
"""

import pytest
import torch

from skchaos.core import CELLS, make_cell, unroll
from skchaos.core._compiled import has_compiler, has_loops, run
from skchaos.core._unroll import _LAYERS, unroll_layer, unroll_plain

TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-6}
COMPILED = [name for name in CELLS if has_loops(CELLS[name])]


def make_run(name, dtype, n_orbits=3, n_hidden=6, n_models=None):
    torch.manual_seed(1)
    cell = make_cell(name, n_hidden).to(dtype)
    shape = () if n_models is None else (n_models,)
    if n_models is not None:
        for parameter in cell.parameters():
            parameter.data = torch.randn(*shape, *parameter.shape, dtype=dtype) / (
                2 * n_hidden**0.5
            )
    state = torch.randn(*shape, n_orbits, cell.state_size, dtype=dtype, requires_grad=True)
    return cell, state


def results_of(backend, cell, state, n_steps=9):
    hidden, last = backend(cell, state, n_steps)
    weight = torch.linspace(-1, 1, hidden.numel(), dtype=hidden.dtype).view(hidden.shape)
    loss = (hidden * weight).sum() + last.square().sum()
    return [hidden, last, *torch.autograd.grad(loss, [state, *cell.parameters()])]


def assert_near(found, truth, tolerance):
    for value, true in zip(found, truth, strict=True):
        assert (value - true).abs().max() <= tolerance * true.abs().max()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("n_models", [None, 1])
@pytest.mark.parametrize("backend", [unroll_layer, unroll, unroll_plain])
@pytest.mark.parametrize("name", CELLS)
def test_backend_agrees_with_the_plain_loop(name, backend, n_models, dtype):
    cell, state = make_run(name, dtype, n_models=n_models)
    if backend is unroll_layer and type(cell) not in _LAYERS:
        pytest.skip("torch has no such layer")
    found = results_of(backend, cell, state)
    truth = results_of(unroll_plain, cell.double(), state.detach().double().requires_grad_())
    assert_near(found, truth, TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("n_models", [None, 3])
@pytest.mark.parametrize("n_orbits", [1, 32, 70])
@pytest.mark.parametrize("name", COMPILED)
def test_compiled_run_agrees_with_the_plain_loop(name, n_orbits, n_models, dtype):
    pytest.importorskip("numba")
    cell, state = make_run(name, dtype, n_orbits, 30, n_models)
    found = run(cell, state, 9)
    with torch.no_grad():
        truth = unroll_plain(cell.double(), state.double(), 9)
    assert_near(found, truth, TOLERANCE[dtype])


@pytest.mark.parametrize("n_models", [None, 2])
@pytest.mark.parametrize("name", CELLS)
def test_kicks_are_added_to_the_hidden_part_before_each_step(name, n_models):
    cell, state = make_run(name, torch.float64, 35, n_models=n_models)
    shape = (*state.shape[:-2], 4, 35, cell.hidden_size)
    kicks = torch.randn(shape, dtype=torch.float64)
    backends = [unroll_plain, run] if name in COMPILED and has_compiler() else [unroll_plain]
    with torch.no_grad():
        found = [backend(cell, state, 4, kicks) for backend in backends]
        for step in range(4):
            state = state.clone()
            state[..., : cell.hidden_size] += kicks[..., step, :, :]
            state = cell(state)
    for hidden, last in found:
        assert_near([hidden[..., -1, :, :], last], [cell.hidden(state), state], 1e-12)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", COMPILED)
def test_compiled_run_bears_extreme_states(name, dtype):
    pytest.importorskip("numba")
    cell, state = make_run(name, dtype)
    state = state.detach() * torch.tensor([1e-20, 1.0, 1e4], dtype=dtype)[:, None]
    with torch.no_grad():
        assert_near(run(cell, state, 2), unroll_plain(cell, state, 2), TOLERANCE[dtype])


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_run_of_an_orbit_is_the_same_among_others(name):
    pytest.importorskip("numba")
    cell, state = make_run(name, torch.float64, 70)
    hidden, _ = run(cell, state, 500)
    for k in (0, 40, 69):
        assert torch.equal(run(cell, state[k : k + 1], 500)[0][:, 0], hidden[:, k])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", CELLS)
def test_compiled_run_keeps_nan(name, dtype):
    pytest.importorskip("numba")
    cell, state = make_run(name, dtype)
    with torch.no_grad():
        state[1, 2] = torch.nan
        hidden, _ = unroll(cell, state, 2)
    assert hidden[-1, 1].isnan().any()
    assert not hidden[:, [0, 2]].isnan().any()


@pytest.mark.parametrize("name", CELLS)
def test_models_of_a_stack_run_as_they_do_alone(name):
    cell, state = make_run(name, torch.float64, n_models=3)
    hidden, last = unroll_plain(cell, state, 9)
    parameters = {key: value.detach().clone() for key, value in cell.named_parameters()}
    for k in range(3):
        for key, value in cell.named_parameters():
            value.data = parameters[key][k]
        alone = unroll_plain(cell, state[k], 9)
        assert_near([hidden[k], last[k]], alone, 1e-14)


def test_unroll_in_pieces_is_unroll_at_once():
    torch.manual_seed(2)
    cell = make_cell("lstm", 4).double()
    state = torch.randn(2, cell.state_size, dtype=torch.float64)
    whole, last = unroll(cell, state, 7)
    first, middle = unroll(cell, state, 3)
    second, last_of_pieces = unroll(cell, middle, 4)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    torch.testing.assert_close(last_of_pieces, last)
