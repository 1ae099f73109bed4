import os
import random

SEEDS = os.environ.get("SKCHAOS_TESTS_SEED", "0")


def _seeds():
    if SEEDS == "all":
        return list(range(10))
    if SEEDS == "any":
        return [random.SystemRandom().randrange(1000)]
    return [int(SEEDS)]


def pytest_report_header(config):
    return f"SKCHAOS_TESTS_SEED: {SEEDS} (a number, `any`, or `all` for 0 to 9)"


def pytest_generate_tests(metafunc):
    # The seed is part of the test's id, so that a failure under `any` can be run again.
    if "global_random_seed" in metafunc.fixturenames:
        metafunc.parametrize("global_random_seed", _seeds())
