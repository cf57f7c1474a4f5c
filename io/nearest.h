// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

// Suggestions for mistyped names.
namespace joule {

/// The name in `known` with the smallest edit distance to `name` (insertions, deletions,
/// substitutions and swaps of neighbours; case is ignored), the first of equal ones; empty unless
/// at most a third of the letters of `name` are wrong.
std::string nearest(std::string_view name, const std::vector<std::string>& known);

/// The end of an error message about `name`: "; did you mean 'epochs'?".  Empty if no known name
/// is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

/// "constant, step, cosine".
std::string listed(const std::vector<std::string>& names);

/// Errors    ArgumentError unless `value` is one of `choices`: "schedule: expected one of constant,
///           step, cosine, got 'cosin'; did you mean 'cosine'?"
void require_one_of(std::string_view what, std::string_view value,
                    const std::vector<std::string>& choices);

}  // namespace joule
