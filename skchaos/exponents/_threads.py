"""One BLAS thread at a time for small products: more would wait for each other most of the time."""

from contextlib import ContextDecorator
from threading import Lock

from threadpoolctl import threadpool_limits


class OneThread(ContextDecorator):
    """Hold BLAS at one thread in the whole process while anyone is inside.

    `threadpool_limits` alone restores the number that it found, which is 1 where another thread was
    inside before: here the first one in sets the limit, and the last one out lifts it.
    """

    def __init__(self):
        self._lock, self._n_inside, self._limits = Lock(), 0, None

    def __enter__(self):
        with self._lock:
            if self._n_inside == 0:
                self._limits = threadpool_limits(1, "blas")
            self._n_inside += 1

    def __exit__(self, *exception):
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._limits.restore_original_limits()


one_thread = OneThread()
