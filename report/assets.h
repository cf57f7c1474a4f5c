// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

// What every page contains; the build makes them from page.css, page.js, tables.js and Debian's
// Chart.js.
namespace joule::report {

extern const std::string_view kStyle;
extern const std::string_view kScript;
extern const std::string_view kTables;
extern const std::string_view kChartLibrary;

}  // namespace joule::report
