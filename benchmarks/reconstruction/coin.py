"""Which systems defaults may be chosen on, and which are never looked at while they are chosen.

Run ``python -m benchmarks.reconstruction.coin`` to see both halves. Committed before anything was
run on a system of the second half. Systems that earlier work had looked at already cannot be in it.
Relatives (one equation with two parameters) stand together.
"""

import numpy as np

SEED = 5
SEEN_BEFORE = ("lorenz", "lorenz38", "roessler", "duffing", "laser", "temperature")
FAMILIES = (
    ("chen",),
    ("chua",),
    ("heart",),
    ("henon",),
    ("hyper_roessler",),
    ("ikeda",),
    ("kuramoto_sivashinsky",),
    ("lorenz96_10", "lorenz96_20"),
    ("mackey_glass_17", "mackey_glass_30"),
    ("sprott_b",),
)


def halves() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the systems that defaults are chosen on, and those held out."""
    half = (len(SEEN_BEFORE) + sum(map(len, FAMILIES))) // 2
    chosen_on, held_out = list(SEEN_BEFORE), []
    for i in np.random.default_rng(SEED).permutation(len(FAMILIES)):
        (chosen_on if len(chosen_on) < half else held_out).extend(FAMILIES[i])
    return tuple(chosen_on), tuple(held_out)


if __name__ == "__main__":
    for title, systems in zip(("chosen on", "held out"), halves(), strict=True):
        print(f"{title}: {', '.join(systems)}")
