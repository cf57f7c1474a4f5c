// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "joule/nas/cell/cell.h"

namespace joule::nas {

/// The 128 bits by which NAS-Bench-101 identifies a cell.
struct Fingerprint {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const Fingerprint&, const Fingerprint&) = default;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

/// 32 hexadecimal digits.
std::string to_text(const Fingerprint& fingerprint);
/// The inverse, in lower or upper case.
///
/// Errors    ArgumentError (the text, what was expected).
Fingerprint parse_fingerprint(std::string_view text);
/// Whether it is 32 hexadecimal digits.
bool is_fingerprint(std::string_view text);

/// The fingerprint of pruned(cell), equal for isomorphic cells and equal to the authors'.  Each
/// vertex starts as the MD5 of "(out-degree, in-degree, label)", with the labels -1 (input), 0, 1,
/// 2 and -2 (output).  As many times as there are vertices, all are simultaneously replaced by the
/// MD5 of predecessors|successors|own, with the neighbours' hexadecimal digits sorted and joined.
/// The cell's is the MD5 of "['..', '..']", the vertices' sorted.
///
/// Two non-isomorphic cells may have the same fingerprint (colour refinement cannot distinguish all
/// graphs); tables treat them as one.
///
/// Cost      (vertices + 1)^2 MD5s of at most 300 bytes.
/// Errors    as pruned().
/// Source    Ying et al. 2019, section 2.2.
Fingerprint fingerprint(const Cell& cell);

}  // namespace joule::nas

template <>
struct std::hash<joule::nas::Fingerprint> {
  std::size_t operator()(const joule::nas::Fingerprint& fingerprint) const noexcept {
    std::size_t first;  // an MD5's bytes are as good as random
    std::memcpy(&first, fingerprint.bytes.data(), sizeof first);
    return first;
  }
};
