// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/product/nonzero_runs.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "joule/core/threads.h"
#include "joule/kernels/product/nonzero_runs.h"
#include "joule/kernels/product/nonzero_runs_plan.h"
#include "joule/kernels/zero_mask_cpu.h"

// No vectors here, but the instructions that count and find bits.
HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {

std::int64_t CountBits(const std::uint64_t* words, std::int64_t count) {
  std::int64_t bits = 0;
  for (std::int64_t i = 0; i < count; ++i) bits += std::popcount(words[i]);
  return bits;
}

// first + the places of the set bits, from `entry` on, of which it returns the end.  Writes kAtOnce
// entries whatever the number of bits: a branch that nobody can foresee would cost more.
template <int kAtOnce>
HWY_INLINE NonzeroRuns::Entry* list_bits(std::uint64_t bits, std::int64_t first,
                                         NonzeroRuns::Entry* entry) {
  constexpr std::uint64_t kLastBit = std::uint64_t{1} << 63;  // so that it is never 0
  NonzeroRuns::Entry* const end = entry + std::popcount(bits);
  do {
    HWY_UNROLL(8)
    for (int i = 0; i < kAtOnce; ++i, bits &= bits - 1) {
      entry[i].at = static_cast<std::uint32_t>(first + std::countr_zero(bits | kLastBit));
    }
    entry += kAtOnce;
  } while (entry < end);
  return end;
}

// Where the non-zeros of a row of pixels are is read off the mask while the values of the row
// before are on their way to L1, all at once.
template <int kAtOnce>
void write_runs(const RunsPiece& p) {
  const std::int64_t channels = p.mask->channels(), words = p.mask->words_per_row();
  const std::int64_t row_floats = p.columns * channels;
  const std::uint64_t* word = p.mask->words(p.first_row * p.columns);
  const NonzeroRuns::Entry** start = p.starts;
  NonzeroRuns::Entry *entry = p.entries, *listed = p.entries;
  const float* x = p.x + p.first_row * row_floats;
  const float* before = x;
  for (std::int64_t row = p.first_row; row < p.last_row; ++row, before = x, x += row_floats) {
    const NonzeroRuns::Entry* const end = listed;
    for (std::int64_t pixel = 0; pixel < row_floats; pixel += channels) {
      *start++ = listed;
      for (std::int64_t i = 0; i < words; ++i) {
        listed = list_bits<kAtOnce>(*word++, pixel + i * 64, listed);
      }
    }
    for (const NonzeroRuns::Entry* e = end; e != listed; ++e) hwy::Prefetch(x + e->at);
    for (; entry != end; ++entry) entry->value = before[entry->at];
  }
  for (; entry != listed; ++entry) entry->value = before[entry->at];
  *start = entry;
}

void WriteRuns(const RunsPiece& p) {
  const std::int64_t words = (p.last_row - p.first_row) * p.columns * p.mask->words_per_row();
  p.nonzeros < 2 * words ? write_runs<4>(p) : write_runs<kMostAtOnce>(p);
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(CountBits);
HWY_EXPORT(WriteRuns);

namespace {

std::shared_ptr<const NonzeroRuns> make_runs(const Tensor& x, const ZeroMask& mask) {
  const std::int64_t columns = x.dim(2), rows = x.dim(0) * x.dim(1);
  const std::int64_t words = columns * mask.words_per_row();  // of a row of pixels
  const float* const values = x.data<float>();
  auto runs = std::make_shared<NonzeroRuns>(rows, columns);
  parallel_for(
      rows, 1 + 4096 / std::max<std::int64_t>(1, words), [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t nonzeros =
            HWY_DYNAMIC_DISPATCH(CountBits)(mask.words() + begin * words, (end - begin) * words);
        runs->write(values, mask, begin, end, nonzeros);
      });
  return runs;
}

}  // namespace

void NonzeroRuns::write(const float* x, const ZeroMask& mask, std::int64_t first, std::int64_t last,
                        std::int64_t nonzeros) {
  const std::int64_t room = nonzeros + kMostAtOnce, pixels = (last - first) * columns_;
  const auto bytes = static_cast<std::size_t>(room) * sizeof(Entry) +
                     static_cast<std::size_t>(pixels + 1) * sizeof(const Entry*);
  std::byte* piece;
  {
    const std::lock_guard lock(mutex_);
    piece = pieces_.emplace_back(bytes, Device::cpu).data();
  }
  auto* const entries = reinterpret_cast<Entry*>(piece);
  auto* const starts = reinterpret_cast<const Entry**>(entries + room);
  for (std::int64_t row = first; row < last; ++row) {
    rows_[static_cast<std::size_t>(row)] = starts + (row - first) * columns_;
  }
  HWY_DYNAMIC_DISPATCH(WriteRuns)
  ({.x = x,
    .mask = &mask,
    .columns = columns_,
    .first_row = first,
    .last_row = last,
    .nonzeros = nonzeros,
    .entries = entries,
    .starts = starts});
}

bool can_index_runs(const Tensor& images) {
  return images.dim(2) * images.dim(3) <= std::numeric_limits<std::uint32_t>::max();
}

std::shared_ptr<const NonzeroRuns> nonzero_runs_of(const Tensor& x) {
  const auto mask = zero_mask_of(x);
  return x.derived<NonzeroRuns>("nonzero_runs", [&] { return make_runs(x, *mask); });
}

}  // namespace joule::cpu
#endif
