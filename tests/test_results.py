"""What README says about quality is what the benchmarks measured."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
pytest.importorskip("reservoirpy")


def load(name):
    path = ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def reconstruction():
    module = load("reconstruction")
    return module, pd.read_csv(module.RESULTS)


@pytest.mark.parametrize("column", [None, "valid_steps"])
def test_tables_of_the_readme_are_those_of_the_study(reconstruction, column):
    module, results = reconstruction
    readme = (ROOT / "README.md").read_text().splitlines()
    for line in module.markdown(results, column):
        assert line in readme


def test_every_quality_is_of_five_seeds(reconstruction):
    _, results = reconstruction
    seeds = results[results.model == "skchaos"].groupby("system").seed.nunique()
    assert seeds.to_dict() == dict.fromkeys(["duffing", "laser", "lorenz28noisy", "lorenz38"], 5)
