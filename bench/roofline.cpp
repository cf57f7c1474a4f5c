// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/bench/roofline.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "joule/bench/roofline.h"
#include "joule/core/threads.h"

HWY_BEFORE_NAMESPACE();
namespace joule::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Twelve independent registers: enough to hide the latency of two units that take four or five
// cycles.  Returns the floating-point operations done.
double MultiplyAdds(std::int64_t repeats, float* sink) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 0.5f);
  hn::Vec<decltype(d)> x[12];
  for (auto& v : x) v = hn::Set(d, 1.0f);
  for (std::int64_t i = 0; i < repeats; ++i) {
    HWY_UNROLL(12)
    for (auto& v : x) v = hn::MulAdd(v, factor, factor);
  }
  auto sum = x[0];
  for (auto& v : x) sum = hn::Add(sum, v);
  *sink = hn::GetLane(sum);
  return 2.0 * 12 * static_cast<double>(hn::Lanes(d)) * static_cast<double>(repeats);
}

void Triad(float* a, const float* b, const float* c, std::int64_t n) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto factor = hn::Set(d, 3.0f);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::MulAdd(factor, hn::LoadU(d, c + i), hn::LoadU(d, b + i)), d, a + i);
  }
  for (; i < n; ++i) a[i] = b[i] + 3.0f * c[i];
}

}  // namespace joule::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::bench {
HWY_EXPORT(MultiplyAdds);
HWY_EXPORT(Triad);

namespace {

constexpr std::int64_t kMiB = 1 << 20;

template <class Body>
double seconds(Body&& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::size_t length_of_arrays() {
  const std::int64_t memory = std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  const std::int64_t most = std::max(192 * kMiB, std::min(1024 * kMiB, memory / 8));
  const std::int64_t wanted = std::clamp(4 * Roofline::last_level_cache(), 192 * kMiB, most);
  return static_cast<std::size_t>(wanted) / (3 * sizeof(float));
}

}  // namespace

std::int64_t Roofline::last_level_cache() {
  return std::max({std::int64_t{0}, std::int64_t{sysconf(_SC_LEVEL4_CACHE_SIZE)},
                   std::int64_t{sysconf(_SC_LEVEL3_CACHE_SIZE)},
                   std::int64_t{sysconf(_SC_LEVEL2_CACHE_SIZE)}});
}

Roofline::Roofline()
    : length_(length_of_arrays()),
      a_(new float[length_]),
      b_(new float[length_]),
      c_(new float[length_]) {
  // Each page is first touched by the thread that will use it, so that it lies near that thread.
  parallel_for(static_cast<std::int64_t>(length_), 1, [&](std::int64_t begin, std::int64_t end) {
    std::fill(&a_[begin], &a_[end], 0.0f);
    std::fill(&b_[begin], &b_[end], 1.0f);
    std::fill(&c_[begin], &c_[end], 2.0f);
  });
}

void Roofline::sample_compute() {
  constexpr std::int64_t kRepeats = 100000;
  std::atomic<double> operations = 0;
  const double time = seconds([&] {
    parallel_for(num_threads(), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        float sink;
        operations += HWY_DYNAMIC_DISPATCH(MultiplyAdds)(kRepeats, &sink);
      }
    });
  });
  flops_.push_back(operations / time);
}

void Roofline::sample_memory() {
  const double time = seconds([&] {
    parallel_for(static_cast<std::int64_t>(length_), 1, [&](std::int64_t begin, std::int64_t end) {
      HWY_DYNAMIC_DISPATCH(Triad)(&a_[begin], &b_[begin], &c_[begin], end - begin);
    });
  });
  bandwidth_.push_back(static_cast<double>(bytes_of_arrays()) / time);
}

}  // namespace joule::bench
#endif
