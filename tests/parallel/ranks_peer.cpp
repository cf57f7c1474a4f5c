// SPDX-License-Identifier: MIT
//
// ranks_peer CASE: what ranks_test.py runs under mpirun.  Prints "ok" from rank 0, or what is wrong
// from any rank.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "joule/core/error.h"
#include "joule/layers/functions.h"
#include "joule/parallel/gradient_sum.h"

namespace joule::parallel {
namespace {

void expect(bool ok, const std::string& what) {
  if (!ok) throw std::runtime_error("expected " + what);
}

void check_gathers(Communicator& ranks) {
  const std::string mine(static_cast<std::size_t>(ranks.rank() * 3),
                         static_cast<char>('a' + ranks.rank()));
  const std::vector<std::string> texts = ranks.gather(mine);
  expect(std::ssize(texts) == ranks.size(), "a text of each rank");
  for (int rank = 0; rank < ranks.size(); ++rank) {
    const std::string text(static_cast<std::size_t>(rank * 3), static_cast<char>('a' + rank));
    expect(texts[static_cast<std::size_t>(rank)] == text,
           "the text of rank " + std::to_string(rank));
  }
  const double numbers[] = {ranks.rank() + 0.5, -1.0 * ranks.rank()};
  const std::vector<double> all = ranks.gather(numbers);
  for (int rank = 0; rank < ranks.size(); ++rank) {
    const auto at = static_cast<std::size_t>(2 * rank);
    expect(all[at] == rank + 0.5 && all[at + 1] == -rank, "the numbers of each rank");
  }
  expect(ranks.any(ranks.rank() == ranks.size() - 1), "any of the last");
  expect(!ranks.any(false), "none");
  ranks.meet();
}

/// Awkward values: their sum depends on the order.
float value_of(std::int64_t slice, std::size_t i) {
  return std::sin(static_cast<float>(slice * 7 + 1) * static_cast<float>(i + 1)) *
         std::pow(10.0f, static_cast<float>((slice + static_cast<std::int64_t>(i)) % 7));
}

float tree(std::int64_t first, std::int64_t count, std::size_t i) {
  if (count == 1) return value_of(first, i);
  return tree(first, count / 2, i) + tree(first + count / 2, count / 2, i);
}

void check_sums(Communicator& ranks) {
  for (const Order order : {Order::any, Order::tree}) {
    std::vector<std::vector<float>> sums(40, std::vector<float>(1000));
    for (std::size_t k = 0; k < sums.size(); ++k) {
      for (std::size_t i = 0; i < sums[k].size(); ++i) sums[k][i] = value_of(ranks.rank(), i + k);
      ranks.start_sum(sums[k], order);
      ranks.progress();
    }
    ranks.wait();
    for (std::size_t k = 0; k < sums.size(); ++k) {
      for (std::size_t i = 0; i < sums[k].size(); ++i) {
        double exact = 0, size = 0;
        for (int rank = 0; rank < ranks.size(); ++rank) {
          exact += value_of(rank, i + k);
          size += std::abs(value_of(rank, i + k));
        }
        expect(std::abs(sums[k][i] - exact) <= 4 * 6e-8 * size, "the sum of all ranks");
        if (order == Order::tree) {
          expect(sums[k][i] == tree(0, ranks.size(), i + k), "the bits of the tree");
        }
      }
    }
  }
  expect(ranks.traffic().bytes >= 2 * 40 * 4000, "the bytes to be counted");
  expect(ranks.traffic().seconds > 0, "the seconds to be counted");
}

/// Eight slices over the ranks: prints the sum's bits, which must be the same for any of them.
void print_gradients(Communicator& ranks) {
  constexpr std::int64_t kSlices = 8;
  Tensor weight({3, 50});
  weight.fill(0.1);
  weight.set_requires_grad();
  GradientSum sum(ranks, {{"weight", weight}}, {}, Order::tree);
  const std::int64_t own = kSlices / ranks.size();
  sum.sum(std::vector<float>(static_cast<std::size_t>(own), 1), [&](std::size_t i) {
    Tensor images({2, 50});
    const std::int64_t slice = ranks.rank() * own + static_cast<std::int64_t>(i);
    for (std::size_t k = 0; k < 100; ++k) images.mutable_data<float>()[k] = value_of(slice, k);
    const Tensor y = linear(images, weight, {});
    y.backward(Tensor::full(y.shape(), 1));
  });
  std::uint64_t bits = 0;
  for (const float value : weight.grad().values<float>()) {
    std::uint32_t word = 0;
    std::memcpy(&word, &value, sizeof word);
    bits = bits * 31 + word;
  }
  const std::string text = std::to_string(bits);
  for (const std::string& other : ranks.gather(text))
    expect(other == text, "the same on all ranks");
  if (ranks.rank() == 0) std::cout << "bits " << text << '\n';
}

/// One rank fails, the others wait for it.
void fail(Communicator& ranks) {
  if (ranks.rank() == ranks.size() - 1) throw std::runtime_error("this rank has failed");
  ranks.any(false);
}

int main(const std::string& name) {
  try {
    const auto ranks = open_ranks();
    const std::map<std::string, void (*)(Communicator&)> cases{{"gathers", check_gathers},
                                                               {"sums", check_sums},
                                                               {"gradients", print_gradients},
                                                               {"fail", fail}};
    cases.at(name)(*ranks);
    if (ranks->rank() == 0) std::cout << "ok " << ranks->size() << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << failed_rank() + error.what() + "\n";
  }
  abort_unfinished(9);
  return 9;
}

}  // namespace
}  // namespace joule::parallel

int main(int argc, char** argv) { return joule::parallel::main(argc > 1 ? argv[1] : ""); }
