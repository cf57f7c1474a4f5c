// SPDX-License-Identifier: MIT
#include "joule/energy/conformance/case.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "joule/core/error.h"
#include "joule/energy/json/json_members.h"
#include "joule/io/input_file.h"

namespace joule::energy {
namespace {

using nlohmann::json;

const std::map<std::string, int> kErrors{
    {"EACCES", EACCES}, {"EAGAIN", EAGAIN}, {"EIO", EIO}, {"ENODEV", ENODEV}, {"ENOENT", ENOENT}};

double number_or(Members& object, const std::string& key, double otherwise) {
  return object.has(key) ? object.not_negative(key) : otherwise;
}

bool flag_or_false(Members& object, const std::string& key, const std::string& place) {
  if (!object.has(key)) return false;
  const json& value = object.at(key);
  if (!value.is_boolean()) throw DataError(str(place, ": '", key, "' must be true or false"));
  return value;
}

std::uint64_t whole_or_zero(Members& object, const std::string& key, const std::string& place) {
  if (!object.has(key)) return 0;
  const json& value = object.at(key);
  if (!value.is_number_unsigned()) {
    throw DataError(str(place, ": '", key, "' must be a whole number >= 0"));
  }
  return value;
}

CaseCounter counter_of(const json& value, const std::string& place) {
  Members object(value, place);
  CaseCounter counter{.file = object.text("file"),
                      .start = whole_or_zero(object, "start", place),
                      .watts = object.not_negative("watts"),
                      .unit_j = number_or(object, "unit_j", 1e-6),
                      .every_s = number_or(object, "every_s", 0.001),
                      .late_s = number_or(object, "late_s", 0),
                      .wraps_at = whole_or_zero(object, "wraps_at", place)};
  object.reject_others();
  if (counter.unit_j <= 0 || counter.every_s <= 0) {
    throw DataError(str(place, ": 'unit_j' and 'every_s' must be positive"));
  }
  return counter;
}

CaseEvent event_of(const json& value, const std::string& place) {
  Members object(value, place);
  CaseEvent event{.at_s = object.not_negative("at_s"), .for_s = number_or(object, "for_s", 1e9)};
  if (object.has("suspend_s")) {
    event.kind = CaseEvent::Kind::suspend;
    event.value = object.not_negative("suspend_s");
    object.reject_others();
    return event;
  }
  event.file = object.text("file");
  if (object.has("watts")) {
    event.value = object.not_negative("watts");
  } else if (object.has("jump_j")) {
    event.kind = CaseEvent::Kind::jump;
    event.value = object.not_negative("jump_j");
  } else if (flag_or_false(object, "reset", place)) {
    event.kind = CaseEvent::Kind::reset;
  } else if (object.has("error")) {
    event.kind = CaseEvent::Kind::error;
    const auto found = kErrors.find(object.text("error"));
    if (found == kErrors.end()) throw DataError(str(place, ": 'error' is none that is known"));
    event.value = found->second;
  } else {
    event.kind = CaseEvent::Kind::text;
    event.text = object.text("text");
  }
  object.reject_others();
  return event;
}

CaseAnswer answer_of(const std::string& path) {
  const json value = parse_json(read_file(path), path);
  Members object(value, path);
  CaseAnswer answer;
  const std::string of = object.text("of");
  const Domain domains[] = {Domain::processors, Domain::gpu, Domain::module, Domain::machine};
  const auto* const found =
      std::ranges::find_if(domains, [&](Domain domain) { return of == name(domain); });
  if (found == std::end(domains)) {
    throw DataError(str(path, ": 'of' must be processors, gpu, module or machine, got ", of));
  }
  answer.of = *found;
  if (object.has("joules")) {
    answer.joules = object.not_negative("joules");
    answer.widest_j = object.not_negative("widest_j");
  }
  answer.may_be_unavailable = !answer.joules || flag_or_false(object, "may_be_unavailable", path);
  answer.must_flag = flag_or_false(object, "must_flag", path);
  object.reject_others();
  return answer;
}

void read_machine(Members& object, const std::string& path, Case& c) {
  if (object.has("files")) {
    for (const auto& [file, text] : object.at("files").items()) {
      if (!text.is_string()) throw DataError(str(path, ": ", file, ": expected a text"));
      c.files[file] = text;
    }
  }
  if (object.has("counters")) {
    for (const json& counter : object.at("counters")) {
      c.counters.push_back(counter_of(counter, str(path, ": counters")));
    }
  }
  if (object.has("stream")) {
    c.stream = object.text("stream");
    for (const json& line : object.at("lines")) {
      if (!line.is_array() || line.size() != 2 || !line[0].is_number() || !line[1].is_string()) {
        throw DataError(str(path, ": a line is a time and a text, got ", line.dump()));
      }
      c.lines.emplace_back(line[0], line[1]);
    }
  }
  if (object.has("events")) {
    for (const json& event : object.at("events")) {
      c.events.push_back(event_of(event, str(path, ": events")));
    }
  }
  std::ranges::stable_sort(c.events, {}, &CaseEvent::at_s);
}

}  // namespace

Case read_case(const std::string& folder) {
  const std::string path = folder + "/case.json";
  const json value = parse_json(read_file(path), path);
  Members object(value, path);
  if (object.count("joule_meter_case") != 1) throw DataError(path + ": expected version 1");
  Case c{.name = std::filesystem::path(folder).filename().string(), .what = object.text("what")};
  if (object.has("trace")) c.trace = folder + "/" + object.text("trace");
  read_machine(object, path, c);
  if (c.trace.empty()) {
    const json& window = object.at("window_s");
    const bool two = window.is_array() && window.size() == 2 && window[0].is_number() &&
                     window[1].is_number() && window[0] >= 0 && window[1] > window[0];
    if (!two) throw DataError(path + ": 'window_s' must be two times, the second later");
    c.begin_s = window[0];
    c.end_s = window[1];
  }
  object.reject_others();
  c.answer = answer_of(folder + "/answer.json");
  return c;
}

}  // namespace joule::energy
