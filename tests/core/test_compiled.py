"""numba is optional: where it does not work, or keeps nothing, models are trained all the same."""

import pytest

from skchaos.core import _compiled


@pytest.fixture
def asked_anew():
    _compiled.has_compiler.cache_clear()
    yield
    _compiled.has_compiler.cache_clear()


def test_numba_that_cannot_be_imported_is_done_without(asked_anew, monkeypatch):
    def fail(name):
        raise ImportError(f"{name} needs an older numpy")

    monkeypatch.setattr(_compiled.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(_compiled.importlib, "import_module", fail)
    with pytest.warns(UserWarning, match=r"cannot be imported \(numba needs an older numpy\)"):
        assert not _compiled.has_compiler()
    assert not _compiled.has_compiler()  # said once


def test_numba_that_is_not_there_is_done_without_a_word(asked_anew, monkeypatch):
    monkeypatch.setattr(_compiled.importlib.util, "find_spec", lambda name: None)
    assert not _compiled.has_compiler()


def test_loops_that_cannot_be_kept_are_compiled(monkeypatch):
    pytest.importorskip("numba")
    from skchaos.core._loops import _cells

    compile_for_real = _cells.njit

    def njit(*, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compile_for_real(**options)

    monkeypatch.setattr(_cells, "njit", njit)
    assert _cells.njit_kept(lambda x: x + 1)(2) == 3
