// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "joule/report/compare/comparison.h"

// The output forms of a comparison.
namespace joule::report {

/// For a terminal: the runs, the groups' means with their differences from the first, the fronts,
/// the differences, and what a reader must not miss.  Tables take no more than `width` columns.
std::string to_text(const Comparison& comparison, std::size_t width);

/// A page (see report/page.h) with the curves, the means and differences, accuracy against energy,
/// the differences of configurations and machines, and what all have in common.  Its JSON is
/// json_of().
std::string to_html(const Comparison& comparison);

/// Every figure, keys as in docs/cli.md.
nlohmann::ordered_json json_of(const Comparison& comparison);

/// One row per epoch of each run (RFC 4180, with CRLF): run, group, seed, finished, machine, epoch,
/// then every quantity after that epoch, with unit and quality in the head; for energies also the
/// half-width, the source, and why there is no value.
std::string to_csv(const Comparison& comparison);

/// Describes the front of a chart, as far as intervals allow, for a page or a terminal.
std::string front_line(const Comparison& comparison, const AccuracyEnergy& found);

/// The reasons for energies that no group has.
std::vector<std::string> unavailable_lines(const Comparison& comparison);

/// A table of the runs: the first row is the head.
std::vector<std::vector<std::string>> run_rows(const Comparison& comparison);
/// The groups' means; rows: quantities; columns: groups.
std::vector<std::vector<std::string>> mean_rows(const Comparison& comparison);
/// The same for all groups but the first, minus the first.
std::vector<std::vector<std::string>> difference_rows(const Comparison& comparison);
/// The contrasts, one column per group.
std::vector<std::vector<std::string>> contrast_rows(const Comparison& comparison,
                                                    const std::vector<Contrast>& contrasts);

}  // namespace joule::report
