// The kernels of kernels.h, for any vector width. Included once each by the files that are compiled
// for one instruction set. All of it has internal linkage and it calls no inline function of any
// other header: the linker must never take code made for one CPU as another's.
#pragma once

#include <utility>  // index_sequence, which is no function

#include "common/forecast/kernels.h"

namespace fleetcast::forecast {
namespace {

template <typename Real>
struct Bits;
template <>
struct Bits<float> {
  using Type = std::int32_t;
};
template <>
struct Bits<double> {
  using Type = std::int64_t;
};

// `kRegisterRows` rows of four vectors are what the registers hold beside a row of b.
template <typename Real, std::ptrdiff_t kLanes, int kRegisterRows>
struct Simd {
  using Int = typename Bits<Real>::Type;
  typedef Real Vector __attribute__((vector_size(sizeof(Real) * kLanes)));
  typedef Int Mask __attribute__((vector_size(sizeof(Real) * kLanes)));
  typedef Real Unaligned
      __attribute__((vector_size(sizeof(Real) * kLanes), aligned(alignof(Real)), may_alias));
  using Size = std::ptrdiff_t;

  [[gnu::always_inline]] static Vector Load(const Real* from) {
    return *reinterpret_cast<const Unaligned*>(from);
  }
  [[gnu::always_inline]] static void Store(Real* to, Vector value) {
    *reinterpret_cast<Unaligned*>(to) = value;
  }
  [[gnu::always_inline]] static Vector All(Real value) { return Vector{} + value; }

  // A tile of c, in registers.
  template <int kRows, int kVectors>
  struct Tile {
    Vector at[kRows][kVectors];

    [[gnu::always_inline]] void Zero() {
#pragma GCC unroll 16
      for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) at[row][v] = Vector{};
      }
    }

    // += a b over one block of depth. kAlong: a's rows are contiguous, else its columns are.
    template <bool kAlong>
    [[gnu::always_inline]] void Add(const Real* a, Size a_stride, const Real* b, Size b_depth,
                                    Size b_vector, Size depth) {
      for (Size k = 0; k < depth; ++k) {
        Vector row_of_b[kVectors];
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) row_of_b[v] = Load(b + v * b_vector);
#pragma GCC unroll 16
        for (int row = 0; row < kRows; ++row) {
          const Vector value = All(kAlong ? a[row * a_stride] : a[row]);
#pragma GCC unroll 4
          for (int v = 0; v < kVectors; ++v) at[row][v] += value * row_of_b[v];
        }
        a += kAlong ? 1 : a_stride;
        b += b_depth;
      }
    }
  };

  // Calls body.template operator()<rows>(first row) for tiles of nearly equal size.
  template <typename Body>
  [[gnu::always_inline]] static void ForTiles(Size rows, const Body& body) {
    const Size tiles = (rows + kRegisterRows - 1) / kRegisterRows;
    Size begin = 0;
    for (Size tile = 0; tile < tiles; ++tile) {
      const Size end = rows * (tile + 1) / tiles;
      OneTile<kRegisterRows>(begin, end - begin, body);
      begin = end;
    }
  }
  template <int kRows, typename Body>
  [[gnu::always_inline]] static void OneTile(Size begin, Size rows, const Body& body) {
    if constexpr (kRows > 1) {
      if (rows < kRows) return OneTile<kRows - 1>(begin, rows, body);
    }
    body.template operator()<kRows>(begin);
  }

  template <bool kAlong, int kRows, int kVectors>
  static void MultiplyTile(const Product<Real>& p, Size row, Size vector) {
    Real* c = p.c + row * p.c_row + vector * p.c_vector;
    Tile<kRows, kVectors> tile;
    tile.Zero();
    for (Size block = 0; block < p.blocks; ++block) {
      tile.template Add<kAlong>(
          p.a + block * p.a_block + row * p.a_row, kAlong ? p.a_row : p.a_depth,
          p.b + block * p.b_block + vector * p.b_vector, p.b_depth, p.b_vector, p.depth);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        Real* to = c + r * p.c_row + v * p.c_vector;
        Store(to, p.add ? Load(to) + tile.at[r][v] : tile.at[r][v]);
      }
    }
  }

  template <bool kAlong, int kVectors>
  static void MultiplyRows(const Product<Real>& p, Size vector) {
    ForTiles(p.rows,
             [&]<int kRows>(Size row) { MultiplyTile<kAlong, kRows, kVectors>(p, row, vector); });
  }

  template <bool kAlong>
  static void MultiplyAll(const Product<Real>& p) {
    Size vector = 0;
    for (; vector + 4 <= p.vectors; vector += 4) MultiplyRows<kAlong, 4>(p, vector);
    if (p.vectors - vector == 3) MultiplyRows<kAlong, 3>(p, vector);
    if (p.vectors - vector == 2) MultiplyRows<kAlong, 2>(p, vector);
    if (p.vectors - vector == 1) MultiplyRows<kAlong, 1>(p, vector);
  }

  static void Multiply(const Product<Real>& p) {
    p.a_depth == 1 ? MultiplyAll<true>(p) : MultiplyAll<false>(p);
  }

  // e^x - 1 for |x| <= 80, within 2 units in the last place of the result: e^r - 1 by its series
  // for |r| <= ln 2 / 2, and e^x = 2^n e^r.
  [[gnu::always_inline]] static Vector Expm1(Vector x) {
    if constexpr (sizeof(Real) == sizeof(double)) {
      for (Size i = 0; i < kLanes; ++i) x[i] = __builtin_expm1(x[i]);
      return x;
    } else {
      // Adding 1.5 * 2^23 rounds to an integer, which then is the sum's last bits.
      const Real shift = 12582912.0F;
      const Vector shifted = x * Real(1.44269504F) + shift;
      const Vector n = shifted - shift;
      const Vector r = (x - n * Real(0.693359375F)) + n * Real(2.12194440e-4F);
      Vector series = r * Real(1.0 / 5040) + Real(1.0 / 720);
      series = series * r + Real(1.0 / 120);
      series = series * r + Real(1.0 / 24);
      series = series * r + Real(1.0 / 6);
      series = series * r + Real(0.5);
      series = series * (r * r) + r;
      const Vector power = (Vector)(((Mask)shifted << 23) + 0x3f800000);
      return power * series + (power - Real(1));
    }
  }

  [[gnu::always_inline]] static Vector Clamp(Vector x, Real limit) {
    x = x < -limit ? All(-limit) : x;  // keeps NaN
    return x > limit ? All(limit) : x;
  }
  // 1 / sigmoid(x); sigmoid(-40) is 4e-18.
  [[gnu::always_inline]] static Vector InverseSigmoid(Vector x) {
    return Expm1(-Clamp(x, 40)) + Real(2);
  }
  // tanh(x) = part / (part + 2); it is 1 in float from 9.1 on, in double from 19.1 on.
  [[gnu::always_inline]] static Vector TanhPart(Vector x) { return Expm1(Clamp(x + x, 40)); }
  [[gnu::always_inline]] static Vector Tanh(Vector x) {
    const Vector part = TanhPart(x);
    return part / (part + Real(2));
  }

  struct Gates {
    Vector in, forget, candidate, out;
  };
  // Two divisions do for four gates.
  [[gnu::always_inline]] static Gates Activate(const Vector* sums) {
    const Vector in = InverseSigmoid(sums[0]), forget = InverseSigmoid(sums[1]);
    const Vector part = TanhPart(sums[2]), out = InverseSigmoid(sums[3]);
    const Vector both = Real(1) / (in * forget);
    const Vector divisor = part + Real(2);
    const Vector others = Real(1) / (divisor * out);
    return {both * forget, both * in, part * out * others, divisor * others};
  }

  template <int kRows>
  static void ForwardTile(const StepForward<Real>& s, Size block, Size row) {
    constexpr Size kPanel = kGates * kLanes;
    const Real* panel = s.panels + block * (s.unit_blocks * kLanes + s.inputs) * kPanel;
    const Real* input_panel = panel + s.unit_blocks * kLanes * kPanel;
    Tile<kRows, kGates> tile;
    tile.Zero();
    tile.template Add<true>(s.input + row * s.inputs, s.inputs, input_panel, kPanel, kLanes,
                            s.inputs);
    if (s.state_before != nullptr) {
      const Real* a = s.state_before + row * kLanes;
      for (Size from = 0; from < s.unit_blocks; ++from) {
        tile.template Add<true>(a, kLanes, panel, kPanel, kLanes, kLanes);
        a += s.rows * kLanes;
        panel += kLanes * kPanel;
      }
    }
    const Size offset = (block * s.rows + row) * kLanes;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const Size at = offset + r * kLanes;
      const Gates gates = Activate(tile.at[r]);
      Vector cell = gates.in * gates.candidate;
      if (s.cell_before != nullptr) cell += gates.forget * Load(s.cell_before + at);
      Store(s.cell + at, cell);
      Store(s.state + at, gates.out * Tanh(cell));
      if (s.gates == nullptr) continue;
      Real* to = s.gates + kGates * at;
      Store(to, gates.in);
      Store(to + kLanes, gates.forget);
      Store(to + 2 * kLanes, gates.candidate);
      Store(to + 3 * kLanes, gates.out);
    }
  }

  static void Forward(const StepForward<Real>& step) {
    for (Size block = 0; block < step.unit_blocks; ++block) {
      ForTiles(step.rows, [&]<int kRows>(Size row) { ForwardTile<kRows>(step, block, row); });
    }
  }

  static void Backward(const StepBackward<Real>& s) {
    const Size size = s.unit_blocks * s.rows * kLanes;
    for (Size at = 0; at < size; at += kLanes) {
      Real* gates = s.gates + kGates * at;
      const Vector in = Load(gates), forget = Load(gates + kLanes);
      const Vector candidate = Load(gates + 2 * kLanes), out = Load(gates + 3 * kLanes);
      const Vector tanh_cell = Tanh(Load(s.cell + at));
      const Vector of_state = Load(s.state_gradient + at);
      const Vector of_cell =
          Load(s.cell_gradient + at) + of_state * out * (Real(1) - tanh_cell * tanh_cell);
      const Vector before = s.cell_before == nullptr ? Vector{} : Load(s.cell_before + at);
      Store(gates, of_cell * candidate * in * (Real(1) - in));
      Store(gates + kLanes, of_cell * before * forget * (Real(1) - forget));
      Store(gates + 2 * kLanes, of_cell * in * (Real(1) - candidate * candidate));
      Store(gates + 3 * kLanes, of_state * tanh_cell * out * (Real(1) - out));
      Store(s.cell_gradient + at, of_cell * forget);
    }
  }

  // The lower (kHalf 0) or upper halves of two vectors, interleaved.
  template <int kHalf, std::size_t... kLane>
  [[gnu::always_inline]] static Vector Interleave(Vector a, Vector b,
                                                  std::index_sequence<kLane...>) {
    return __builtin_shufflevector(
        a, b, (static_cast<Size>(kLane / 2 + kLane % 2 * kLanes) + kHalf * kLanes / 2)...);
  }

  // Interleaving rows i and i + kLanes / 2, as often as kLanes has bits, transposes.
  [[gnu::always_inline]] static void TransposeBlock(const Real* from, Size from_stride, Real* to,
                                                    Size to_stride) {
    using Lanes = std::make_index_sequence<kLanes>;
    Vector rows[kLanes], next[kLanes];
#pragma GCC unroll 16
    for (Size i = 0; i < kLanes; ++i) rows[i] = Load(from + i * from_stride);
#pragma GCC unroll 4
    for (Size round = 1; round < kLanes; round *= 2) {
#pragma GCC unroll 16
      for (Size i = 0; i < kLanes / 2; ++i) {
        next[2 * i] = Interleave<0>(rows[i], rows[i + kLanes / 2], Lanes());
        next[2 * i + 1] = Interleave<1>(rows[i], rows[i + kLanes / 2], Lanes());
      }
#pragma GCC unroll 16
      for (Size i = 0; i < kLanes; ++i) rows[i] = next[i];
    }
#pragma GCC unroll 16
    for (Size i = 0; i < kLanes; ++i) Store(to + i * to_stride, rows[i]);
  }

  static void Transpose(const Real* from, Size from_stride, Size rows, Size columns, Real* to,
                        Size to_stride) {
    for (Size row = 0; row < rows; row += kLanes) {
      for (Size column = 0; column < columns; column += kLanes) {
        if (row + kLanes <= rows && column + kLanes <= columns) {
          TransposeBlock(from + row * from_stride + column, from_stride,
                         to + column * to_stride + row, to_stride);
          continue;
        }
        for (Size r = row; r < rows && r < row + kLanes; ++r) {
          for (Size c = column; c < columns && c < column + kLanes; ++c) {
            to[c * to_stride + r] = from[r * from_stride + c];
          }
        }
      }
    }
  }

  static float SquareRoot(float x) { return __builtin_sqrtf(x); }
  static double SquareRoot(double x) { return __builtin_sqrt(x); }

  // The compiler vectorizes this by itself.
  static void Adam(const AdamStep<Real>& step) {
    const AdamStep<Real> s = step;  // nothing written below can change it
    Real* __restrict values = s.values;
    Real* __restrict first = s.first_moments;
    Real* __restrict second = s.second_moments;
    const Real* __restrict gradients = s.gradients;
    for (Size i = 0; i < s.size; ++i) {
      const Real gradient = gradients[i] * s.gradient_scale;
      const Real mean = first[i] * s.beta1 + gradient * (1 - s.beta1);
      const Real square = second[i] * s.beta2 + gradient * gradient * (1 - s.beta2);
      first[i] = mean;
      second[i] = square;
      values[i] -= s.rate * mean / (SquareRoot(square) * s.second_moment_scale + s.epsilon);
    }
    Real* __restrict averages = s.averages;
    for (Size i = 0; averages != nullptr && i < s.size; ++i) {
      averages[i] = s.average_decay * averages[i] + (1 - s.average_decay) * values[i];
    }
  }

  static double SumOfSquares(const Real* values, Size size) {
    Vector sums[4] = {};
    Size at = 0;
    for (; at + 4 * kLanes <= size; at += 4 * kLanes) {
      for (int i = 0; i < 4; ++i) {
        const Vector value = Load(values + at + i * kLanes);
        sums[i] += value * value;
      }
    }
    double sum = 0;
    for (const Vector& each : sums) {
      for (Size i = 0; i < kLanes; ++i) sum += each[i];
    }
    for (; at < size; ++at) sum += double{values[at]} * values[at];
    return sum;
  }

  static constexpr Kernels<Real> Table(const char* name) {
    return {name, kLanes, Multiply, Forward, Backward, Transpose, Adam, SumOfSquares};
  }
};

}  // namespace
}  // namespace fleetcast::forecast
