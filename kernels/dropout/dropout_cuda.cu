// SPDX-License-Identifier: MIT
#include "joule/kernels/dropout/dropout_impl.h"
#include "joule/kernels/product/masked_rows_cuda.h"

namespace joule::cuda {
namespace {

/// x * scale, or 0, as the numbers of the elements say: four come from one counter.
template <int kCount>
struct Kept {
  const float* x;
  float probability;
  float scale;
  RandomState random;
  const std::uint64_t* shift;  // of the counters, while captured work is replayed; or null

  __device__ Floats<kCount> operator()(const Place& place) const {
    const auto i = static_cast<std::uint64_t>(place.element);
    const std::uint64_t first = random.next + (shift ? *shift : 0);
    const auto numbers = philox(random.seed, first + i / 4);
    auto v = Floats<kCount>::load(x + place.element);
    // All indices are constants: the numbers stay in registers.
    for (unsigned j = 0; j < 4; ++j) {
      if (kCount == 1 && j != i % 4) continue;
      const bool keep = to_uniform(numbers[j]) >= probability;
      const int k = kCount == 1 ? 0 : static_cast<int>(j);
      v.at[k] = keep ? v.at[k] * scale : 0;
    }
    return v;
  }
};

/// One thread per element, or four, of chunks of 4096; see write_masked().  8 bytes per element;
/// where the channels are no multiple of four the numbers are drawn four times.
template <int kCount>
__global__ void dropout_rows(MaskedRows y, Kept<kCount> value) {
  write_masked<kCount>(y, value);
}

template <int kCount>
void launch_dropout(const ops::Dropout& op, const MaskedRows& y, const float* x) {
  const Kept<kCount> value{x, op.probability, dropout_scale(op.probability), op.random,
                           random_shift()};
  launch(dropout_rows<kCount>, y.grid(), y, value);
}

}  // namespace

void dropout(const ops::Dropout& op, Context&, Tally*) {
  const float* const x = op.x.data<float>();
  const auto mask = unwritten_mask(op.y);
  const MaskedRows y(op.y, *mask);
  if (y.four_at_once({x})) {
    launch_dropout<4>(op, y, x);
  } else {
    launch_dropout<1>(op, y, x);
  }
  op.y.attach(mask);
}

}  // namespace joule::cuda
