// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace joule {

/// How a number came about: the one vocabulary of figures, studies, tables, files and pages.
/// Numbers of two qualities are never added, and never share a column.
enum class Quality {
  measured,    // the difference of two readings of a meter or a clock
  sampled,     // samples of power, integrated: what was drawn between them was not counted
  attributed,  // a share of something measured
  modelled,    // counted work times constants, a prediction: nothing was measured
  counted,     // exact, of what was there: correct answers, MACs, parameters
  unavailable  // there is no number, for a stated reason; never 0
};

std::string_view name(Quality quality);

/// The inverse.
///
/// Errors    DataError (`where`, the text, the names) if it is none of them.
Quality parse_quality(std::string_view text, const std::string& where);

}  // namespace joule
