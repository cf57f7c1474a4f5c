// SPDX-License-Identifier: MIT
//
// What is wrong with a kernel whose threads cannot go on.
#include <fmt/format.h>

#include <algorithm>

#include "joule/tests/simt/block.h"

namespace joule::simt {
namespace {

std::string text(const Where& where) {
  return fmt::format("{}:{}", where.file_name(), where.line());
}

std::string block_name() {
  const uint3& b = ::simt::index.block;
  return fmt::format("block ({},{},{})", b.x, b.y, b.z);
}

const char* name_of(::simt::Primitive primitive) {
  using enum ::simt::Primitive;
  switch (primitive) {
    case kSync:
      return "__syncwarp";
    case kShuffle:
      return "__shfl_sync";
    case kShuffleUp:
      return "__shfl_up_sync";
    case kShuffleDown:
      return "__shfl_down_sync";
    case kShuffleXor:
      return "__shfl_xor_sync";
    case kBallot:
      return "__ballot_sync";
    case kAny:
      return "__any_sync";
    case kAll:
      return "__all_sync";
    case kAdd:
      return "__reduce_add_sync";
    case kMin:
      return "__reduce_min_sync";
    case kMax:
      return "__reduce_max_sync";
    case kAnd:
      return "__reduce_and_sync";
    case kOr:
      return "__reduce_or_sync";
    case kXor:
      return "__reduce_xor_sync";
    case kMultiplyTf32:
    case kMultiplyBf16:
      return "mma.sync";
    case kLoadMatrices:
    case kLoadTransposed:
      return "ldmatrix";
  }
  return "?";
}

}  // namespace

std::string Block::name(const Thread& thread) const {
  return fmt::format("thread ({},{},{}) of {}", thread.index.x, thread.index.y, thread.index.z,
                     block_name());
}

std::string Block::describe(const Thread& thread) const {
  return fmt::format("{} with mask {:#010x} at {}, lane {}, {}", name_of(thread.lane.primitive),
                     thread.lane.mask, text(thread.where), thread.number % 32, name(thread));
}

void Block::fault(const char* problem, Where where) {
  const Unwatched unwatched;
  fail(fmt::format("{} at {}, {}", problem, text(where), name(*running_)));
}

std::string Block::diagnose() const {
  for (const Thread& thread : threads_)
    if (thread.state == State::kInWarp) return diagnose_warp(thread);
  return diagnose_barrier();
}

std::string Block::diagnose_warp(const Thread& thread) const {
  const unsigned first = thread.number / 32 * 32;
  for (unsigned l = 0; l < 32; ++l) {
    if (!(thread.lane.mask >> l & 1)) continue;
    const std::string problem =
        fmt::format("{}: the mask names lane {}, which ", describe(thread), l);
    if (first + l >= threads_.size())
      return problem + fmt::format("does not exist: the block has {} threads", threads_.size());
    const Thread& other = threads_[first + l];
    if (other.state == State::kExited) return problem + "has exited";
    if (other.state == State::kInBlockBarrier)
      return problem + "waits at the __syncthreads at " + text(other.where);
    if (!agree(thread, other))
      return problem + fmt::format("calls {} with mask {:#010x} at {}",
                                   name_of(other.lane.primitive), other.lane.mask,
                                   text(other.where));
  }
  return describe(thread);
}

std::string Block::diagnose_barrier() const {
  std::string report = fmt::format("divergent __syncthreads: {} of {} threads of {} arrived at {}",
                                   in_barrier_, threads_.size(), block_name(), text(barrier_));
  const auto other = std::find_if(threads_.begin(), threads_.end(), [](const Thread& thread) {
    return thread.state == State::kExited;
  });
  if (running_->state == State::kRuns)
    report += fmt::format("; {} came to {}", name(*running_), text(running_->where));
  else if (other != threads_.end())
    report += fmt::format("; {} has exited", name(*other));
  return report;
}

}  // namespace joule::simt
