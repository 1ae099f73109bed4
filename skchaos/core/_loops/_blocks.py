"""Between arrays of models, orbits and units and the blocks that the loops work on."""

from numba import njit

from skchaos.core._loops._cells import OPTIONS, PLRNN
from skchaos.core._loops._product import N_BYTES, TILE, WIDTH, multiply


@njit(**OPTIONS)
def spread(values, width, columns):
    """Repeat a value per unit over the columns of a block."""
    for k in range(values.shape[0]):
        for v in range(width):
            columns[k * width + v] = values[k]


@njit(**OPTIONS)
def pack(weight, bias, packed):
    """Put weight, flat (row, unit), and bias side by side."""
    n_inner = weight.size // bias.size
    for r in range(bias.size):
        for k in range(n_inner):
            packed[r * (n_inner + 1) + k] = weight[r * n_inner + k]
        packed[r * (n_inner + 1) + n_inner] = bias[r]


@njit(**OPTIONS)
def pack_cell(kind, n_units, weight, bias, packed):
    """Put weight and bias of a cell side by side."""
    pack(weight, bias, packed)
    if kind == PLRNN:  # the diagonal belongs to the decay alone
        for k in range(n_units):
            packed[k * (n_units + 1) + k] = 0


@njit(**OPTIONS)
def pack_transposed(weight, n_rows, size, packed):
    """Put the transpose of weight, flat (row, unit), into rows of `size` numbers."""
    n_inner = weight.size // n_rows
    for r in range(n_rows):
        for k in range(n_inner):
            packed[k * size + r] = weight[r * n_inner + k]


@njit(**OPTIONS)
def add_unpacked(tiles, weight, bias):
    """Add tiles of a gradient, (tile, row * WIDTH), to those of weight and bias."""
    n_inner = weight.size // bias.size
    for r in range(bias.size):
        for k in range(n_inner):
            weight[r * n_inner + k] += tiles[k // WIDTH, r * WIDTH + k % WIDTH]
        bias[r] += tiles[n_inner // WIDTH, r * WIDTH + n_inner % WIDTH]


@njit(**OPTIONS)
def turn(columns, n_rows, tiles):
    """Put columns (row, WIDTH) into tiles of (WIDTH, WIDTH rows)."""
    for k in range(n_rows):
        tile = tiles[k // WIDTH]
        for v in range(WIDTH):
            tile[v * WIDTH + k % WIDTH] = columns[k * WIDTH + v]


@njit(**OPTIONS)
def add_outer(d, n_rows, tiles, total):
    """Add d (row, WIDTH) times turned columns to the gradient of a weight."""
    for tile in range(tiles.shape[0]):
        multiply(d, n_rows, WIDTH, tiles[tile], WIDTH, total[tile], True)


@njit(**OPTIONS)
def columns_for(n_orbits, itemsize):
    """Return the columns of a block that holds so many orbits: whole registers of numbers."""
    at_once = N_BYTES // itemsize
    return -(-n_orbits // at_once) * at_once


@njit(**OPTIONS)
def padded(size):
    """Return the number of rows that weights of `size` rows are padded to."""
    return -(-size // TILE) * TILE
