// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joule::parallel {

/// What a process has given to others, and the time that it was in such calls: mostly waiting.
struct Traffic {
  std::int64_t bytes = 0;
  double seconds = 0;
};
inline Traffic operator-(const Traffic& a, const Traffic& b) {
  return {a.bytes - b.bytes, a.seconds - b.seconds};
}

/// How the values of several ranks are added.
enum class Order {
  any,   // as the library does: fastest
  tree,  // pairs of neighbours, pairs of pairs, ...: the ranks must be a power of two
};

/// The processes that do one thing together, of which this is the one with number rank().  Every
/// function but the first three and progress() must be called by all of them, in the same order, by
/// one thread each.
///
/// Errors    DeviceError that names the rank, the call and the reason.  A rank that is killed or
///           fails ends all: the launcher ends those that wait for it.
class Communicator {
 public:
  virtual ~Communicator() = default;

  int rank() const { return rank_; }
  int size() const { return size_; }
  /// The name of this machine.
  const std::string& host() const { return host_; }

  /// The texts of all ranks, by rank.
  virtual std::vector<std::string> gather(std::string_view mine) = 0;
  /// The numbers of all ranks, one behind the other, by rank.  All give equally many.
  virtual std::vector<double> gather(std::span<const double> mine) = 0;
  /// Until all ranks are here.  Those that wait sleep, as they do nowhere else: in every other call
  /// they keep a processor busy.
  virtual void meet() = 0;
  /// Whether any rank says so.
  bool any(bool mine);

  /// Starts to replace `values` by the sums of all ranks' values; they must not be touched before
  /// wait().  The same bits on all ranks; with Order::tree the bits of
  ///   ((v0 + v1) + (v2 + v3)) + ...
  ///
  /// Errors    ArgumentError for Order::tree, if the ranks are not a power of two.
  virtual void start_sum(std::span<float> values, Order order) = 0;
  /// Goes on with the sums that were started, as far as that needs no waiting.
  virtual void progress() = 0;
  /// Until all sums that were started are complete.
  virtual void wait() = 0;

  /// Until now.  `bytes` counts what this rank gave once, however often the library sends it on.
  const Traffic& traffic() const { return traffic_; }

 protected:
  Communicator(int rank, int size, std::string host);
  Traffic traffic_;

 private:
  int rank_, size_;
  std::string host_;
};

/// This process alone.
std::shared_ptr<Communicator> alone();

/// The processes that mpirun or srun started together with this one; this one alone if neither did.
/// Its end waits for all of them, unless an exception is the reason; then abort_unfinished() ends
/// them.
///
/// Errors    DeviceError if it was started as one of several, but this build has no MPI (it says
///           how to get it) or another one than the launcher.
std::shared_ptr<Communicator> open_ranks();

/// Ends all processes of open_ranks(), with the exit code, if they have not ended it together.
void abort_unfinished(int code);

/// Of a rank of several that has failed, even before open_ranks(): "rank 2 of 4 on HOST: ";
/// otherwise empty.  A rank other than 0 waits for one or two seconds before: where all fail for
/// the same reason, rank 0 speaks and ends all.
std::string failed_rank();

/// "Open MPI 4.1.4"; empty if this build has none.
std::string mpi_version();

}  // namespace joule::parallel
