"""Call one peer once, in the peer's own environment, and print what came out as JSON.

    python _peer_worker.py PEER SERIES.npy '{"option": value}'

Started by peers.py; imports nothing of skchaos. The last line of stdout has the largest exponent
per step, the CPU time of the call alone and the growth of peak memory since the import.
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

MODULES = {
    # scikit-learn, which nolds imports inside the call, is no part of the call's cost.
    "nolds": ("nolds", "sklearn.linear_model", "sklearn.preprocessing"),
    "neurokit2": ("neurokit2",),
    "ptyche": ("ptyche",),
    "ntsa": ("ntsa.tools.lyapunov", "ntsa.tools.embedding", "ntsa.tools.maps", "scipy.spatial"),
}


def call(peer, module, series, options):
    """Return the largest exponent per step."""
    if peer == "nolds":
        return module.lyap_r(series, **options)
    if peer == "neurokit2":
        return module.complexity_lyapunov(series, method="rosenstein1993", **options)[0]
    if peer == "ptyche":
        return module.lyapunov_rosenstein(series, **options)["lambda1_per_sample"]
    # Any interval gives the same fit; 1 makes the exponent one per step.
    return module.rosenstein_lyapunov(series, 1.0, **options)[0]


def peak_mb():
    """Return the largest resident size of this program so far, MB.

    On Linux ru_maxrss starts from the size of the program that started this one, so the kernel's
    own mark comes first.
    """
    status = Path("/proc/self/status")
    if status.exists():
        marks = [line.split() for line in status.read_text().splitlines()]
        return next(int(mark[1]) for mark in marks if mark and mark[0] == "VmHWM:") / 1024
    per_mb = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_mb


def main():
    """Run the call named on the command line."""
    peer, path, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    series = np.load(path)
    module, *_ = [importlib.import_module(name) for name in MODULES[peer]]
    np.random.seed(0)  # noqa: NPY002 - RANSAC in nolds draws from the global state
    before = peak_mb()
    started = time.process_time()
    try:
        found = {"value": float(call(peer, module, series, options)), "error": ""}
    except Exception as error:
        found = {"value": float("nan"), "error": f"{type(error).__name__}: {error}"}
    found["cpu_s"] = time.process_time() - started
    found["peak_mb"] = peak_mb() - before
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main()
