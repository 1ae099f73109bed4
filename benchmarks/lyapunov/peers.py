"""The largest exponent of one scalar series by the functions of four other packages.

Make the series, then run what is missing; rows already in the output are skipped:

    python benchmarks/lyapunov/peers.py --make-data series.npz --rows 5000
    python benchmarks/lyapunov/peers.py --data series.npz --environments DIR --output peers.csv

The packages are nolds (lyap_r), neurokit2 (complexity_lyapunov, rosenstein1993), ptyche
(lyapunov_rosenstein) and ntsa (rosenstein_lyapunov). All four follow mean divergence [1]_. Each
runs in an environment of its own under DIR, made on first use from requirements-PEER.txt, in a
process of its own with one thread (`_peer_worker.py`). Two settings:

    default  the package's own defaults
    expert   those of `EXPERT`, chosen by someone who knows the system, not by what they give

A row of the output has the exponent per step, its error relative to `exact`, the CPU seconds of
the call and its peak memory in MB (2^20 bytes), both counted from after the import. A failure is a
row too, with its message; delete the row to try again. `exact` is the exponent of a very long run
(skchaos/datasets/_exponents.py); the one along the same rows differs from it by chance. The line
that nolds fits by default is drawn at random (RANSAC); the seed is 0.

References
----------
.. [1] Rosenstein, M. T., Collins, J. J. & De Luca, C. J. (1993). A practical method for
   calculating largest Lyapunov exponents from small data sets. Physica D, 65, 117-134.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zlib
from functools import cache, partial
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
PEERS = ("nolds", "neurokit2", "ptyche", "ntsa")
SETTINGS = ("default", "expert")
ENVIRONMENTS = Path(tempfile.gettempdir()) / "skchaos-peers"
TIMEOUT_S = 900.0
MEMORY_GB = 16.0  # nolds and neurokit2 hold the distances of all pairs: 6 to 8 GB at 20,000 rows
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

# What an expert passes, in steps of `dt`, one row a system:
#   lag             first minimum of the mutual information (Fraser & Swinney 1986; 32 bins of equal
#                   count, 20,000 rows); maps 1; Lorenz-96, whose curve has no minimum before its
#                   noise, half the lag at which the autocorrelation falls to 1/e
#   emb_dim         the least that exceeds twice the Kaplan-Yorke dimension (Sauer, Yorke & Casdagli
#                   1991); Henon 2, which is exact, and the logistic map 2, since one package needs
#                   two; Lorenz-96, where the rule says 28, and Mackey-Glass 30, 10 and 7 by hand
#   min_tsep        a mean period: rows per maximum of z for Lorenz, of one drive for Duffing,
#                   rows per upcrossing of the mean for the rest, 10 steps for maps
#   trajectory_len  1.5 Lyapunov times, maps 2, as a number of points
EXPERT = {
    "logistic": {"dt": 1.0, "lag": 1, "emb_dim": 2, "min_tsep": 10, "trajectory_len": 4},
    "henon": {"dt": 1.0, "lag": 1, "emb_dim": 2, "min_tsep": 10, "trajectory_len": 6},
    "lorenz": {"dt": 0.01, "lag": 17, "emb_dim": 5, "min_tsep": 75, "trajectory_len": 167},
    "roessler": {"dt": 0.1, "lag": 13, "emb_dim": 5, "min_tsep": 59, "trajectory_len": 211},
    "duffing": {"dt": 0.177, "lag": 8, "emb_dim": 5, "min_tsep": 30, "trajectory_len": 82},
    "lorenz96": {"dt": 0.05, "lag": 3, "emb_dim": 10, "min_tsep": 27, "trajectory_len": 20},
    "mackey_glass_17": {"dt": 1.0, "lag": 11, "emb_dim": 5, "min_tsep": 47, "trajectory_len": 292},
    "mackey_glass_30": {"dt": 1.0, "lag": 19, "emb_dim": 7, "min_tsep": 52, "trajectory_len": 213},
    "lorenz38": {"dt": 0.01, "lag": 14, "emb_dim": 5, "min_tsep": 62, "trajectory_len": 137},
}
# ntsa finds its fit range itself below the plateau of the curve, so its horizon has to reach it:
# this many times trajectory_len, and at least the 20 steps that it insists on, twice.
NTSA_HORIZON = 5


def expert_options(peer, system, n_rows):
    """Return the arguments by which `peer` is given the settings of `EXPERT`."""
    chosen = EXPERT[system]
    lag, emb_dim, min_tsep = chosen["lag"], chosen["emb_dim"], chosen["min_tsep"]
    length = chosen["trajectory_len"]
    if peer == "nolds":
        embedding = {"lag": lag, "emb_dim": emb_dim, "min_tsep": min_tsep}
        return embedding | {"trajectory_len": length, "fit": "poly"}
    if peer == "neurokit2":
        embedding = {"delay": lag, "dimension": emb_dim, "separation": min_tsep}
        return embedding | {"len_trajectory": length}
    if peer == "ptyche":
        last = max(length - 1, 4)  # it fits nothing to fewer than five points
        window = {"k_max": last, "fit_window": [0.0, 1.0], "cap": n_rows}
        return {"tau": lag, "m": emb_dim, "theiler": min_tsep} | window
    horizon = {"k_max": max(40, NTSA_HORIZON * length), "n_ref": 5_000}
    return {"zeta": lag, "dim": emb_dim, "theiler": min_tsep} | horizon


@cache
def environment(peer, folder):
    """Return the interpreter of the peer's environment, and why there is none, or "".

    The environment is made if it is missing or has other pins.
    """
    pins = HERE / f"requirements-{peer}.txt"
    root = Path(folder).resolve() / peer
    python = root / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = root / pins.name
    if done.exists() and done.read_text() == pins.read_text():
        return python, ""
    if root.exists() and any(root.iterdir()) and not (root / "pyvenv.cfg").exists():
        raise ValueError(f"{root} is no environment and would be emptied: pass another folder.")
    venv.create(root, clear=True, with_pip=True)
    # The pins are complete; without dependencies, nothing else can enter.
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "-r", pins]
    outcome = subprocess.run(install, capture_output=True, text=True)
    if outcome.returncode:
        errors = [line for line in outcome.stderr.splitlines() if line.startswith("ERROR")]
        return None, f"does not install: {errors[-1] if errors else outcome.stderr.strip()}"
    shutil.copyfile(pins, done)
    return python, ""


def limit_memory(memory_gb):
    """Make this process fail to allocate beyond `memory_gb`, where the platform knows how."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (int(memory_gb * 1024**3),) * 2)


def run_worker(python, peer, series, options, *, timeout_s, memory_gb):
    """Return what the worker printed, or the message of its failure."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.npy"
        np.save(path, series)
        command = [python, HERE / "_peer_worker.py", peer, path, json.dumps(options)]
        try:
            outcome = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                env=os.environ | dict.fromkeys(THREADS, "1"),
                preexec_fn=partial(limit_memory, memory_gb) if os.name == "posix" else None,
            )
        except subprocess.TimeoutExpired:
            return {"error": f"TimeoutExpired: {timeout_s:g} s"}
    if outcome.returncode:
        lines = outcome.stderr.strip().splitlines()
        return {"error": lines[-1] if lines else f"exit status {outcome.returncode}"}
    return json.loads(outcome.stdout.splitlines()[-1])


def run_peer(
    peer,
    setting,
    series,
    system,
    *,
    environments=ENVIRONMENTS,
    timeout_s=TIMEOUT_S,
    memory_gb=MEMORY_GB,
):
    """Return what one peer says about one series.

    Parameters
    ----------
    peer : {"nolds", "neurokit2", "ptyche", "ntsa"}
    setting : {"default", "expert"}
    series : array-like of shape (n_rows,)
    system : str
        Name in `EXPERT`; read by the setting "expert" alone, which holds at the `dt` given there.
    environments : path-like, default=a folder among the temporary ones
        Where the environments are, or are made on first use.
    timeout_s : float, default=900
        Wall-clock limit, seconds.
    memory_gb : float, default=16
        Limit of the address space.

    Returns
    -------
    dict
        value (per step), cpu_s, peak_mb, and error: an empty string, or a message beside nan.
    """
    if peer not in PEERS or setting not in SETTINGS:
        raise ValueError(f"{peer!r}, {setting!r}: use one of {PEERS} and one of {SETTINGS}.")
    series = np.ascontiguousarray(series, dtype=np.float64)
    if series.ndim != 1:
        raise ValueError(f"series has shape {series.shape}; pass one column, (n_rows,).")
    options = {} if setting == "default" else expert_options(peer, system, len(series))
    found = dict.fromkeys(("value", "cpu_s", "peak_mb"), float("nan"))
    python, failure = environment(peer, str(environments))
    if failure:
        return found | {"error": failure}
    limits = {"timeout_s": timeout_s, "memory_gb": memory_gb}
    return found | run_worker(python, peer, series, options, **limits)


def make_data(path, n_rows):
    """Write one column of each system of `EXPERT`, seed 0, its dt and its exponent per step."""
    from skchaos import datasets

    duffing = {"delta": 0.3, "alpha": 1.0, "beta": -1.0, "gamma": 0.5, "omega": 1.2}
    makers = {
        "logistic": partial(datasets.make_logistic, r=4.0),
        "henon": datasets.make_henon,
        "lorenz": partial(datasets.make_lorenz63, rho=28.0),
        "roessler": partial(datasets.make_roessler, a=0.2, b=0.2, c=5.7),
        "duffing": partial(datasets.make_duffing, **duffing),
        "lorenz96": partial(datasets.make_lorenz96, n_features=20, forcing=8.0),
        "mackey_glass_17": partial(datasets.make_mackey_glass, delay=17.0),
        "mackey_glass_30": partial(datasets.make_mackey_glass, delay=30.0),
        "lorenz38": partial(datasets.make_lorenz63, rho=38.0),
    }
    series, dts, exact = {}, [], []
    for system, make in makers.items():
        dt = EXPERT[system]["dt"]
        step = {} if system in ("logistic", "henon") else {"dt": dt}
        made = make(n_rows, random_state=0, return_bunch=True, **step)
        series[system] = np.ascontiguousarray(made.data[:, 0])
        dts.append(dt)
        exact.append(made.exponents[0] * dt)
    np.savez_compressed(path, **series, dt=np.array(dts), exact=np.array(exact))


def load_data(path):
    """Return the series by name, and dt and exact by name; both are in the order of the series."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    dts, exact = arrays.pop("dt"), arrays.pop("exact")
    dts = dict(zip(arrays, np.broadcast_to(dts, len(arrays)), strict=True))
    return arrays, dts, dict(zip(arrays, exact, strict=True))


KEY = ("system", "n_rows", "series", "peer", "setting")
FIELDS = (*KEY, "dt", "exact", "value", "relative_error", "cpu_s", "peak_mb", "error")


def read(path):
    """Return the rows of the output so far."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def append(path, row):
    """Add one row to the output."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


def markdown(rows, column="value"):
    """Return the lines of a table of one column, a table for each number of rows."""
    lines = []
    for n_rows in dict.fromkeys(row["n_rows"] for row in rows):
        here = [row for row in rows if row["n_rows"] == n_rows]
        heads = [(peer, setting) for peer in PEERS for setting in SETTINGS]
        titles = " | ".join(f"{peer} {setting}" for peer, setting in heads)
        lines += [f"| {column}, {n_rows} rows | exact value | {titles} |", "|---" * 10 + "|"]
        for system in dict.fromkeys(row["system"] for row in here):
            cells = {(r["peer"], r["setting"]): r for r in here if r["system"] == system}
            exact = float(next(iter(cells.values()))["exact"])
            values = [f"{float(cells[h][column]):.3g}" if h in cells else "" for h in heads]
            lines.append(f"| {system} | {exact:.3g} | " + " | ".join(values) + " |")
        lines.append("")
    return lines


def run_missing(arguments):
    """Run what the output lacks of the systems, peers and settings asked for."""
    arrays, dts, exact = load_data(arguments.data)
    known = {tuple(row[name] for name in KEY) for row in read(arguments.output)}
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    for system in arguments.systems or arrays:
        expected = EXPERT.get(system, {}).get("dt")
        if "expert" in arguments.settings and dts[system] != expected:
            raise SystemExit(
                f"{system} has dt {dts[system]:g} and EXPERT holds at {expected}: "
                "use that dt, add an entry, or pass --settings default."
            )
        series = np.asarray(arrays[system], dtype=np.float64)
        checksum = f"{zlib.crc32(series.tobytes()):08x}"
        for peer in arguments.peers:
            for setting in arguments.settings:
                key = (system, str(len(series)), checksum, peer, setting)
                if key in known:
                    continue
                found = run_peer(peer, setting, series, system, environments=arguments.environments)
                row = dict(zip(KEY, key, strict=True)) | found
                row |= {"dt": float(dts[system]), "exact": float(exact[system])}
                row["relative_error"] = found["value"] / row["exact"] - 1.0
                append(arguments.output, row)
                print(row, flush=True)


def main():
    """Make data, or run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--make-data", type=Path, metavar="FILE.npz", help="write series and stop")
    parser.add_argument("--rows", type=int, default=5_000, help="of the series to make")
    parser.add_argument("--data", type=Path, metavar="FILE.npz", help="series to run on")
    parser.add_argument("--environments", type=Path, metavar="DIR", default=ENVIRONMENTS)
    parser.add_argument("--output", type=Path, metavar="CSV")
    parser.add_argument("--systems", nargs="+", help="default: all in the data")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS)
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=SETTINGS)
    arguments = parser.parse_args()
    if arguments.make_data:
        make_data(arguments.make_data, arguments.rows)
        return
    if not (arguments.data and arguments.output):
        parser.error("pass --make-data, or --data and --output")
    run_missing(arguments)
    rows = read(arguments.output)
    for column in ("value", "relative_error", "cpu_s", "peak_mb"):
        print(*markdown(rows, column), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
