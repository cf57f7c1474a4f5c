// SPDX-License-Identifier: MIT
#include "joule/core/error.h"
#include "joule/energy/meters/stream/lines.h"
#include "joule/energy/meters/stream/spec.h"
#include "joule/tests/fuzz/reader.h"

namespace joule::fuzz {
namespace {

/// The first line as what --meter says of a stream, the rest as what comes from it, in two pieces.
void read(std::string_view bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  energy::StreamSpec spec;
  try {
    spec = energy::parse_stream_spec(std::string(bytes.substr(0, end)));
  } catch (const ArgumentError&) {
  }
  energy::StreamLines lines(spec.joules, spec.limit);
  const std::string_view rest = bytes.substr(end);
  double last = -1e300;
  for (const auto piece : {rest.substr(0, rest.size() / 2), rest.substr(rest.size() / 2)}) {
    for (const auto& [seconds, value] : lines.take(piece)) {
      if (!(seconds > last && value >= 0 && value < 1e13)) throw std::logic_error("accepted");
      last = seconds;
    }
  }
}

std::vector<std::string> seeds() {
  return {"watts,limit=300,band=.5:/tmp/plug\nseconds watts\n0 41.5\n1.0 42 W\n2e0 40\n",
          "joules,domain=machine:tcp:9999\n# a meter\n0 1e3\n0.5\t1010 joules\r\n1 1020\n",
          "mean-watts,stall=3,accuracy=.01:exec:cat x\n0 nan\n", "watts:x\n5 1e300\n4 3\n"};
}

}  // namespace

const Reader kStream{.name = "stream", .read = read, .seeds = seeds};

}  // namespace joule::fuzz
