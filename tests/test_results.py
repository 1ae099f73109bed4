"""What README says about quality is what the benchmarks measured."""

from pathlib import Path

import pytest

from benchmarks.reconstruction import report

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.parametrize("table", report.readme_tables())
def test_tables_of_the_readme_are_those_of_the_study(table):
    assert table in README.read_text()


def test_every_quality_is_of_five_seeds():
    rows = report.in_readme()
    for model in ("skchaos", "echo state"):
        seeds = rows[rows.model == model].groupby(["system", "condition"]).seed.nunique()
        assert seeds.to_dict() == dict.fromkeys(report.IN_README, 5)
