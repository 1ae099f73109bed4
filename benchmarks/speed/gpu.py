"""Fits and a search on a GPU, in units of one fit there, beside torch's own LSTM.

    python benchmarks/speed/gpu.py            # on a CUDA GPU
    python benchmarks/speed/gpu.py --quick    # few updates, on whatever there is: does it run?

Wall seconds of

    fit           one fit of Lorenz-63: 30,000 updates of 32 sequences of 100 steps, LSTM with 30
                  latents, forcing interval 30, no rows set aside
    cudnn         the same number of updates of torch.nn.LSTM with a linear readout and Adam, on
                  the same number of segments (128 of 30 steps), from random states
    grid          ChaoticRNNRegressorCV over 8 intervals x 3 folds x 5 seeds, of as many updates
    wide          one fit of Lorenz-96 with 20 variables and 512 latents

Writes benchmarks/results/speed_gpu.json, unless --quick. No GPU was at hand when this was written:
there are no results yet.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from torch import nn

from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_lorenz63, make_lorenz96
from skchaos.model_selection import ChaoticRNNRegressorCV

RESULTS = Path(__file__).parents[1] / "results" / "speed_gpu.json"
N_UPDATES, N_QUICK = 30_000, 20
INTERVALS, N_FOLDS, N_SEEDS = [4, 8, 16, 24, 32, 48, 64, 128], 3, 5
SETTINGS = {
    "n_hidden": 30,
    "forcing_interval": 30,
    "sequence_length": 100,
    "batch_size": 32,
    "loss": "squared_error",
    "early_stopping": False,
    "n_init": 1,
    "dt": 0.01,
    "random_state": 0,
}


def fit(X, n_updates, **changes) -> float:
    model = ChaoticRNNRegressor(**(SETTINGS | {"max_iter": n_updates} | changes))
    began = time.perf_counter()
    model.fit(X)
    return time.perf_counter() - began


def grid(X, n_updates) -> float:
    model = ChaoticRNNRegressor(**(SETTINGS | {"max_iter": n_updates, "sequence_length": "auto"}))
    search = ChaoticRNNRegressorCV(
        model, {"forcing_interval": INTERVALS}, cv=N_FOLDS, n_seeds=N_SEEDS, refit=False
    )
    began = time.perf_counter()
    search.fit(X)
    return time.perf_counter() - began


def cudnn(X, n_updates, device) -> float:
    """Train torch's LSTM on as many random segments."""
    n_units, n_steps, n_segments = 30, 30, 128
    rows = torch.tensor((X - X.mean(axis=0)) / X.std(axis=0), dtype=torch.float32, device=device)
    layer = nn.LSTM(1, n_units).to(device)
    readout = nn.Linear(n_units, X.shape[1]).to(device)
    parameters = [*layer.parameters(), *readout.parameters()]
    optimizer = torch.optim.Adam(parameters, fused=device == "cuda")
    inputs = rows.new_zeros(n_steps, n_segments, 1)
    steps = torch.arange(n_steps, device=device)[:, None]
    began = time.perf_counter()
    for _ in range(n_updates):
        starts = torch.randint(len(rows) - n_steps, (n_segments,), device=device)
        state = tuple(rows.new_empty(2, 1, n_segments, n_units).normal_())
        loss = (readout(layer(inputs, state)[0]) - rows[starts + steps]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    loss.item()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    is_quick = parser.parse_args().quick
    has_gpu = torch.cuda.is_available()
    if not has_gpu and not is_quick:
        parser.error("there is no CUDA GPU here; --quick runs everywhere")
    n_updates, device = N_QUICK if is_quick else N_UPDATES, "cuda" if has_gpu else "cpu"
    X = make_lorenz63(20_000, random_state=0)
    fit(X[:2000], 2)  # makes handles, compiles
    times = {"fit": fit(X, n_updates)}
    times["cudnn"] = cudnn(X, n_updates, device)
    times["grid"] = grid(X, n_updates)
    wide = make_lorenz96(5_000 if is_quick else 50_000, n_features=20, random_state=0)
    times["wide"] = fit(wide, n_updates, n_hidden=512, sequence_length="auto")
    name = torch.cuda.get_device_name() if has_gpu else "CPU"
    over_fit = {name: seconds / times["fit"] for name, seconds in times.items()}
    found = {"device": name, "updates": n_updates, "wall_s": times, "over_one_fit": over_fit}
    print(json.dumps(found, indent=1))
    if not is_quick:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
