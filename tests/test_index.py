"""Indices: how they go on, and what they show about rows that do not."""

import re

import dateutil.tz
import numpy as np
import pandas as pd
import pytest

from skchaos._index import TimeIndex, check_consecutive, read_index


def frame(index):
    return pd.DataFrame({"a": np.arange(float(len(index)))}, index=index)


CONTINUED = [
    pd.date_range("2024-03-30 20:00", periods=30, freq="h"),
    pd.date_range("2024-03-30 20:00", periods=30, freq="h", tz="Europe/Berlin"),  # over a DST jump
    pd.date_range("2024-01-31", periods=14, freq="ME"),
    pd.date_range("2024-01-01", periods=12, freq="B"),
    pd.date_range("2024-01-01", periods=12, freq="37min", unit="s", name="when"),
    pd.period_range("2020-01", periods=12, freq="M"),
    pd.period_range("2020-01-01", periods=12, freq="D", name="day"),
    pd.timedelta_range("1h", periods=12, freq="90s"),
    pd.RangeIndex(12),
    pd.RangeIndex(7, 40, 3),
    pd.Index(np.arange(12) * 5, name="row"),
    pd.Index(np.arange(400) * 0.01, name="time"),
]


@pytest.mark.parametrize(
    "index", CONTINUED, ids=lambda index: f"{type(index).__name__}{len(index)}"
)
@pytest.mark.parametrize("frequency", ["kept", "lost"])
def test_index_goes_on_as_it_would_have(index, frequency):
    head, tail = index[:-5], index[-5:]
    if frequency == "lost" and hasattr(head, "freq") and not isinstance(head, pd.PeriodIndex):
        head = type(head)(head, freq=None)
    read = TimeIndex.unpack(read_index(frame(head)).pack())
    continued = read.continued(5)
    if index.dtype.kind == "f":
        np.testing.assert_allclose(continued, tail)
    else:
        assert continued.equals(tail)
        assert continued.dtype == tail.dtype
    assert continued.name == index.name


def test_an_array_has_no_index():
    assert read_index(np.zeros((3, 1))).continued(2) is None


HOURS = pd.date_range("2024-01-01", periods=9, freq="h")
SORT, FILL = r"X\.sort_index\(\).*TimeSeriesSplit", r"(asfreq|reindex)\(.*groups="
DROP, RESAMPLE = r"index\.duplicated\(\)", "resample"


@pytest.mark.parametrize(
    ("index", "where", "remedy"),
    [
        (HOURS.delete(4), "03:00:00 to .* 05:00:00 at row 4.*0 days 01:00:00 apart", FILL),
        (HOURS[::-1], "here 0 days 01:00:00 apart", SORT),
        (HOURS[[3, 1, 0, 7, 2]], "row 1", SORT),
        (HOURS[:4].repeat(2), "row 1", DROP),
        (HOURS + pd.to_timedelta([0, 3, 9, 2, 5, 8, 1, 1, 4], unit="s"), "row", RESAMPLE),
        (pd.period_range("2020-01", periods=9, freq="M").delete(2), "2020-02 to 2020-04", FILL),
        (pd.Index([0, 1, 2, 4, 5]), "from 2 to 4 at row 3", FILL),
        (pd.Index([3, 2, 1, 0]), "from 3 to 2", SORT),
        (pd.Index([0.0, 0.1, 0.2, 0.4]), "row 3", FILL),
        (pd.Index([0.0, 0.1, 0.2, 0.33, 0.4]), "row 3", RESAMPLE),
        (pd.to_timedelta([0, 1, 3], unit="h"), "row 2", "asfreq|resample"),
    ],
)
def test_holes_repeats_and_disorder_are_told_apart(index, where, remedy):
    with pytest.raises(ValueError, match=where) as caught:
        read_index(frame(index))
    assert re.search(remedy, str(caught.value))


@pytest.mark.parametrize("index", [pd.Index(list("abc")), pd.Index([True, False, True])])
def test_labels_without_a_next_one_are_refused(index):
    with pytest.raises(ValueError, match="reset_index"):
        read_index(frame(index))


def test_a_short_context_goes_on_with_the_step_of_the_training_rows():
    index = pd.date_range("2024-01-01", periods=9, freq="h")
    like = read_index(frame(index))
    one = pd.DatetimeIndex([pd.Timestamp("2025-05-05 07:00")])
    expected = [pd.Timestamp("2025-05-05 08:00")]
    assert read_index(frame(one), like=like).continued(1).tolist() == expected
    with pytest.raises(ValueError, match="asfreq"):
        read_index(frame(one))


def test_each_trajectory_has_an_index_of_its_own():
    index = pd.RangeIndex(5).append(pd.RangeIndex(100, 104))
    assert read_index(frame(index), [5, 4]).continued(1).tolist() == [104]
    with pytest.raises(ValueError, match="from 4 to 100"):
        read_index(frame(index))


@pytest.mark.parametrize("index", CONTINUED, ids=lambda i: f"{type(i).__name__}{len(i)}")
@pytest.mark.parametrize("n_rows", [1, 2, 5])
def test_a_short_context_goes_on_by_the_step_of_the_training_rows(index, n_rows):
    like = read_index(frame(index[:-6]))
    context = index[-1 - n_rows : -1]
    if isinstance(context, pd.DatetimeIndex | pd.TimedeltaIndex):
        context = type(context)(context, freq=None)
    continued = read_index(frame(context), like=like).continued(1)
    if index.dtype.kind == "f":
        np.testing.assert_allclose(continued, index[-1:])
    else:
        assert continued[0] == index[-1]


def test_steps_are_spelled_out():
    like = read_index(frame(HOURS))
    with pytest.raises(ValueError, match=r"are 2h apart .* trajectory, 1h:"):
        read_index(frame(HOURS[::2]), like=like)


@pytest.mark.parametrize(
    ("trained", "given"),
    [
        (
            pd.date_range("2024", periods=9, freq="h"),
            pd.date_range("2025", periods=9, freq="30min"),
        ),
        (pd.date_range("2024", periods=9, freq="h"), pd.date_range("2025", periods=2, freq="3h")),
        (pd.date_range("2024", periods=9, freq="ME"), pd.date_range("2025", periods=9, freq="D")),
        (
            pd.period_range("2024", periods=9, freq="D"),
            pd.period_range("2025", periods=9, freq="M"),
        ),
        (pd.date_range("2024", periods=9, freq="W"), pd.date_range("2025", periods=9, freq="D")),
        (pd.date_range("2024", periods=9, freq="D"), pd.date_range("2025", periods=9, freq="W")),
        (pd.date_range("2024", periods=9, freq="ME"), pd.date_range("2025", periods=9, freq="30D")),
        (pd.date_range("2024", periods=9, freq="B"), pd.date_range("2025", periods=9, freq="2D")),
        (pd.RangeIndex(9), pd.RangeIndex(0, 18, 2)),
        (pd.Index(np.arange(9) * 0.01), pd.Index(np.arange(9) * 0.02)),
        (
            pd.timedelta_range("0s", periods=9, freq="s"),
            pd.timedelta_range("0s", periods=9, freq="2s"),
        ),
    ],
)
def test_another_step_is_refused(trained, given):
    like = read_index(frame(trained))
    with pytest.raises(ValueError, match="one time step"):
        read_index(frame(given), like=like)
    with pytest.raises(ValueError, match="one time step"):
        check_consecutive(frame(given), like=like)


@pytest.mark.parametrize(
    ("trained", "given", "following"),
    [
        (
            pd.date_range("2024-01-07", periods=9, freq="W-SUN"),
            pd.date_range("2025-01-06", periods=3, freq="W-MON"),
            pd.Timestamp("2025-01-27"),
        ),
        (
            pd.date_range("2024", periods=9, freq="24h"),
            pd.date_range("2025", periods=3, freq="D"),
            pd.Timestamp("2025-01-04"),
        ),
        # An index of numbers says nothing about time, nor the other way round.
        (pd.date_range("2024", periods=9, freq="h"), pd.RangeIndex(3), 3),
        (
            pd.RangeIndex(9),
            pd.date_range("2024", periods=9, freq="h"),
            pd.Timestamp("2024-01-01 09:00"),
        ),
    ],
)
def test_the_same_step_in_other_words_is_accepted(trained, given, following):
    continued = read_index(frame(given), like=read_index(frame(trained))).continued(1)
    assert continued.tolist() == [following]


def test_one_row_must_be_on_the_steps_of_the_training_rows():
    weekly = read_index(frame(pd.date_range("2024-01-07", periods=9, freq="W-SUN")))
    with pytest.raises(ValueError, match="not on the steps"):
        read_index(frame(pd.DatetimeIndex(["2025-01-08"])), like=weekly)


def test_numbers_of_single_precision_are_even():
    index = pd.Index(np.arange(1000, dtype=np.float32) * np.float32(0.01))
    np.testing.assert_allclose(read_index(frame(index)).continued(2), [10.0, 10.01], rtol=1e-5)


def test_a_time_zone_without_a_name_is_refused():
    zone = dateutil.tz.tzfile(dateutil.tz.gettz("Europe/Oslo")._filename)
    with pytest.raises(ValueError, match="tz_convert"):
        read_index(frame(pd.date_range("2024", periods=9, freq="h", tz=zone)))
    offset = pd.date_range("2024", periods=9, freq="h", tz="+02:00")
    assert read_index(frame(offset[:-1])).continued(1).equals(offset[-1:])


def test_rows_of_one_trajectory_show_their_holes():
    index = pd.RangeIndex(6).delete(3)
    with pytest.raises(ValueError, match="from 2 to 4"):
        check_consecutive(frame(index), like=None)
    check_consecutive(frame(index[:1]), like=None)


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(np.r_[0:50, 60:100]),
        pd.Index(np.r_[0:50, 60:100] * 2),
        pd.Index(np.r_[0:25, 30:50] / 2),
        pd.Index(np.arange(100) * 0.1).delete(slice(40, 44)),  # .30000000000000004 and the like
        pd.date_range("2024", periods=100, freq="h").delete(slice(40, 44)),
        pd.timedelta_range(0, periods=100, freq="s").delete(slice(40, 44)),
    ],
    ids=["whole", "by two", "halves", "tenths", "dates", "durations"],
)
def test_what_the_message_says_of_a_hole_mends_it(index):
    X = pd.DataFrame({"x": np.arange(float(len(index)))}, index=index)
    with pytest.raises(ValueError, match="fill a hole") as caught:
        read_index(X)
    fill, groups = re.search(
        r"rows, (X.*\(\)), or .* groups=(.*) in fit", str(caught.value)
    ).groups()
    filled, groups = eval(fill), eval(groups)
    assert len(filled) > len(X)
    assert filled.notna().all(axis=None)
    assert X["x"].isin(filled["x"]).all()  # no row is lost
    read_index(filled)
    assert groups.nunique() == 2
    read_index(X, lengths=groups.value_counts(sort=False).tolist())
