import os
import random
from pathlib import Path

import skchaos

SEEDS = os.environ.get("SKCHAOS_TESTS_SEED", "0")


def _seeds():
    if SEEDS == "all":
        return list(range(10))
    if SEEDS == "any":
        # The same in every process of a run that is divided (pytest -n).
        return [random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID")).randrange(1000)]
    return [int(SEEDS)]


def pytest_report_header(config):
    return f"SKCHAOS_TESTS_SEED: {SEEDS} (a number, `any`, or `all` for 0 to 9)"


def pytest_generate_tests(metafunc):
    # The seed is part of the test's id, so that a failure under `any` can be run again.
    if "global_random_seed" in metafunc.fixturenames:
        metafunc.parametrize("global_random_seed", _seeds())


def pytest_configure(config):
    # Of a loop that is kept on disk numba compares the file that it stands in, not those of its
    # parts: an edited part would be tested as it was before.
    loops = Path(skchaos.__file__).parent / "core" / "_loops"
    newest = max(source.stat().st_mtime for source in loops.glob("*.py"))
    for kept in loops.glob("__pycache__/*.nb[ic]"):
        if kept.stat().st_mtime < newest:
            kept.unlink(missing_ok=True)
