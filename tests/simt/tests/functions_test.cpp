// SPDX-License-Identifier: MIT
//
// CUDA's functions on numbers, and atomics.
#include <cmath>
#include <limits>

#include "joule/tests/simt/device_array.h"

namespace joule::test {
namespace {

TEST(SimtFunctions, Bits) {
  EXPECT_EQ(__popc(0xF0F0u), 8);
  EXPECT_EQ(__popcll(0xF0F0F0F0F0F0ull), 24);
  EXPECT_EQ(__clz(1), 31);
  EXPECT_EQ(__clz(0), 32);
  EXPECT_EQ(__clz(-1), 0);
  EXPECT_EQ(__clzll(1), 63);
  EXPECT_EQ(__ffs(0), 0);
  EXPECT_EQ(__ffs(8), 4);
  EXPECT_EQ(__ffsll(1ll << 40), 41);
  EXPECT_EQ(__brev(1u), 0x80000000u);
  EXPECT_EQ(__brev(0x12345678u), 0x1E6A2C48u);
  EXPECT_EQ(__brevll(2ull), 1ull << 62);
  EXPECT_EQ(__umulhi(0xFFFFFFFFu, 0xFFFFFFFFu), 0xFFFFFFFEu);
  EXPECT_EQ(__mulhi(-1, 2), -1);
  EXPECT_EQ(__umul64hi(~0ull, ~0ull), ~0ull - 1);
  EXPECT_EQ(__funnelshift_l(0x80000001u, 0x2u, 1), 5u);
  EXPECT_EQ(__funnelshift_r(0x80000001u, 0x3u, 1), 0xC0000000u);
  EXPECT_EQ(__float_as_uint(1.0f), 0x3F800000u);
  EXPECT_EQ(__int_as_float(__float_as_int(-2.5f)), -2.5f);
  EXPECT_EQ(__uint_as_float(0x40000000u), 2.0f);
  EXPECT_EQ(__longlong_as_double(__double_as_longlong(0.1)), 0.1);
}

TEST(SimtFunctions, Arithmetic) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(__saturatef(-1), 0);
  EXPECT_EQ(__saturatef(0.25f), 0.25f);
  EXPECT_EQ(__saturatef(7), 1);
  EXPECT_EQ(__saturatef(nan), 0);
  // 1 + 2^-12 squared has a bit that a product in float32 loses and a fused one keeps.
  const float a = 1 + 0x1p-12f;
  EXPECT_EQ(__fmaf_rn(a, a, -1.0f), 0x1p-11f + 0x1p-24f);
  EXPECT_EQ(__fadd_rn(__fmul_rn(a, a), -1.0f), 0x1p-11f);
  EXPECT_EQ(__fdividef(1, 4), 0.25f);
  EXPECT_EQ(rsqrtf(4), 0.5f);
  EXPECT_FLOAT_EQ(__expf(1), std::exp(1.0f));
  EXPECT_FLOAT_EQ(__logf(3), std::log(3.0f));
  EXPECT_EQ(__float2int_rn(2.5f), 2);
  EXPECT_EQ(__float2int_rd(-2.5f), -3);
  EXPECT_EQ(__float2int_ru(2.1f), 3);
}

TEST(SimtFunctions, MinAndMax) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(min(nan, 3.0f), 3.0f);
  EXPECT_EQ(max(3.0f, nan), 3.0f);
  EXPECT_EQ(max(1, 2u), 2u);
  EXPECT_EQ(min(-1, 5ll), -1);
  EXPECT_EQ(max(2.0f, 3.0), 3.0);
  EXPECT_EQ(min(7ull, 9u), 7ull);
}

struct Words {
  int i;
  unsigned u;
  unsigned long long l;
  float f;
  double d;
};
struct Reached {
  int smallest, largest, swapped;
  unsigned all, any, odd;
  unsigned long long largest_long;
  unsigned claims;
};

__global__ void atomics(Words* sums, Reached* reached) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  const int n = static_cast<int>(i);
  atomicAdd(&sums->i, n);
  atomicAdd(&sums->u, i);
  atomicAdd(&sums->l, 1ull << 40);
  atomicAdd(&sums->f, 0.5f);
  atomicAdd(&sums->d, 0.25);
  atomicMin(&reached->smallest, -n);
  atomicMax(&reached->largest, n);
  atomicMax(&reached->largest_long, 1ull << (n % 60));
  atomicAnd(&reached->all, ~(1u << (n % 32)));
  atomicOr(&reached->any, 1u << (n % 8));
  atomicXor(&reached->odd, 1u);
  if (atomicExch(&reached->swapped, 1) == 0) atomicAdd(&reached->claims, 1u);
  atomicCAS(&reached->claims, 1u, 10u);
}

TEST_F(Simt, Atomics) {
  const DeviceArray<Words> sums({Words{}});
  const DeviceArray<Reached> reached({Reached{0, 0, 0, ~0u, 0, 0, 0, 0}});
  ASSERT_EQ(launch({3, 33}, atomics, sums.get(), reached.get()), cudaSuccess);
  const Words s = sums.values()[0];
  EXPECT_EQ(s.i, 98 * 99 / 2);
  EXPECT_EQ(s.u, 98u * 99 / 2);
  EXPECT_EQ(s.l, 99ull << 40);
  EXPECT_EQ(s.f, 49.5f);
  EXPECT_EQ(s.d, 24.75);
  const Reached r = reached.values()[0];
  EXPECT_EQ(r.smallest, -98);
  EXPECT_EQ(r.largest, 98);
  EXPECT_EQ(r.largest_long, 1ull << 59);
  EXPECT_EQ(r.all, 0u);
  EXPECT_EQ(r.any, 0xFFu);
  EXPECT_EQ(r.odd, 1u);
  EXPECT_EQ(r.claims, 10u);
}

TEST(SimtFunctions, IntegerAtomicsWrapAround) {
  int word = std::numeric_limits<int>::max();
  EXPECT_EQ(atomicAdd(&word, 1), std::numeric_limits<int>::max());
  EXPECT_EQ(word, std::numeric_limits<int>::min());
  EXPECT_EQ(atomicSub(&word, 1), std::numeric_limits<int>::min());
  EXPECT_EQ(word, std::numeric_limits<int>::max());
}

TEST(SimtFunctions, VectorTypesAreAlignedAsOnAGpu) {
  EXPECT_EQ(alignof(float2), 8u);
  EXPECT_EQ(alignof(float3), 4u);
  EXPECT_EQ(alignof(float4), 16u);
  EXPECT_EQ(alignof(uint4), 16u);
  EXPECT_EQ(alignof(ulonglong2), 16u);
  EXPECT_EQ(alignof(uchar4), 4u);
  EXPECT_EQ(make_float4(1, 2, 3, 4).w, 4);
  EXPECT_EQ(dim3(7).z, 1u);
}

}  // namespace
}  // namespace joule::test
