// SPDX-License-Identifier: MIT
#include "joule/io/json_text.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "joule/core/error.h"

namespace joule {
namespace {

using nlohmann::json;

/// Follows the parser without keeping values; the first fault ends it.
class FaultFinder final : public nlohmann::json_sax<json> {
 public:
  explicit FaultFinder(int max_depth) : max_depth_(max_depth) {}

  const std::string& fault() const { return fault_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (names_.back().insert(name).second) return true;
    fault_ = str("the member ", json(name).dump(), " is there twice");
    return false;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    constexpr int kNumberOverflow = 406;  // the library's number of that error
    fault_ = error.id == kNumberOverflow ? "a number is out of the range of a double"
                                         : str("not JSON at byte ", position);
    return false;
  }

 private:
  bool open() {
    names_.emplace_back();
    if (static_cast<int>(names_.size()) <= max_depth_) return true;
    fault_ = str("nested more than ", max_depth_, " deep");
    return false;
  }
  bool close() {
    names_.pop_back();
    return true;
  }

  const int max_depth_;
  std::vector<std::set<std::string>> names_;  // of what is open, from the outermost on
  std::string fault_;
};

}  // namespace

std::string fault_of_json(std::string_view text, int max_depth) {
  FaultFinder finder(max_depth);
  json::sax_parse(text, &finder);
  return finder.fault();
}

}  // namespace joule
