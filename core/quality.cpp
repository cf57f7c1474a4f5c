// SPDX-License-Identifier: MIT
#include "joule/core/quality.h"

#include <array>
#include <cstddef>

#include "joule/core/error.h"

namespace joule {
namespace {

constexpr std::array<std::string_view, 6> kQualities{"measured", "sampled", "attributed",
                                                     "modelled", "counted", "unavailable"};

}  // namespace

std::string_view name(Quality quality) { return kQualities[static_cast<std::size_t>(quality)]; }

Quality parse_quality(std::string_view text, const std::string& where) {
  std::string all;
  for (std::size_t i = 0; i < kQualities.size(); ++i) {
    if (kQualities[i] == text) return static_cast<Quality>(i);
    all += str(i > 0 ? ", " : "", kQualities[i]);
  }
  throw DataError(str(where, ": quality: expected one of ", all, ", got '", text, "'"));
}

}  // namespace joule
