// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace joule {

/// How a number was obtained: the one vocabulary of figures, studies, tables, files and pages.
/// Numbers of two qualities are never added, and never share a column.
enum class Quality {
  measured,    // the difference of two readings of a meter or a clock
  sampled,     // samples of power, integrated; changes between the samples are missed
  attributed,  // a share of something measured
  modelled,    // counted work times constants, a prediction: nothing was measured
  counted,     // an exact count: correct answers, MACs, parameters
  unavailable  // there is no number, for a stated reason; never 0
};

std::string_view name(Quality quality);

/// The inverse of name().
///
/// Errors    DataError (`where`, the text, the valid names) if `text` is not a quality.
Quality parse_quality(std::string_view text, const std::string& where);

}  // namespace joule
