// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// What pages (HTML) and charts (SVG) share.
namespace joule::report {

/// Escapes text for use between tags or in a quoted attribute.
std::string escaped(std::string_view text);

/// Decides what of a chart can be drawn, and counts what cannot.
class Drawable {
 public:
  /// Whether the value is finite and, on a logarithmic axis, positive.
  bool operator()(double value, bool logarithmic = false);
  /// For people; empty if nothing was left out.
  std::string note() const;

 private:
  std::size_t left_out_ = 0;
};

}  // namespace joule::report
