"""The main job of ``python -m skchaos``: read a series, fit, judge beside baselines, show."""

from skchaos._report._figure import draw
from skchaos._report._input import InputError, load_laser, read_csv
from skchaos._report._job import run_job
from skchaos._report._text import render

__all__ = ["InputError", "draw", "load_laser", "read_csv", "render", "run_job"]
