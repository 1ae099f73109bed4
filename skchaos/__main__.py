"""Command line: fit a chaotic series, show how far ahead it can be forecast, and forecast it."""

import argparse
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from skchaos import ChaoticRNNRegressor, __version__
from skchaos._report import InputError, draw, load_laser, read_csv, render, run_job

PICTURES = (".png", ".pdf", ".svg", ".jpg")
INPUT_ERROR, INTERRUPTED = 2, 130  # exit codes, as the shell and argparse use them

DESCRIPTION = """\
Fit a recurrent network to a time series by sparse teacher forcing, and judge it on the rows at the
end, which it never saw, beside four cheap baselines. Prints the Lyapunov exponent, the
predictability time, the forcing interval and the scores, and writes a picture.

Without a file it works on the Santa Fe laser: 10,093 intensities of a chaotic far-infrared laser.
"""
EPILOG = """\
examples:
  python -m skchaos
  python -m skchaos river.csv --time-column date --value-columns flow --output river.png
  python -m skchaos lab.csv --dt 0.01 --unit second --forecast-steps 200

exit codes: 0 done, 2 something in the command or the file to put right, 130 interrupted
"""


def make_parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m skchaos",
        usage="%(prog)s [FILE] [options]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--version", action="version", version=f"skchaos {__version__}")
    add(
        "csv",
        nargs="?",
        metavar="FILE",
        help="CSV file, one row a time step, below a row of names",
    )
    series = parser.add_argument_group("series")
    add = series.add_argument
    add(
        "--time-column",
        metavar="NAME",
        help="column of dates or evenly spaced numbers (default: none, rows are evenly spaced)",
    )
    add(
        "--value-columns",
        nargs="+",
        metavar="NAME",
        help="columns of the series, separated by spaces (default: all but the time column)",
    )
    add("--dt", type=_positive, help="time between rows (default: read from the times, else 1)")
    add("--unit", help="unit of time, in the singular: hour, second, ... (default: from the times)")
    add(
        "--test-fraction",
        type=_fraction,
        default=0.2,
        metavar="PART",
        help="part of the rows, at the end, to hold out (default: %(default)s)",
    )
    training = parser.add_argument_group("training")
    add = training.add_argument
    add(
        "--max-iter",
        type=_count,
        default=ChaoticRNNRegressor().max_iter,
        metavar="N",
        help="updates of the weights (default: %(default)s)",
    )
    add("--random-state", type=int, default=0, metavar="SEED", help="seed (default: %(default)s)")
    results = parser.add_argument_group("results")
    add = results.add_argument
    add("--output", default="skchaos.png", metavar="FILE", help="picture (default: %(default)s)")
    add(
        "--forecast-steps",
        type=_count,
        metavar="N",
        help="steps to forecast after the last row of the series (default: none, or 100 with "
        "--forecast-output)",
    )
    add(
        "--forecast-output",
        metavar="FILE",
        help="CSV file for that forecast (default: forecast.csv, with --forecast-steps)",
    )
    return parser


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments. None is those of the process.

    Returns
    -------
    int
        Exit code.
    """
    start = perf_counter()
    options = make_parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            _run(options)
    except InputError as error:
        _say(f"error: {_one_line(error)}")
        return INPUT_ERROR
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    _say(f"done in {perf_counter() - start:.0f} s")
    return 0


def _run(options):
    picture, forecast_file, n_steps = _check_outputs(options)
    source = _source(options)
    report = run_job(
        source,
        test_fraction=options.test_fraction,
        max_iter=options.max_iter,
        random_state=options.random_state,
        say=_say,
    )
    print(render(report), flush=True)
    draw(report).savefig(picture, dpi=150)
    _say(f"picture written to {picture}")
    if forecast_file is not None:
        forecast = report.model.forecast(n_steps, X=source.frame)
        label = forecast.index.name or "row"
        forecast.to_csv(forecast_file, index_label=label, float_format="%.10g")
        _say(
            f"the network's forecast of the {n_steps:,} steps after the last row written to "
            f"{forecast_file}"
        )


def _source(options):
    if options.csv is None:
        given = [name for name in ("time_column", "value_columns") if getattr(options, name)]
        if given:
            option = f"--{given[0].replace('_', '-')}"
            raise InputError(f"{option} is for a CSV file: name the file first.")
        return load_laser()
    return read_csv(
        options.csv,
        time_column=options.time_column,
        value_columns=options.value_columns,
        dt=options.dt,
        unit=options.unit,
    )


def _check_outputs(options):
    """Return the files to write, and the steps to forecast, before any work is done."""
    if find_spec("matplotlib") is None:
        raise InputError('the picture needs matplotlib: pip install "skchaos[plot]".')
    picture = _writable(options.output, PICTURES)
    if options.forecast_steps is None and options.forecast_output is None:
        return picture, None, 0
    return (
        picture,
        _writable(options.forecast_output or "forecast.csv", (".csv",)),
        options.forecast_steps or 100,
    )


def _writable(name, suffixes):
    path = Path(name)
    if path.suffix.lower() not in suffixes:
        raise InputError(f"{name!r} must end in {' or '.join(suffixes)}.")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {str(path.parent)!r} to write {path.name!r} to.")
    return path


def _positive(text):
    return _number(text, float, lambda value: 0 < value < float("inf"), "a number above 0")


def _fraction(text):
    return _number(text, float, lambda value: 0 < value < 1, "a number between 0 and 1")


def _count(text):
    return _number(text, int, lambda value: value >= 1, "a whole number from 1")


def _number(text, kind, accepts, wanted):
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not accepts(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return value


def _show_warning(message, category, filename, lineno, file=None, line=None):
    _say(f"note: {_one_line(message)}")


def _say(text):
    print(f"skchaos: {text}", file=sys.stderr, flush=True)


def _one_line(message):
    return " ".join(str(message).split())


if __name__ == "__main__":
    sys.exit(main())
