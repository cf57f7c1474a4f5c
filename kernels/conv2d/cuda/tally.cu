// SPDX-License-Identifier: MIT
#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/conv2d/cuda/pieces.h"

namespace joule::cuda {
namespace {

/// One axis of the convolution: output p reads input p * stride - pad + r * dilation.
struct Axis {
  std::int64_t in, out, kernel, stride, pad, dilation;
};

/// How many outputs read input i.
__device__ std::int64_t uses_of_input(const Axis& a, std::int64_t i) {
  std::int64_t uses = 0;
  for (std::int64_t r = 0; r < a.kernel; ++r) {
    const std::int64_t at = i + a.pad - r * a.dilation;
    uses += at >= 0 && at % a.stride == 0 && at / a.stride < a.out;
  }
  return uses;
}

/// How many inputs output p reads.
__device__ std::int64_t uses_of_output(const Axis& a, std::int64_t p) {
  std::int64_t uses = 0;
  for (std::int64_t r = 0; r < a.kernel; ++r) {
    const std::int64_t at = p * a.stride - a.pad + r * a.dilation;
    uses += at >= 0 && at < a.in;
  }
  return uses;
}

/// A tensor [N,H,W,C] of which each element takes part in h * w products per channel of the other
/// operand, where h and w are the uses of its row and column.
struct Images {
  Axis h, w;
  bool are_inputs;  // otherwise outputs
  std::int64_t pixels, channels;
};

__device__ std::int64_t uses(const Images& images, std::int64_t pixel) {
  const std::int64_t width = images.are_inputs ? images.w.in : images.w.out;
  const std::int64_t height = images.are_inputs ? images.h.in : images.h.out;
  const std::int64_t column = pixel % width, row = pixel / width % height;
  return images.are_inputs ? uses_of_input(images.h, row) * uses_of_input(images.w, column)
                           : uses_of_output(images.h, row) * uses_of_output(images.w, column);
}

struct ZeroCount {
  unsigned long long zeros, uses;  // the latter summed over the zeros
};

/// Called by all threads of a block.  Sums of integers: any order gives the same.
__device__ void add_from_block(ZeroCount* total, const ZeroCount& mine) {
  const unsigned long long zeros = block_sum(mine.zeros), uses = block_sum(mine.uses);
  if (threadIdx.x == 0) {
    atomicAdd(&total->zeros, zeros);
    atomicAdd(&total->uses, uses);
  }
}

/// One thread per pixel.  Reads the mask once.
__global__ void count_masked_zeros(Images images, const std::uint64_t* mask, std::int64_t words,
                                   ZeroCount* total) {
  ZeroCount mine{};
  for (std::int64_t pixel = thread_index(); pixel < images.pixels; pixel += thread_count()) {
    std::int64_t zeros = images.channels;
    for (std::int64_t word = 0; word < words; ++word) zeros -= __popcll(mask[pixel * words + word]);
    mine.zeros += static_cast<unsigned long long>(zeros);
    if (zeros > 0) {
      mine.uses += static_cast<unsigned long long>(zeros * uses(images, pixel));
    }
  }
  add_from_block(total, mine);
}

/// One warp per pixel.  Reads the values once.
__global__ void count_zero_values(Images images, const float* values, ZeroCount* total) {
  ZeroCount mine{};
  const unsigned lane = threadIdx.x % kWarp;
  for (std::int64_t pixel = thread_index() / kWarp; pixel < images.pixels;
       pixel += thread_count() / kWarp) {
    std::int64_t zeros = 0;
    for (std::int64_t c = lane; c < images.channels; c += kWarp) {
      zeros += values[pixel * images.channels + c] == 0.0f;
    }
    mine.zeros += static_cast<unsigned long long>(zeros);
    if (zeros > 0) {
      mine.uses += static_cast<unsigned long long>(zeros * uses(images, pixel));
    }
  }
  add_from_block(total, mine);
}

/// An operand whose zeros were counted.
struct Counted {
  const ZeroCount* count;  // null: no such operand
  std::int64_t values;
  std::int64_t macs_per_use;
};

__device__ unsigned long long macs(const Counted& operand) {
  return operand.count->uses * static_cast<unsigned long long>(operand.macs_per_use);
}

/// One thread.  Of two operands that with more MACs counts, of equals the first.
__global__ void add_to_tally(DeviceTally* tally, Counted first, Counted second, bool skipped) {
  const Counted& most = second.count && macs(second) > macs(first) ? second : first;
  atomicAdd(&tally->values_in, static_cast<unsigned long long>(most.values));
  atomicAdd(&tally->values_in_nonzero,
            static_cast<unsigned long long>(most.values) - most.count->zeros);
  atomicAdd(&tally->macs_skippable, macs(most));
  if (skipped) atomicAdd(&tally->macs_skipped, macs(most));
}

void count_zeros(const Conv2dShape& s, const Tensor& t, bool are_inputs, ZeroCount* total) {
  constexpr unsigned kThreads = 256;
  const Axis h{s.in_h, s.out_h(), s.kernel_h, s.stride_h, s.pad_h, s.dilation_h};
  const Axis w{s.in_w, s.out_w(), s.kernel_w, s.stride_w, s.pad_w, s.dilation_w};
  const std::int64_t channels = t.dim(3);
  const Images images{h, w, are_inputs, t.numel() / channels, channels};
  // Enough threads for any device; each adds up several pixels before the block's one addition.
  const auto grid = [](std::int64_t threads) {
    return grid_over(std::min<std::int64_t>(threads, 4096 * kThreads), kThreads);
  };
  const auto mask = t.zero_mask();
  if (mask && mask->channels() == channels) {
    launch(count_masked_zeros, grid(images.pixels), images, mask->words(), mask->words_per_row(),
           total);
  } else {
    launch(count_zero_values, grid(images.pixels * kWarp), images, t.data<float>(), total);
  }
}

/// Two counters, 0 at first.
class Counters {
 public:
  Counters() : storage_(2 * sizeof(ZeroCount), Device::cuda) {
    constexpr std::uint64_t kNone = 0;
    backend(Device::cuda)
        .fill(storage_.data(), 2 * sizeof(ZeroCount) / sizeof kNone, &kNone, sizeof kNone);
  }
  ZeroCount* operator[](int i) const { return reinterpret_cast<ZeroCount*>(storage_.data()) + i; }

 private:
  Storage storage_;
};

void tally_zeros(Tally* tally, const Conv2dShape& s, const Tensor& t, bool are_inputs,
                 Zeros zeros) {
  if (!tally) return;
  const Counters counters;
  count_zeros(s, t, are_inputs, counters[0]);
  const Counted counted{counters[0], t.numel(), are_inputs ? s.out_per_group() : s.in_per_group()};
  launch(add_to_tally, grid_over(1, 1), device_tally(tally), counted, Counted{},
         zeros == Zeros::skipped);
}

}  // namespace

void tally_zeros_of_x(Tally* tally, const Conv2dShape& s, const Tensor& x, Zeros zeros) {
  tally_zeros(tally, s, x, true, zeros);
}

void tally_zeros_of_grad_y(Tally* tally, const Conv2dShape& s, const Tensor& grad_y, Zeros zeros) {
  tally_zeros(tally, s, grad_y, false, zeros);
}

void tally_zeros_of_grad_input(Tally* tally, const Conv2dShape& s, const ops::Conv2dGradInput& op) {
  if (!op.wanted) return tally_zeros_of_grad_y(tally, s, op.grad_y);
  if (!tally) return;
  const Counters counters;
  count_zeros(s, op.grad_y, false, counters[0]);
  count_zeros(s, op.wanted, true, counters[1]);
  const Counted by_grad_y{counters[0], op.grad_y.numel(), s.in_per_group()};
  const Counted by_wanted{counters[1], op.wanted.numel(), s.out_per_group()};
  launch(add_to_tally, grid_over(1, 1), device_tally(tally), by_grad_y, by_wanted, false);
}

}  // namespace joule::cuda
