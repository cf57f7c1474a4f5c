// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "joule/cli/bench/bench.h"
#include "joule/core/error.h"
#include "joule/parallel/communicator.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  mpirun -n 4 --bind-to none joule bench ranks
      what the exchanges of training with several processes cost here; for the
      model of docs/scale.md

Seconds are those of the slowest process, the median of the rounds.)";

using Body = std::function<void()>;

/// Of a call that all ranks make at the same time.
double median_seconds(parallel::Communicator& ranks, int rounds, const Body& body) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> slowest;
  for (int round = 0; round < rounds + 2; ++round) {
    ranks.any(false);  // all begin together
    const auto begin = Clock::now();
    body();
    const double mine = std::chrono::duration<double>(Clock::now() - begin).count();
    const std::vector<double> all = ranks.gather(std::span(&mine, 1));
    if (round >= 2) slowest.push_back(*std::ranges::max_element(all));
  }
  const auto middle = slowest.begin() + std::ssize(slowest) / 2;
  std::ranges::nth_element(slowest, middle);
  return *middle;
}

int measure(int rounds) {
  require(rounds >= 1 && rounds <= 100'000, "--rounds: expected 1 to 100000, got ", rounds);
  const auto ranks = parallel::open_ranks();
  require(ranks->size() > 1,
          "bench ranks: measures several processes, and there is one: mpirun -n ",
          "4 --bind-to none joule bench ranks");
  const bool tells = ranks->rank() == 0;
  const std::vector<std::string> hosts = ranks->gather(ranks->host());
  if (tells) {
    fmt::print("{} processes on {} machine(s), {}\n\n", ranks->size(),
               std::set(hosts.begin(), hosts.end()).size(), parallel::mpi_version());
    fmt::print("{:<24} {:>10} {:>12} {:>10}\n", "", "bytes", "microseconds", "MB/s");
  }
  const auto print = [&](const char* what, std::size_t bytes, double seconds) {
    if (!tells) return;
    fmt::print("{:<24} {:>10} {:>12.1f} {:>10.1f}\n", what, bytes, 1e6 * seconds,
               static_cast<double>(bytes) / seconds / 1e6);
  };
  const std::vector<double> numbers(8);
  print("gather", numbers.size() * sizeof(double),
        median_seconds(*ranks, rounds, [&] { ranks->gather(numbers); }));
  for (std::size_t count = 1; count <= std::size_t{1} << 22; count *= 16) {
    std::vector<float> values(count);
    const auto sum = [&](parallel::Order order) {
      return median_seconds(*ranks, rounds, [&] {
        ranks->start_sum(values, order);
        ranks->wait();
      });
    };
    const std::size_t bytes = count * sizeof(float);
    print("sum", bytes, sum(parallel::Order::any));
    if (std::has_single_bit(static_cast<unsigned>(ranks->size()))) {
      print("sum as a tree (--slices)", bytes, sum(parallel::Order::tree));
    }
  }
  return 0;
}

}  // namespace

void add_bench_ranks(Command& bench, Run& run) {
  Command* const command =
      bench.add_subcommand("ranks", "What processes that train together exchange, and how fast");
  command->footer(kExamples);
  const auto rounds = std::make_shared<int>(30);
  add_option(*command, "--rounds", *rounds, "Rounds of each exchange")->capture_default_str();
  command->callback([rounds, &run] { run = [rounds] { return measure(*rounds); }; });
}

}  // namespace joule::cli
