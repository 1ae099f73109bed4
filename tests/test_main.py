import re
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from skchaos.__main__ import main, make_parser
from skchaos._report import _input, _job, _scores, _text, load_laser, read_csv
from skchaos._report._scores import HeldOut, Score, floors
from skchaos.baselines import EchoStateForecaster

pytest.importorskip("matplotlib")
pytest.importorskip("reservoirpy")

N_ROWS = 600


def _henon(n_rows):
    rows = np.empty((n_rows, 2))
    rows[0] = 0.1
    for t in range(1, n_rows):
        x, y = rows[t - 1]
        rows[t] = 1 - 1.4 * x**2 + y, 0.3 * x
    return rows


@pytest.fixture
def frame():
    table = pd.DataFrame(_henon(N_ROWS), columns=["a", "b"])
    table.insert(0, "date", pd.date_range("2024-01-01", periods=N_ROWS, freq="h"))
    return table


@pytest.fixture
def csv_file(tmp_path):
    """Return a function that writes a table to a CSV file and returns its name."""

    def write(table, **options):
        path = tmp_path / "data.csv"
        table.to_csv(path, index=False, **options)
        return str(path)

    return write


@pytest.fixture
def _small_job(monkeypatch):
    """Leave all parts of the job in place, and make them small."""

    def echo_state(seed):
        one = {"spectral_radii": [0.9], "leak_rates": [1.0], "input_scalings": [0.5]}
        return EchoStateForecaster(20, **one, washout=30, random_state=seed)

    monkeypatch.setitem(_job._BASELINES, "echo state network", echo_state)
    monkeypatch.setattr(_scores, "FREE_STEPS", 600)


def _cells(line):
    return re.split(r"\s{2,}", line.strip())


# ----------------------------------------------------------------------------------- whole job
@pytest.mark.usefixtures("_small_job")
def test_whole_job_on_dates(csv_file, frame, tmp_path, capsys):
    picture, forecast_file = tmp_path / "out.png", tmp_path / "next.csv"
    command = [csv_file(frame), "--time-column", "date", "--max-iter", "3", "--forecast-steps", "5"]
    command += ["--output", str(picture), "--forecast-output", str(forecast_file)]
    assert main(command) == 0
    shown = capsys.readouterr()

    assert "data.csv: 600 rows of 2 columns, dt = 1 hour" in shown.out
    assert "first 480 rows, judged on the last 120" in shown.out
    assert re.search(r"largest Lyapunov exponent\s+\S+ \+- \S+ per hour \(chaos\)", shown.out)
    lines = {_cells(line)[0]: _cells(line) for line in shown.out.splitlines() if line.strip()}
    for name in ("ChaoticRNNRegressor (lstm)", "cubic map, 1 row", "mean"):
        assert len(lines[name]) == 8
    # The Henon map is a polynomial: the cubic map is exact to the end of each forecast.
    assert lines["cubic map, 1 row"][1].startswith(">= ")
    assert lines["mean"][1] == "0"
    assert float(lines["mean"][5]) == 1.0  # a constant has no spectrum
    assert float(lines["floor: half against half"][1]) < float(lines["mean"][4])

    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    forecast = pd.read_csv(forecast_file, parse_dates=["date"])
    assert list(forecast.columns) == ["date", "a", "b"]
    assert list(forecast["date"]) == list(
        pd.date_range("2024-01-01", periods=N_ROWS + 5, freq="h")[-5:]
    )
    assert np.isfinite(forecast[["a", "b"]]).all(axis=None)


@pytest.mark.filterwarnings("default::skchaos.exceptions.NotChaoticWarning")
@pytest.mark.usefixtures("_small_job")
def test_whole_job_on_noise_in_one_column(csv_file, frame, tmp_path, capsys, monkeypatch):
    frame["a"] = np.random.RandomState(0).standard_normal(N_ROWS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "reservoirpy.nodes", None)  # as if it were not installed
    command = [csv_file(frame), "--value-columns", "a", "--max-iter", "3", "--dt", "0.5"]
    assert main([*command, "--unit", "second", "--forecast-output", "next.csv"]) == 0
    captured = capsys.readouterr()
    assert "skchaos: note: The training rows show noise that drives them" in captured.err
    shown = captured.out
    assert "600 rows of 1 column, dt = 0.5 seconds" in shown
    assert re.search(r"exponent\s+none found in the training rows", shown)
    assert re.search(r"mean\s+0\s+0-\d\s+-", shown)  # no Lyapunov times without an exponent
    assert re.search(r"echo state network +not installed: pip install 'skchaos\[examples\]'", shown)
    assert (tmp_path / "skchaos.png").stat().st_size > 10_000
    forecast = pd.read_csv("next.csv")
    assert list(forecast.columns) == ["row", "a"]
    assert list(forecast["row"]) == list(range(N_ROWS, N_ROWS + 100))


def _score(name, valid_steps, end_sd=1.0):
    run = np.zeros((20_000, 1))
    return Score(name, valid_steps=np.array(valid_steps), run=run, end_sd=end_sd)


@pytest.mark.parametrize(
    ("network", "mean", "said"),
    [
        (_score("rnn", [9, 7]), [0, 2], ["alive after 20,000", "longest valid prediction time"]),
        (_score("rnn", [9, 7], end_sd=0.2), [0, 2], ["dies", "longest"]),
        (_score("rnn", [1, 1]), [1, 1], ["alive", "no better than the mean"]),
        (_score("rnn", [7, 7]), [7, 7], ["alive", "no better than the mean"]),
        (_score("rnn", [1, 1]), [3, 3], ["alive", "not the network but the mean"]),
        (
            replace(_score("rnn", [2, 2]), run=np.full((3, 1), np.inf)),
            [1, 1],
            ["diverges", "longest"],
        ),
    ],
)
def test_the_last_lines_say_what_the_table_means(network, mean, said):
    report = SimpleNamespace(scores=[network, _score("mean", mean), Score("esn", note="missing")])
    lines = _text._verdict(report)
    assert len(lines) == len(said)
    assert all(word in line for word, line in zip(said, lines, strict=True))


def test_runs_as_a_module_and_reports_errors_on_one_line():
    command = [sys.executable, "-m", "skchaos", "no_such_file.csv"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr == "skchaos: error: there is no file 'no_such_file.csv'.\n"


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    options = [option for action in make_parser()._actions for option in action.option_strings]
    assert len(options) >= 12
    assert all(option in shown for option in options)


# ------------------------------------------------------------------------------------ bad input
def _drop_value(frame):
    frame.loc[17, "a"] = np.nan
    return frame


def _write_word(frame):
    return frame.astype({"a": object}).replace({"a": {frame["a"][17]: "high"}})


def _make_words(frame):
    return frame.assign(a="high")


def _make_constant(frame):
    return frame.assign(a=1.0)


def _make_constant_at_the_end(frame):
    return frame.assign(a=np.where(frame.index < 480, frame["a"], 1.0))


BAD_FILES = {
    "unknown column": (None, ["--value-columns", "c"], "no column 'c'; the file has 'date', 'a'"),
    "misspelt column": (None, ["--value-columns", "A1", "--time-column", "dates"], "column 'A1'"),
    "misspelt time": (None, ["--time-column", "dates"], "Did you mean 'date'?"),
    "dates as values": (None, [], "if it is the time, give --time-column 'date'"),
    "words": (_make_words, ["--time-column", "date"], "numeric columns with --value-columns"),
    "one word": (_write_word, ["--time-column", "date"], "'a' holds 'high' in row 18"),
    "missing": (_drop_value, ["--time-column", "date"], "first in row 18 of 600: fill them"),
    "hole": (
        lambda f: f.drop(index=9),
        ["--time-column", "date"],
        "08:00:00 to 2024-01-01 10:00:00. ",
    ),
    "not sorted": (lambda f: f[::-1], ["--time-column", "date"], "sort the file"),
    "commas": (None, ["--value-columns", "a,b"], "separate the columns by spaces"),
    "other dt": (
        None,
        ["--time-column", "date", "--dt", "0.5", "--unit", "hour"],
        "contradicts the dates, which are 1 hour(s) apart",
    ),
    "too few": (lambda f: f[:450], ["--time-column", "date"], "Give 501 rows or more"),
    "constant": (_make_constant, ["--time-column", "date"], "constant"),
    "constant end": (_make_constant_at_the_end, ["--time-column", "date"], "cut the file"),
    "time twice": (None, ["--time-column", "a", "--value-columns", "a"], "cannot be a value"),
    "bad unit": (None, ["--time-column", "date", "--unit", "moon"], "or give --dt"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_file_is_an_error_of_one_line_that_names_the_remedy(
    case, csv_file, frame, capsys, monkeypatch
):
    monkeypatch.setattr(_job, "_fit_model", lambda *_: pytest.fail("training has begun"))
    spoil, options, remedy = BAD_FILES[case]
    path = csv_file(frame if spoil is None else spoil(frame))
    assert main([path, *options]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert shown.err.startswith("skchaos: error: ")
    assert remedy in shown.err


def test_what_the_estimator_refuses_is_an_error_of_one_line(csv_file, frame, capsys, monkeypatch):
    message = "Column(s) ['a'] are\n refused."

    def refuse(self, X):
        raise ValueError(message)

    monkeypatch.setattr(_job.ChaoticRNNRegressor, "fit", refuse)
    assert main([csv_file(frame), "--value-columns", "a"]) == 2
    assert capsys.readouterr().err.endswith("error: Column(s) ['a'] are refused.\n")


@pytest.mark.parametrize(
    ("text", "message"), [("", "cannot be read as CSV"), ("a,b\n", "no rows below")]
)
def test_file_without_rows(text, message, tmp_path, capsys):
    (tmp_path / "data.csv").write_text(text, "utf-8")
    assert main([str(tmp_path / "data.csv")]) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1


def test_misspelt_file_gets_a_suggestion(csv_file, frame, capsys):
    assert main([csv_file(frame).replace("data.csv", "dta.csv")]) == 2
    assert "Did you mean 'data.csv'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--output", "picture.txt"], "must end in .png"),
        (["--output", "no_such_folder/a.png"], "no folder 'no_such_folder'"),
        (["--forecast-output", "a.xlsx"], "must end in .csv"),
        (["--value-columns", "a"], "is for a CSV file"),
    ],
)
def test_bad_command_is_an_error_before_any_work(options, message, capsys):
    assert main(options) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "option", [["--dt", "0"], ["--test-fraction", "1"], ["--max-iter", "0"], ["--dt", "soon"]]
)
def test_bad_number_is_named(option, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(option)
    shown = capsys.readouterr().err
    assert f"argument {option[0]}: {option[1]!r} is not a" in shown


def test_laser_needs_reservoirpy(monkeypatch, capsys):
    monkeypatch.setattr(_input, "find_spec", lambda name: None)
    assert main([]) == 2
    assert 'pip install "skchaos[examples]"' in capsys.readouterr().err


# ---------------------------------------------------------------------------------- reading
def test_laser():
    source = load_laser()
    assert source.frame.shape == (10_093, 1)
    assert source.frame.iloc[:3, 0].tolist() == [86.0, 141.0, 95.0]  # Santa Fe A, as published


def test_numbers_alone_get_names(tmp_path):
    (tmp_path / "raw.csv").write_text("86;1\n141;2\n95;3\n", "utf-8")
    frame = read_csv(tmp_path / "raw.csv").frame
    assert list(frame.columns) == ["x0", "x1"]
    assert frame["x0"].tolist() == [86.0, 141.0, 95.0]


@pytest.mark.parametrize(
    ("times", "dt", "unit"),
    [
        (pd.date_range("2024-01-01", periods=4, freq="15min"), 15.0, "minute"),
        (pd.date_range("2024-01-01", periods=4, freq="2D"), 2.0, "day"),
        (pd.date_range("2024-01-01", periods=4, freq="MS"), 1.0, "step"),
        (pd.date_range("2024-01-01", periods=4, freq="h", tz="Europe/Oslo"), 1.0, "hour"),
        ([f"2024-03-31 0{t}" for t in ("0:00+01", "1:00+01", "3:00+02", "4:00+02")], 1.0, "hour"),
        (np.array([0.0, 0.25, 0.5, 0.75]), 0.25, "unit of t"),
        (np.array([3, 5, 7, 9]), 2.0, "unit of t"),
    ],
    ids=["minutes", "days", "months", "zone", "offsets", "floats", "integers"],
)
def test_times_give_the_clock(csv_file, times, dt, unit):
    path = csv_file(pd.DataFrame({"t": times, "a": [1.0, 2.0, 0.0, 3.0]}))
    source = read_csv(path, time_column="t")
    assert (source.dt, source.unit) == (dt, unit)
    assert list(source.frame.columns) == ["a"]
    assert read_csv(path, time_column="t", dt=0.1, unit="year").dt == 0.1


def test_decimal_commas_are_read(tmp_path):
    path = tmp_path / "european.csv"
    path.write_text("t;a\n0;1,5\n1;-2,25\n2;3\n", encoding="utf-8")
    assert read_csv(path, time_column="t").frame["a"].tolist() == [1.5, -2.25, 3.0]


def test_unit_of_dates_can_be_chosen(csv_file):
    times = pd.date_range("2024-01-01", periods=4, freq="15min")
    path = csv_file(pd.DataFrame({"t": times, "a": [1.0, 2.0, 0.0, 3.0]}))
    assert read_csv(path, time_column="t", unit="hour").dt == 0.25


def test_a_table_of_noisy_rows_says_what_noise_leaves_possible():
    rows = np.random.default_rng(0).standard_normal((400, 1))
    held_out = HeldOut.of(rows, 200, np.inf)
    found = floors(held_out, np.array([0.28]))
    assert found[0].name.startswith("ceiling")
    # Beyond .4 lies one value in seven of a normal distribution with a deviation of .28.
    expected = np.log(0.5) / np.log(1 - 0.153)
    assert abs(np.median(found[0].valid_steps) - expected) < 2
    assert len(floors(held_out, np.zeros(1))) == len(found) - 1
