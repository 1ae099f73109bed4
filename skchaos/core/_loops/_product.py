"""A product of small matrices whose sums stay in vector registers, for compiled loops (numba).

What LLVM makes of three nested loops reaches half of what the processor can do, since it stores
and loads the sums again and again. Here they are written out as vectors: `TILE` rows of weights
times two vectors of columns, which fit the sixteen registers of AVX2. On other processors LLVM
splits or joins the vectors.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

WIDTH = 16  # columns of a block
TILE = 4  # rows of weights in registers at once
N_BYTES = 64  # of columns in registers at once
_N_VECTORS = 2

_INT = ir.IntType(64)
_VECTORS = {
    types.float32: ir.VectorType(ir.FloatType(), 8),
    types.float64: ir.VectorType(ir.DoubleType(), 4),
}
_FUSED = ("contract", "nsz")  # multiply and add may be one operation


@intrinsic
def _tile(typingctx, weight, row, n_inner, x, width, column, out, is_sum):
    """Multiply TILE rows of weights, from `row` on, with the columns of x from `column` on."""
    number = types.uint64
    sig = types.void(weight, number, number, x, number, number, out, types.boolean)

    def codegen(context, builder, sig, args):
        weight, row, n_inner, x, width, column, out, is_sum = args
        weight, x, out = (
            context.make_array(kind)(context, builder, array).data
            for kind, array in ((sig.args[0], weight), (sig.args[3], x), (sig.args[6], out))
        )
        vector = _VECTORS[sig.args[0].dtype]
        steps = [_INT(j * vector.count) for j in range(_N_VECTORS)]
        firsts = [
            builder.add(builder.mul(builder.add(row, _INT(i)), width), column) for i in range(TILE)
        ]
        places = [
            _vector_at(builder, out, builder.add(first, step), vector)
            for first in firsts
            for step in steps
        ]
        before = [
            builder.select(is_sum, builder.load(place, align=4), ir.Constant(vector, None))
            for place in places
        ]
        start = builder.mul(row, n_inner)
        entry = builder.block
        body, done = builder.append_basic_block("inner"), builder.append_basic_block("done")
        builder.branch(body)
        builder.position_at_end(body)
        k, sums = builder.phi(_INT), [builder.phi(vector) for _ in places]
        first = builder.add(builder.mul(k, width), column)
        rows = [
            builder.load(_vector_at(builder, x, builder.add(first, step), vector), align=4)
            for step in steps
        ]
        after = []
        for i in range(TILE):
            at_weight = builder.add(builder.add(start, builder.mul(n_inner, _INT(i))), k)
            factor = _repeated(builder, builder.load(builder.gep(weight, [at_weight])), vector)
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


def _vector_at(builder, data, index, vector):
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


def _repeated(builder, value, vector):
    undefined = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(undefined, value, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None)
    return builder.shuffle_vector(one, undefined, zeros)


@njit(nogil=True, error_model="numpy")
def multiply(weight, n_rows, n_inner, x, width, out, is_sum):
    """Put weight (n_rows, n_inner) @ x (n_inner, width) into out, or add it where `is_sum`.

    All are flat arrays, float32 or float64; `n_rows` is a multiple of TILE, and the columns fill a
    multiple of N_BYTES.
    """
    inner, n_columns = np.uint64(n_inner), np.uint64(width)
    for row in range(np.uint64(0), np.uint64(n_rows), np.uint64(TILE)):
        for column in range(np.uint64(0), n_columns, np.uint64(N_BYTES // x.itemsize)):
            _tile(weight, row, inner, x, n_columns, column, out, is_sum)
