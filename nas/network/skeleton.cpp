// SPDX-License-Identifier: MIT
#include "joule/nas/network/skeleton.h"

#include <algorithm>
#include <bit>

#include "joule/core/error.h"

namespace joule::nas {
namespace {

constexpr std::int64_t kMostStacks = 16;

void require_in(const char* name, std::int64_t value, std::int64_t most) {
  require(value >= 1 && value <= most, name, ": expected 1 to ", most, ", got ", value);
}

}  // namespace

void check(const Skeleton& s) {
  require_in("stacks", s.stacks, kMostStacks);
  require_in("channels", s.channels, 65536 >> s.stacks);
  require_in("cells", s.cells, 100);
  require_in("height", s.height, 2048);
  require_in("width", s.width, 2048);
  require_in("colours", s.colours, 1024);
  require_in("classes", s.classes, 65536);
  require(s.norm_momentum > 0 && s.norm_momentum <= 1,
          "norm_momentum: expected more than 0 and at most 1, got ", s.norm_momentum);
}

std::array<std::int64_t, Cell::kMostVertices> vertex_channels(const Cell& cell, std::int64_t in,
                                                              std::int64_t out) {
  const int last = cell.vertices() - 1;
  std::array<std::int64_t, Cell::kMostVertices> channels{};
  channels[0] = in;
  channels[static_cast<std::size_t>(last)] = out;
  const unsigned feeding = cell.predecessors(last) & ~1U;
  const int sharers = std::popcount(feeding);
  if (sharers == 0) return channels;
  require(out >= sharers, "cell ", to_text(cell), ": ", sharers,
          " vertices feed the output, which has ", out, " channels");
  std::int64_t left_over = out % sharers;
  for (int v = 1; v < last; ++v) {
    if ((feeding >> v & 1U) != 0) {
      channels[static_cast<std::size_t>(v)] = out / sharers + (left_over > 0 ? 1 : 0);
      if (left_over > 0) --left_over;
    }
  }
  for (int v = last - 1; v > 0; --v) {
    if ((feeding >> v & 1U) != 0) continue;
    for (int to = v + 1; to < last; ++to) {
      if (cell.edge(v, to)) {
        channels[static_cast<std::size_t>(v)] =
            std::max(channels[static_cast<std::size_t>(v)], channels[static_cast<std::size_t>(to)]);
      }
    }
  }
  return channels;
}

}  // namespace joule::nas
