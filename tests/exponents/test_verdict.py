"""The regime of systems that are known and of numbers that are given; no chaos where none is."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

from skchaos.datasets import make_henon, make_logistic, make_lorenz63, make_roessler
from skchaos.exponents import _verdict, lyapunov_exponents
from skchaos.exponents._scaled import Scaled, States
from skchaos.exponents._verdict import judge, judge_rows, resolved

TIME = np.arange(1000.0)[:, None]


def random_rows(seed, n_columns=1):
    return np.random.default_rng(seed).normal(size=(1000, n_columns))


def torus(n_rows, frequency):
    """Return two oscillations whose frequencies have no common multiple."""
    angle = frequency * np.arange(float(n_rows))[:, None]
    return np.sin(angle) + 0.7 * np.sin(np.sqrt(2) * angle + 1)


def spiral(rate):
    return np.exp(-rate * TIME) * np.hstack([np.cos(0.3 * TIME), np.sin(0.3 * TIME)])


REGIMES = {
    "logistic": (make_logistic(1000, random_state=0), "chaos"),
    "henon": (make_henon(1000, random_state=0), "chaos"),
    "one column of henon": (make_henon(1000, columns="x", random_state=0), "chaos"),
    "lorenz": (make_lorenz63(2000, dt=0.02, random_state=0), "chaos"),
    "one column of lorenz": (make_lorenz63(2000, dt=0.03, columns="x", random_state=0), "chaos"),
    "roessler": (make_roessler(2000, dt=0.25, random_state=0), "chaos"),
    "logistic of period 4": (make_logistic(1000, r=3.5, random_state=0), "cycle"),
    "seven rows again and again": (np.tile(random_rows(0)[:7], (100, 1)), "cycle"),
    "sine": (np.sin(0.1 * TIME), "cycle"),
    "circle": (np.hstack([np.sin(0.37 * TIME), np.cos(0.37 * TIME)]), "cycle"),
    "two frequencies": (torus(3000, 0.1), "torus"),
    "settled spiral": (spiral(0.03), "fixed point"),
    "normal": (random_rows(0), "noise"),
    "three normal columns": (random_rows(0, 3), "noise"),
    "normal with a memory": (lfilter([1.0], [1.0, -0.5], random_rows(1), axis=0), "noise"),
    "cubes of normal": (random_rows(0) ** 3, "noise"),
    "few periods": (make_lorenz63(400, random_state=0), "undecided"),
}


@pytest.mark.parametrize(("X", "regime"), REGIMES.values(), ids=REGIMES)
def test_known_systems(X, regime):
    found = lyapunov_exponents(X)
    assert found.regime == regime, found.reason
    assert found.reason
    assert (found.exponents[0] > 3 * found.standard_errors[0]) == (regime == "chaos")


NOT_CHAOTIC = {
    "normal": random_rows,
    "two normal columns": lambda seed: random_rows(seed, 2),
    "noise-driven oscillation": lambda seed: lfilter(
        [1.0], [1.0, -1.6, 0.9], random_rows(seed), axis=0
    ),
    "random walk": lambda seed: random_rows(seed).cumsum(axis=0),
    "sine": lambda seed: np.sin((0.05 + 0.11 * seed) * TIME),
    "sine with noise": lambda seed: np.sin((0.05 + 0.11 * seed) * TIME) + 0.03 * random_rows(seed),
    "torus": lambda seed: torus(1000, 0.1 + 0.07 * seed),
    "spiral": lambda seed: spiral(0.001 + 0.003 * seed),
    "trend": lambda seed: TIME + random_rows(seed),
}


@pytest.mark.parametrize("make", NOT_CHAOTIC.values(), ids=NOT_CHAOTIC)
def test_never_chaos(make):
    assert "chaos" not in [lyapunov_exponents(make(seed)).regime for seed in range(5)]


@pytest.mark.parametrize(("n_rows", "n_columns"), [(60, 1), (60, 3), (80, 5), (100, 8), (200, 20)])
def test_noise_of_few_rows_is_never_chaos(n_rows, n_columns):
    # As many features as rows would go through all of them.
    made = [np.random.default_rng(s).normal(size=(n_rows, n_columns)) for s in range(5)]
    assert "chaos" not in [lyapunov_exponents(X).regime for X in made]


def test_smooth_noise_is_never_chaos():
    # Some twenty humps, of which a map of many centres learns each by heart.
    made = [gaussian_filter1d(random_rows(seed)[:, 0], 8)[:, None] for seed in range(6)]
    assert "chaos" not in [lyapunov_exponents(X).regime for X in made]


@pytest.mark.parametrize("make", [np.round, lambda x: np.sign(x + 0.01)])
def test_steps_of_a_cycle_are_a_cycle(make):
    X = make(np.sin(2 * np.pi * np.arange(3000) / 31.7))[:, None]
    assert lyapunov_exponents(X).regime == "cycle"


def test_short_trajectories_are_undecided():
    rows = make_henon(2000, random_state=0)
    found = lyapunov_exponents(rows, groups=np.arange(2000) // 4)
    assert found.regime == "undecided"
    assert "trajectories hold" in found.reason
    longer = lyapunov_exponents(rows, groups=np.arange(2000) // 50)
    assert longer.regime == "chaos"
    assert abs(longer.lambda_max - 0.419) < 3 * longer.standard_errors[0]


class TestJudgeRows:
    def told(self, X, groups=None):
        return judge_rows(Scaled.of(X, np.zeros(len(X), dtype=int) if groups is None else groups))

    def test_exact_repeats(self):
        # The smallest period is named; multiples repeat as well.
        regime, reason, _ = self.told(np.tile(random_rows(0)[:7], (100, 1)))
        assert regime == "cycle"
        assert reason.endswith(" 7")

    def test_one_row_that_differs_is_no_cycle(self):
        X = np.tile(random_rows(0)[:7], (100, 1))
        X[345] += 0.01
        assert self.told(X) is None

    def test_rest(self):
        assert self.told(spiral(0.03)).regime == "fixed point"
        assert self.told(spiral(0.001)) is None

    def test_rest_of_a_part_is_named(self):
        # Geometric means over rows take rest for a perfect prediction.
        X = np.vstack([random_rows(0), np.zeros((300, 1))])
        regime, reason, has_exponents = self.told(X, np.repeat([0, 1], [1000, 300]))
        assert (regime, has_exponents) == ("undecided", False)
        assert reason.startswith("rows 1000 to ")
        late = np.maximum(np.arange(4096.0) - 500, 0)[:, None]
        assert "rows 0 to 255 do not move" in self.told(np.sin(0.5 * late)).reason

    def test_a_dozen_rows_do_not_come_to_rest(self):
        for X in ([1, 5, 2, 7, 3, 8, 1, 4, 6, 6], [1, 2, 3, 4, 5, 6, 6, 6]):
            assert self.told(np.array(X, dtype=float)[:, None]).regime == "undecided"

    def test_held_rows_at_the_end_are_no_cycle_of_one(self):
        X = random_rows(0)
        X[-40:] = X[-1]
        assert self.told(X) is None

    def test_one_column_in_motion_is_no_rest(self):
        X = np.hstack([spiral(0.03), np.sin(0.3 * TIME) + 0.1 * random_rows(0)])
        assert self.told(X) is None

    def test_too_few_periods(self):
        regime, reason, _ = self.told(make_lorenz63(400, random_state=0))
        assert regime == "undecided"
        assert "mean periods" in reason
        assert self.told(make_lorenz63(3000, random_state=0)) is None


def measured(rates, errors, n_delays=1, error=1e-4, linear_error=0.1):
    """Return what `judge` and `resolved` read of a measurement."""
    fit = SimpleNamespace(
        error=error,
        linear_error=linear_error,
        gain=linear_error / error,
        map=SimpleNamespace(length=0.7),
        states=SimpleNamespace(n_delays=n_delays),
    )
    return SimpleNamespace(rates=np.array(rates), errors=np.array(errors), fit=fit)


def moving(period, last=1.0):
    """Return scaled rows of some period whose spread changes by a factor over their length."""
    rows = np.random.default_rng(0).standard_normal((400, 1)) * np.linspace(1, last, 400)[:, None]
    return SimpleNamespace(period=period, rows=rows, segments=np.zeros(400, dtype=int))


class TestJudge:
    """Numbers per row, at a mean period of ten rows; all rows move alike, as the map says."""

    @pytest.fixture(autouse=True)
    def _map_transfers(self, monkeypatch):
        monkeypatch.setattr(_verdict, "transfer_error", lambda *_, **__: 1.0)

    @pytest.mark.parametrize(
        ("rates", "errors", "regime"),
        [
            ([0.1, -0.3], [0.003, 0.01], "chaos"),
            ([0.0, -0.3], [0.001, 0.01], "cycle"),
            ([0.0], [0.001], "cycle"),
            ([-0.02], [0.05], "undecided"),
            ([0.001, -0.001], [0.001, 0.001], "torus"),
            ([-0.1, -0.3], [0.003, 0.01], "cycle"),  # the rows go on moving
            ([0.1, -0.3], [0.05, 0.1], "undecided"),  # of no certain sign
            ([0.0, -0.3], [0.05, 0.1], "undecided"),
        ],
    )
    def test_by_growth(self, rates, errors, regime):
        found = judge(moving(10.0), measured(rates, errors), 0)
        assert found.regime == regime
        assert found.reason
        assert found.has_exponents  # with what is not known about them in their errors

    @pytest.mark.parametrize(
        ("rates", "last", "regime"),
        [
            ([-0.1, -0.3], 0.1, "fixed point"),
            ([0.0, 0.0], 0.1, "undecided"),
            ([0.0], 9, "undecided"),
        ],
    )
    def test_regular_motion_keeps_its_size(self, rates, last, regime):
        found = judge(moving(10.0, last), measured(rates, [0.001] * len(rates)), 0)
        assert found.regime == regime

    def test_no_chaos_where_a_map_does_not_transfer(self, monkeypatch):
        growing = measured([0.1, -0.3], [0.003, 0.01])
        assert judge(moving(10.0), growing, 0).regime == "chaos"
        monkeypatch.setattr(_verdict, "transfer_error", lambda *_, **__: 10.0)
        found = judge(moving(10.0), growing, 0)
        assert found.regime == "undecided"
        assert found.has_exponents
        assert "not fitted to" in found.reason

    @pytest.mark.parametrize("last", [0.1, 9.0])
    def test_no_chaos_where_motion_dies_or_grows(self, last):
        found = judge(moving(10.0, last), measured([0.1, -0.3], [0.003, 0.01]), 0)
        assert found.regime == "undecided"
        assert "spread" in found.reason

    @pytest.mark.parametrize("rates", [[0.4], [-0.4]])
    def test_nothing_follows_from_surrogates_that_cannot_be_made(self, monkeypatch, rates):
        monkeypatch.setattr(_verdict, "is_nonlinear", lambda *_: None)
        unclear = measured(rates, [0.01], error=0.1, linear_error=0.2 if rates[0] > 0 else 0.1)
        found = judge(moving(10.0), unclear, 0)
        assert (found.regime, found.has_exponents) == ("undecided", False)
        assert "too short" in found.reason

    def test_noise_that_is_predicted_is_said_to_be_linear(self, monkeypatch):
        monkeypatch.setattr(_verdict, "is_nonlinear", lambda *_: False)
        for error, expected in ((0.05, True), (0.5, False)):
            found = judge(moving(10.0), measured([0.1], [0.1], error=error, linear_error=error), 0)
            assert found.regime == "noise"
            assert ("season" in found.reason) == expected

    def test_growth_counts_by_the_period(self):
        # The same growth per row is chaos in a slow oscillation, and next to none in a fast map.
        weak = measured([0.01, -0.3], [0.001, 0.01])
        assert judge(moving(100.0), weak, 0).regime == "chaos"
        assert judge(moving(2.0), weak, 0).regime == "cycle"

    def test_no_chaos_where_a_linear_map_is_as_good(self):
        growing = measured([0.1, -0.3], [0.003, 0.01], error=9e-4, linear_error=9e-4)
        found = judge(moving(10.0), growing, 0)
        assert found.regime == "undecided"
        assert not found.has_exponents

    @pytest.mark.parametrize(
        ("X", "regime"),
        [(make_henon(1000, columns="x", random_state=0), "chaos"), (random_rows(0), "undecided")],
    )
    def test_surrogates_decide_where_the_gain_is_small(self, X, regime):
        scaled = Scaled.of(X, np.zeros(1000, dtype=int))
        growing = measured([0.4], [0.01], error=0.1, linear_error=0.2)
        growing.fit.states = States.of(scaled, 5, 1, 1, 8)
        assert judge(scaled, growing, 0).regime == regime


class TestResolved:
    @pytest.mark.parametrize(
        ("rates", "errors", "expected"),
        [
            # Henon: .42 / 1.62 of a dimension lies along the second exponent.
            ([0.42, -1.62], [0.01, 0.01], [True, True]),
            # Lorenz-63: .91 / 14.6 does not show in rows; the neutral one counts as next to zero.
            ([0.91, 0.0, -14.6], [0.02, 0.02, 0.02], [True, True, False]),
            # What follows an uncertain exponent is not known either.
            ([0.42, 0.3, -1.62], [0.01, 1.0, 0.01], [True, False, False]),
            # A fixed point or cycle fills no direction.
            ([-0.2, -0.3], [0.01, 0.01], [True, False]),
            # Two exponents may be positive.
            ([0.4, 0.3, -0.5], [0.01, 0.01, 0.01], [True, True, True]),
        ],
    )
    def test_of_rows(self, rates, errors, expected):
        assert resolved(measured(rates, errors), period=2.0).tolist() == expected

    def test_windows_show_no_contraction(self):
        windows = measured([0.42, -1.62], [0.01, 0.01], n_delays=5)
        assert resolved(windows, period=2.0).tolist() == [True, False]

    def test_first_is_kept_with_its_error(self):
        assert resolved(measured([0.1, -3.0], [5.0, 5.0]), period=2.0).tolist() == [True, False]
