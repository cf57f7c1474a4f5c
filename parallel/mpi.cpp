// SPDX-License-Identifier: MIT
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <array>
#include <bit>
#include <chrono>
#include <climits>
#include <exception>
#include <list>
#include <numeric>
#include <thread>
#include <utility>

#include "joule/core/error.h"
#include "joule/parallel/launch.h"

namespace joule::parallel {
namespace {

int count_of(std::size_t values) {
  require(values <= INT_MAX, "MPI: a message holds at most ", INT_MAX, " values, got ", values);
  return static_cast<int>(values);
}

class Mpi final : public Communicator {
 public:
  /// Its end is that of all ranks, together, unless an exception is the reason for it.
  static std::shared_ptr<Communicator> make() {
    int provided = 0, rank = 0, size = 0;
    if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS ||
        provided < MPI_THREAD_FUNNELED) {
      throw DeviceError("MPI: MPI_Init_thread failed: expected at least MPI_THREAD_FUNNELED");
    }
    MPI_Comm comm = MPI_COMM_NULL;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    return std::shared_ptr<Communicator>(new Mpi(comm, rank, size));
  }
  ~Mpi() override {
    if (std::uncaught_exceptions() > 0) return;
    MPI_Barrier(comm_);  // a rank that has more to write is not ended by one that has not
    MPI_Comm_free(&comm_);
    MPI_Finalize();
  }

  std::vector<std::string> gather(std::string_view mine) override {
    const InCall call(traffic_, mine.size());
    const auto ranks = static_cast<std::size_t>(size());
    const int length = count_of(mine.size());
    std::vector<int> lengths(ranks), starts(ranks);
    check(MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, comm_), "MPI_Allgather");
    count_of(std::accumulate(lengths.begin(), lengths.end(), std::size_t{0}));
    std::exclusive_scan(lengths.begin(), lengths.end(), starts.begin(), 0);
    std::string all(static_cast<std::size_t>(starts.back() + lengths.back()), '\0');
    check(MPI_Allgatherv(mine.data(), length, MPI_CHAR, all.data(), lengths.data(), starts.data(),
                         MPI_CHAR, comm_),
          "MPI_Allgatherv");
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < ranks; ++i) {
      texts.push_back(
          all.substr(static_cast<std::size_t>(starts[i]), static_cast<std::size_t>(lengths[i])));
    }
    return texts;
  }

  std::vector<double> gather(std::span<const double> mine) override {
    const InCall call(traffic_, mine.size_bytes());
    std::vector<double> all(mine.size() * static_cast<std::size_t>(size()));
    count_of(all.size());
    const int count = count_of(mine.size());
    check(MPI_Allgather(mine.data(), count, MPI_DOUBLE, all.data(), count, MPI_DOUBLE, comm_),
          "MPI_Allgather");
    return all;
  }

  void meet() override {
    MPI_Request all = MPI_REQUEST_NULL;
    check(MPI_Ibarrier(comm_, &all), "MPI_Ibarrier");
    for (int here = 0; !here; std::this_thread::sleep_for(std::chrono::milliseconds(5))) {
      check(MPI_Test(&all, &here, MPI_STATUS_IGNORE), "MPI_Test");
    }
  }

  void start_sum(std::span<float> values, Order order) override {
    const InCall call(traffic_, values.size_bytes());
    const int count = count_of(values.size());
    if (order == Order::any) {
      check(MPI_Iallreduce(MPI_IN_PLACE, values.data(), count, MPI_FLOAT, MPI_SUM, comm_,
                           &sums_.emplace_back()),
            "MPI_Iallreduce");
      return;
    }
    require(std::has_single_bit(static_cast<unsigned>(size())),
            "a tree of sums: expected a power of two of processes, got ", size());
    Tree& tree = trees_.emplace_back(Tree{.values = values, .tag = next_tag_});
    next_tag_ = (next_tag_ + 1) % kTags;
    tree.received.resize(values.size());
    start_round(tree);
  }

  void progress() override {
    const InCall call(traffic_, 0);
    int done = 0;
    for (MPI_Request& sum : sums_) check(MPI_Test(&sum, &done, MPI_STATUS_IGNORE), "MPI_Test");
    for (Tree& tree : trees_) {
      if (tree.partner == size()) continue;
      check(MPI_Testall(2, tree.requests.data(), &done, MPI_STATUSES_IGNORE), "MPI_Testall");
      if (done) end_round(tree);
    }
  }

  void wait() override {
    const InCall call(traffic_, 0);
    for (MPI_Request& sum : sums_) check(MPI_Wait(&sum, MPI_STATUS_IGNORE), "MPI_Wait");
    sums_.clear();
    for (Tree& tree : trees_) {
      while (tree.partner < size()) {
        check(MPI_Waitall(2, tree.requests.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
        end_round(tree);
      }
    }
    trees_.clear();
  }

 private:
  static constexpr int kTags = 32767;  // what every MPI has at least

  /// Counts bytes and seconds of a call.
  class InCall {
   public:
    InCall(Traffic& traffic, std::size_t bytes) : traffic_(traffic) {
      traffic.bytes += static_cast<std::int64_t>(bytes);
    }
    ~InCall() { traffic_.seconds += std::chrono::duration<double>(Clock::now() - begin_).count(); }
    InCall(const InCall&) = delete;
    InCall& operator=(const InCall&) = delete;

   private:
    using Clock = std::chrono::steady_clock;
    Traffic& traffic_;
    Clock::time_point begin_ = Clock::now();
  };

  /// A sum by recursive doubling: in each round a rank and its partner, whose numbers differ in one
  /// bit, exchange what they have and add it.  a + b and b + a are the same bits.
  struct Tree {
    std::span<float> values;
    int tag;
    std::vector<float> received{};
    int partner = 1;  // the bit; size(): all is added
    std::array<MPI_Request, 2> requests{};
  };

  Mpi(MPI_Comm comm, int rank, int size) : Communicator(rank, size, this_host()), comm_(comm) {}

  void start_round(Tree& tree) {
    if (tree.partner == size()) return;
    const int other = rank() ^ tree.partner, count = static_cast<int>(tree.values.size());
    check(MPI_Irecv(tree.received.data(), count, MPI_FLOAT, other, tree.tag, comm_,
                    &tree.requests[0]),
          "MPI_Irecv");
    check(
        MPI_Isend(tree.values.data(), count, MPI_FLOAT, other, tree.tag, comm_, &tree.requests[1]),
        "MPI_Isend");
  }

  void end_round(Tree& tree) {
    for (std::size_t i = 0; i < tree.values.size(); ++i) tree.values[i] += tree.received[i];
    tree.partner *= 2;
    start_round(tree);
  }

  void check(int code, const char* call) const {
    if (code == MPI_SUCCESS) return;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(code, text.data(), &length);
    throw DeviceError(str("MPI: ", call, " failed on rank ", rank(), " of ", size(), ": ",
                          std::string(text.data(), static_cast<std::size_t>(length))));
  }

  MPI_Comm comm_;
  std::list<MPI_Request> sums_;  // lists: what is in progress must not move
  std::list<Tree> trees_;
  int next_tag_ = 0;
};

}  // namespace

std::shared_ptr<Communicator> open_mpi() { return Mpi::make(); }

void abort_unfinished(int code) {
  int begun = 0, ended = 0;
  MPI_Initialized(&begun);
  MPI_Finalized(&ended);
  if (begun && !ended) MPI_Abort(MPI_COMM_WORLD, code);
}

std::string mpi_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  std::string version(text.data(), static_cast<std::size_t>(length));
  version = version.substr(0, version.find_first_of(",\n"));  // the rest tells how it was built
  const std::size_t v = version.find(" v");
  if (v != std::string::npos) version.erase(v + 1, 1);
  return version;
}

}  // namespace joule::parallel
