// SPDX-License-Identifier: MIT
#include "joule/search/space.h"

#include "joule/core/error.h"
#include "joule/search/grid.h"
#include "joule/tests/fuzz/reader.h"
#include "joule/tests/support/file_bytes.h"

namespace joule::fuzz {
namespace {

constexpr const char* kSeed =
    R"({"dimensions":[{"name":"x","kind":"real","low":1e-4,"high":1,"log":true,"levels":3},)"
    R"({"name":"n","kind":"integer","low":-4,"high":8,"step":4},)"
    R"({"name":"c","kind":"categorical","choices":["a","b"],)"
    R"("active_if":{"dimension":"n","values":[0,4]}}]})";

/// A point of a space that does not change.
void read_point(std::string_view bytes) {
  static const search::Space space = search::parse_space(kSeed, "space.json");
  try {
    const search::Point point = search::parse_point(space, bytes, "point.json");
    require(search::parse_point(space, to_json(point), "point.json") == point, "another point");
  } catch (const DataError&) {
  }
}

void read(std::string_view bytes) {
  read_point(bytes);
  search::Space space;
  try {
    space = search::parse_space(bytes, "space.json");
  } catch (const DataError&) {
    return;
  }
  require(search::parse_space(to_json(space), "space.json") == space, "another space");
  std::int64_t size = 0;
  try {
    size = space.grid_size();
  } catch (const ArgumentError&) {
    return;  // reals without levels, too many points
  }
  require(size >= 1, "an empty grid");
  const search::Point first = search::grid_point(space, 0);
  require(search::parse_point(space, to_json(first), "point.json") == first, "another point");
}

std::vector<std::string> seeds() {
  return {kSeed, R"({"x":0.5,"n":4,"c":"b"})", R"({"x":1,"n":8})",
          R"({"dimensions":[{"name":"i","kind":"integer","low":1,"high":9007199254740992,)"
          R"("log":true},{"name":"j","kind":"real","low":-1.5,"high":-1.5,"levels":1}]})",
          R"({"dimensions":)" + test::nested_json(80) + "}"};
}

}  // namespace

const Reader kSpace{.name = "space", .read = read, .seeds = seeds};

}  // namespace joule::fuzz
