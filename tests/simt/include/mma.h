// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_bf16.h>
#include <simt/matrix.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

// The part of CUDA's warp matrix functions that Joule's kernels use, for the executor on the CPU
// (tests/simt/README.md): 16 x 16 sums of products of TF32 or bf16.  Which elements a lane holds is
// not to be relied on; on a GPU neither.  Of these functions only mma_sync() waits for other lanes.
namespace nvcuda::wmma {

struct matrix_a;
struct matrix_b;
struct accumulator;
struct row_major;
struct col_major;
enum layout_t { mem_row_major, mem_col_major };
namespace precision {
struct tf32;
}

/// To 10 bits of mantissa, to the nearest, of two as near to the greater magnitude; NaN becomes
/// CUDA's one NaN.
inline float __float_to_tf32(float a) {
  if (std::isnan(a)) return std::bit_cast<float>(0x7FFFFFFFu);
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(a) + 0x1000u) & ~0x1FFFu);
}

template <class Use, int m, int n, int k, class T, class Layout = void>
struct fragment {
  static constexpr bool kSum = std::is_same_v<Use, accumulator>;
  static_assert(m == 16 && n == 16);
  static_assert((k == 8 && (kSum || std::is_same_v<T, precision::tf32>)) ||
                (k == 16 && (kSum || std::is_same_v<T, __nv_bfloat16>)));
  static_assert(!kSum || std::is_same_v<T, float>);

  using Element = std::conditional_t<std::is_same_v<T, __nv_bfloat16>, __nv_bfloat16, float>;
  static constexpr int kRows = std::is_same_v<Use, matrix_b> ? k : m;
  static constexpr int kColumns = std::is_same_v<Use, matrix_a> ? k : n;
  static constexpr int num_elements = kRows * kColumns / 32;

  /// x[i] of lane l is element i * 32 + l of the matrix, row by row.
  Element x[num_elements];
};

template <class Use, int m, int n, int k, class T, class Layout>
void fill_fragment(fragment<Use, m, n, k, T, Layout>& f, const float& value) {
  for (auto& element : f.x) element = value;
}

template <class Use, int m, int n, int k, class T, class Layout>
void load_matrix_sync(fragment<Use, m, n, k, T, Layout>& f,
                      const typename fragment<Use, m, n, k, T, Layout>::Element* from, unsigned ldm,
                      simt::Where where = simt::Where::current()) {
  using Fragment = fragment<Use, m, n, k, T, Layout>;
  const simt::FragmentInMemory<Fragment> place(from, ldm, std::is_same_v<Layout, row_major>, where);
  for (int i = 0; i < Fragment::num_elements; ++i) f.x[i] = from[place.offset(i)];
}

template <int m, int n, int k>
void store_matrix_sync(float* to, const fragment<accumulator, m, n, k, float>& f, unsigned ldm,
                       layout_t layout, simt::Where where = simt::Where::current()) {
  using Fragment = fragment<accumulator, m, n, k, float>;
  const simt::FragmentInMemory<Fragment> place(to, ldm, layout == mem_row_major, where);
  for (int i = 0; i < Fragment::num_elements; ++i) to[place.offset(i)] = f.x[i];
}

/// d = a b + c.  The launch fails if an operand of TF32 has more bits than that.
template <int m, int n, int k, class T, class LayoutA, class LayoutB>
void mma_sync(fragment<accumulator, m, n, k, float>& d,
              const fragment<matrix_a, m, n, k, T, LayoutA>& a,
              const fragment<matrix_b, m, n, k, T, LayoutB>& b,
              const fragment<accumulator, m, n, k, float>& c,
              simt::Where where = simt::Where::current()) {
  if constexpr (std::is_same_v<T, precision::tf32>) {
    const auto check = [&](float value) {
      if (!std::isnan(value) && std::bit_cast<std::uint32_t>(value) % 0x2000 != 0) {
        simt::fault("an operand of mma_sync() is not rounded to TF32", where);
      }
    };
    for (const float value : a.x) check(value);
    for (const float value : b.x) check(value);
  }
  using All = simt::Product<std::remove_reference_t<decltype(d)>, std::remove_cvref_t<decltype(a)>,
                            std::remove_cvref_t<decltype(b)>>;
  const All mine{&d, &a, &b, &c};
  simt::meet({.primitive = simt::Primitive::kMultiply,
              .mask = 0xFFFFFFFFu,
              .value = reinterpret_cast<std::uintptr_t>(&mine),
              .together = All::multiply},
             where);
}

}  // namespace nvcuda::wmma
