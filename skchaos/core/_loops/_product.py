"""A product of small matrices whose sums stay in vector registers, for compiled loops (numba).

What LLVM makes of three nested loops reaches half of what the processor can do, since it stores
and loads the sums again and again. Here they are written out as vectors: `TILE` rows of weights
times two vectors of `LANES` columns, which fit the sixteen registers of AVX2. On other processors
LLVM splits or joins the vectors.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

WIDTH = 32  # columns of a block
TILE = 4  # rows of weights in registers at once
LANES = 8  # float32 numbers in a vector
_N_VECTORS = 2  # vectors of columns in registers at once

_FLOAT, _INT = ir.FloatType(), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, LANES)
_FUSED = ("contract", "reassoc", "nsz")  # multiply and add may be one operation


@intrinsic
def _tile(typingctx, weight, row, n_inner, x, out, at, is_sum):
    """Multiply TILE rows of weights, flat from `row` on, with some of the columns of x."""
    indices = (types.uint64, types.uint64)
    sig = types.void(weight, *indices, x, out, types.uint64, types.boolean)

    def codegen(context, builder, sig, args):
        weight, row, n_inner, x, out, at, is_sum = args
        weight, x, out = (
            context.make_array(kind)(context, builder, array).data
            for kind, array in ((sig.args[0], weight), (sig.args[3], x), (sig.args[4], out))
        )
        column = builder.urem(at, _INT(WIDTH))
        steps = [_INT(j * LANES) for j in range(_N_VECTORS)]
        places = [
            _vector_at(builder, out, builder.add(builder.add(at, _INT(i * WIDTH)), step))
            for i in range(TILE)
            for step in steps
        ]
        before = [
            builder.select(is_sum, builder.load(place, align=4), ir.Constant(_VECTOR, None))
            for place in places
        ]
        entry = builder.block
        body, done = builder.append_basic_block("inner"), builder.append_basic_block("done")
        builder.branch(body)
        builder.position_at_end(body)
        k, sums = builder.phi(_INT), [builder.phi(_VECTOR) for _ in places]
        first = builder.add(builder.mul(k, _INT(WIDTH)), column)
        rows = [
            builder.load(_vector_at(builder, x, builder.add(first, step)), align=4)
            for step in steps
        ]
        after = []
        for i in range(TILE):
            at_weight = builder.add(builder.add(row, builder.mul(n_inner, _INT(i))), k)
            factor = _repeated(builder, builder.load(builder.gep(weight, [at_weight])))
            for values, total in zip(rows, sums[i * _N_VECTORS :], strict=False):
                term = builder.fmul(factor, values, flags=_FUSED)
                after.append(builder.fadd(total, term, flags=_FUSED))
        following = builder.add(k, _INT(1))
        pairs = [(k, _INT(0), following), *zip(sums, before, after, strict=True)]
        for variable, at_first, later in pairs:
            variable.add_incoming(at_first, entry)
            variable.add_incoming(later, body)
        builder.cbranch(builder.icmp_unsigned("<", following, n_inner), body, done)
        builder.position_at_end(done)
        for place, total in zip(places, after, strict=True):
            builder.store(total, place, align=4)
        return context.get_dummy_value()

    return sig, codegen


def _vector_at(builder, data, index):
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _repeated(builder, value):
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    one = builder.insert_element(undefined, value, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
    return builder.shuffle_vector(one, undefined, zeros)


@njit(nogil=True, error_model="numpy")
def multiply(weight, n_rows, n_inner, x, out, is_sum):
    """Put weight (n_rows, n_inner) @ x (n_inner, WIDTH) into out, or add it where `is_sum`.

    All are flat float32 arrays; `n_rows` is a multiple of TILE.
    """
    width = np.uint64(WIDTH)
    for row in range(np.uint64(0), np.uint64(n_rows), np.uint64(TILE)):
        for column in range(np.uint64(0), width, np.uint64(_N_VECTORS * LANES)):
            at = row * width + column
            _tile(weight, row * np.uint64(n_inner), np.uint64(n_inner), x, out, at, is_sum)
