// SPDX-License-Identifier: MIT
#include "joule/parallel/communicator.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "joule/core/error.h"
#include "joule/parallel/launch.h"

namespace joule::parallel {
namespace {

class Alone final : public Communicator {
 public:
  Alone() : Communicator(0, 1, this_host()) {}
  std::vector<std::string> gather(std::string_view mine) override { return {std::string(mine)}; }
  std::vector<double> gather(std::span<const double> mine) override {
    return {mine.begin(), mine.end()};
  }
  void start_sum(std::span<float>, Order) override {}
  void meet() override {}
  void progress() override {}
  void wait() override {}
};

}  // namespace

Communicator::Communicator(int rank, int size, std::string host)
    : rank_(rank), size_(size), host_(std::move(host)) {}

bool Communicator::any(bool mine) {
  if (size_ == 1) return mine;
  const double said = mine ? 1 : 0;
  return std::ranges::any_of(gather(std::span(&said, 1)), [](double value) { return value != 0; });
}

std::shared_ptr<Communicator> alone() { return std::make_shared<Alone>(); }

std::shared_ptr<Communicator> open_ranks() {
  const Launch launch = launch_of_this_process();
  if (!launch.launched) return alone();
  std::shared_ptr<Communicator> ranks = open_mpi();
  if (!ranks) {
    if (launch.size == 1) return alone();
    throw DeviceError(str("MPI: this process was started as one of several (", launch.told_by,
                          "), but this joule was built without MPI: install libopenmpi-dev and "
                          "configure it with -DJOULE_MPI=ON"));
  }
  if (launch.size > 0 && launch.size != ranks->size()) {
    throw DeviceError(str("MPI: this process was started as one of ", launch.size, " (",
                          launch.told_by, "), but ", mpi_version(), " knows ", ranks->size(),
                          ": start it with the mpirun of that, or with srun --mpi=pmix"));
  }
  return ranks;
}

std::string failed_rank() {
  const Launch launch = launch_of_this_process();
  if (launch.size < 2) return {};
  if (launch.rank > 0) {  // until the launcher has ended those that the first would end
    const int more = 100 * std::min(launch.rank, 20);
    std::this_thread::sleep_for(std::chrono::milliseconds(1500 + more));
  }
  return str("rank ", launch.rank, " of ", launch.size, " on ", this_host(), ": ");
}

std::string this_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "?";
  return name.data();
}

}  // namespace joule::parallel
