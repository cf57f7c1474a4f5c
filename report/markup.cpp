// SPDX-License-Identifier: MIT
#include "joule/report/markup.h"

#include <cmath>

#include "joule/core/error.h"

namespace joule::report {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

bool Drawable::operator()(double value, bool logarithmic) {
  const bool drawn = std::isfinite(value) && (!logarithmic || value > 0);
  left_out_ += drawn ? 0 : 1;
  return drawn;
}

std::string Drawable::note() const {
  if (left_out_ == 0) return "";
  return str(left_out_, left_out_ == 1 ? " value of this chart is" : " values of this chart are",
             " not drawn: not finite, or not positive on a logarithmic axis.");
}

}  // namespace joule::report
