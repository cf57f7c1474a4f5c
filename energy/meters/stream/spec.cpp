// SPDX-License-Identifier: MIT
#include "joule/energy/meters/stream/spec.h"

#include <array>

#include "joule/core/error.h"
#include "joule/io/parse_number.h"

namespace joule::energy {
namespace {

constexpr const char* kForm =
    "meter: expected stream:UNIT[,KEY=VALUE]...:SOURCE, such as stream:watts,limit=300:/tmp/plug";

double positive(const std::string& key, const std::string& value) {
  const double number = parse_number<double>("stream: " + key, value);
  require(number > 0, "stream: ", key, ": expected more than 0, got ", value);
  return number;
}

Domain domain_named(const std::string& value) {
  for (const Domain domain :
       {Domain::processors, Domain::gpu, Domain::module, Domain::machine, Domain::unknown}) {
    if (value == name(domain)) return domain;
  }
  throw ArgumentError(str("stream: domain: expected processors, gpu, module, machine or unknown, ",
                          "got '", value, "'"));
}

void set(StreamSpec& spec, const std::string& option) {
  const std::size_t equals = option.find('=');
  const std::string key = option.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : option.substr(equals + 1);
  if (key == "domain") {
    spec.domain = domain_named(value);
  } else if (key == "limit") {
    spec.limit = Watts(positive(key, value));
  } else if (key == "band") {
    spec.band_hz = positive(key, value);
  } else if (key == "stall") {
    spec.stall = Seconds(positive(key, value));
  } else if (key == "accuracy") {
    spec.systematic = positive(key, value);
    require(*spec.systematic < 1, "stream: accuracy: expected a share below 1, got ", value);
  } else {
    throw ArgumentError(
        str("stream: expected domain=, limit=, band=, stall= or accuracy=, got '", option, "'"));
  }
}

void set_unit(StreamSpec& spec, const std::string& unit) {
  require(unit == "watts" || unit == "mean-watts" || unit == "joules",
          "stream: expected watts, mean-watts or joules, got '", unit, "'");
  spec.joules = unit == "joules";
  spec.mean = unit == "mean-watts";
}

void set_source(StreamSpec& spec, const std::string& text) {
  constexpr std::string_view kTcp = "tcp:", kCommand = "exec:";
  spec.source = text;
  if (text.starts_with(kTcp)) {
    spec.from = StreamSpec::From::tcp;
    spec.source = text.substr(kTcp.size());
    const auto port = parse_number<std::int64_t>("stream: tcp", spec.source);
    require(port > 0 && port < 65536, "stream: tcp: expected a port of this machine, got ", port);
  } else if (text.starts_with(kCommand)) {
    spec.from = StreamSpec::From::command;
    spec.source = text.substr(kCommand.size());
  }
  require(!spec.source.empty(), kForm, ", got no source");
}

}  // namespace

StreamSpec parse_stream_spec(const std::string& text) {
  const std::size_t colon = text.find(':');
  require(colon != std::string::npos, kForm, ", got 'stream:", text, "'");
  StreamSpec spec;
  std::string options = text.substr(0, colon);
  bool unit = true;
  for (std::size_t at = 0; at <= options.size();) {
    const std::size_t comma = std::min(options.find(',', at), options.size());
    const std::string option = options.substr(at, comma - at);
    unit ? set_unit(spec, option) : set(spec, option);
    unit = false;
    at = comma + 1;
  }
  set_source(spec, text.substr(colon + 1));
  require(!spec.band_hz || spec.limit, "stream: band= bounds nothing without limit=");
  return spec;
}

}  // namespace joule::energy
