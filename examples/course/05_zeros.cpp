// SPDX-License-Identifier: MIT
// Lesson 5: a product with three implementations, tested by its table: 05_zeros [FILE.csv].
// 05_zeros time: how long each took, over the reference: the median of 51 turns of both.
#include <joule/joule.h>

#include "joule/examples/course/lesson.h"

using namespace joule;

/// y[o] = sum_i x[i] w[i,o]: a zero of x meets a whole row of w.
struct Product {
  static constexpr std::string_view kName = "product";
  Tensor x, w, y;
  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const { require(w.shape() == Shape{x.numel(), y.numel()}, "w is ", w.shape()); }
  Work work() const { return {.macs = w.numel()}; }
  static std::span<const Implementation<Product>> implementations();
};

template <bool kMasks, bool kSkips>
void run(const Product& op, Context&, Tally* tally) {
  const float *x = op.x.data<float>(), *row = op.w.data<float>();
  float* const y = op.y.mutable_data<float>();
  std::fill_n(y, op.y.numel(), 0.0f);
  for (std::int64_t i = 0; i < op.x.numel(); ++i, row += op.y.numel()) {
    if (kSkips && x[i] == 0 && tally) tally->macs_skipped += op.y.numel();
    if (kSkips && x[i] == 0) continue;
    const float factor = kMasks ? x[i] * static_cast<float>(x[i] != 0) : x[i];
    for (std::int64_t o = 0; o < op.y.numel(); ++o) y[o] += factor * row[o];
  }
}

std::span<const Implementation<Product>> Product::implementations() {
  static constexpr Implementation<Product> kTable[] = {
      {"skips", Device::cpu, runs_all, run<false, true>},
      {"masks", Device::cpu, runs_all, run<true, false>},
      {kReference, Device::cpu, runs_all, run<false, false>}};
  return kTable;
}

int main(int argc, char** argv) {
  const bool timed = argc > 1 && argv[1] == std::string_view("time");
  std::ofstream file = points_file(timed ? 1 : argc, argv);
  std::ostream& out = argc > 1 && !timed ? file : std::cout;
  out << "% of x that is not zero,reference,masks,skips\n";
  bool equal = true;
  for (const int percent : {0, 10, 25, 50, 75, 90, 100}) {
    const Product op{Tensor::zeros({1000}), Tensor::full({1000, 256}, 7), Tensor({256})};
    for (int i = 0; i < 10 * percent; ++i) op.x.mutable_data<float>()[i * 619 % 1000] = 3;
    const auto cost = [&](std::string_view name) {  // MACs or nanoseconds
      energy::Ledger ledger;
      const energy::Recording recording(ledger);
      context().force = name;
      for (int i = 0; i < (timed ? 20 : 1); ++i) dispatch(op);
      const energy::Totals sum = ledger.total();
      return double(timed ? sum.tally.nanoseconds : sum.work.macs - sum.tally.macs_skipped);
    };
    out << percent;
    for (const std::string_view name : {"reference", "masks", "skips"}) {
      out << ','
          << median(timed ? 51 : 1, [&] { return cost(name) / (timed ? cost(kReference) : 1); });
      // Every sum is of 10 x percent products of 3 and 7.
      equal = equal && std::ranges::count(op.y.values<float>(), 210.0f * float(percent)) == 256;
    }
    out << '\n';
  }
  std::cout << (equal ? "the same bits from all three\n" : "they differ\n");
  return equal ? 0 : 1;
}
