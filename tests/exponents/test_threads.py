"""BLAS is held at one thread while anyone is inside, and let go by the last one out."""

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skchaos.exponents._threads import OneThread


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_last_one_out_lifts_the_limit():
    # First in is first out, as two threads of a program may do it.
    one = OneThread()
    with threadpool_limits(2, "blas"):
        one.__enter__()
        one.__enter__()
        assert blas_threads() == {1}
        one.__exit__(None, None, None)
        assert blas_threads() == {1}
        one.__exit__(None, None, None)
        assert blas_threads() == {2}


def test_limit_is_lifted_after_an_error():
    one = OneThread()

    @one
    def fail():
        raise RuntimeError

    with threadpool_limits(2, "blas"):
        for _ in range(2):
            with pytest.raises(RuntimeError):
                fail()
            assert blas_threads() == {2}
