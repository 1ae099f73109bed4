import importlib
import re
import subprocess
import sys

import pytest

import skchaos


def _modules_after(statement):
    """Return the names of the modules that a fresh interpreter holds after `statement`."""
    code = f"{statement}; import sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_version_is_a_release_or_a_development_number():
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|rc\d+)?", skchaos.__version__)


def test_public_names_exist_and_are_sorted():
    assert sorted(skchaos.__all__) == list(skchaos.__all__)
    assert all(hasattr(skchaos, name) for name in skchaos.__all__)
    assert set(skchaos.__all__) <= set(dir(skchaos))


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = importlib.import_module("skchaos").no_such_name


def test_import_leaves_heavy_libraries_alone():
    modules = _modules_after("import skchaos, skchaos.datasets, skchaos.metrics")
    assert "sklearn" in modules
    assert not {"torch", "matplotlib"} & modules
