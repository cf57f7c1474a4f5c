// SPDX-License-Identifier: MIT
#include "joule/core/error.h"
#include "joule/energy/models/fit.h"
#include "joule/tests/fuzz/reader.h"

namespace joule::fuzz {
namespace {

/// The file of windows that a profile is fitted to.
void read(std::string_view bytes) {
  std::string text;
  try {
    text = to_json(energy::parse_measured_windows(bytes, "windows.json"));
  } catch (const DataError&) {
    return;
  }
  require(to_json(energy::parse_measured_windows(text, "windows.json")) == text, "other windows");
}

std::vector<std::string> seeds() {
  return {
      R"({"format":"joule-measured-windows","version":1,"device":"d","meter":"m","windows":[)"
      R"({"joules":1,"uncertainty_joules":0.5,"macs":10,"bytes":20,"calls":1,"seconds":0.5},)"
      R"({"joules":2,"uncertainty_joules":0.5,"macs":9223372036854775807,"bytes":0,"calls":0,)"
      R"("seconds":1e300}]})",
      R"({"format":"joule-measured-windows","version":1,"device":"d","meter":"m","windows":[]})"};
}

}  // namespace

const Reader kWindows{.name = "windows", .read = read, .seeds = seeds};

}  // namespace joule::fuzz
