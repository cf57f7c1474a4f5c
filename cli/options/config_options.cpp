// SPDX-License-Identifier: MIT
#include "joule/cli/options/config_options.h"

#include <algorithm>
#include <type_traits>

namespace joule::cli {

using training::ConfigField;

Option* ConfigOptions::add(std::string_view name, const std::string& help) {
  const ConfigField& field = training::config_field(name);
  const std::string text = help.empty() ? field.option_help() : help;
  Option* const option = std::visit(
      [&](auto member) {
        auto& value = config_.*member;
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, bool>) {
          return command_.add_flag(field.option(), value, text);
        } else {
          return add_option(command_, field.option(), value, text)->capture_default_str();
        }
      },
      field.member);
  if (field.unit == "%") option->percent();
  option->offer(field.choices);
  options_.emplace_back(&field, option);
  return option;
}

void ConfigOptions::add_all() {
  for (const ConfigField& field : training::config_fields()) {
    if (!field.document) add(field.name);
  }
}

bool ConfigOptions::asked(std::string_view name) const {
  return std::ranges::any_of(options_, [&](const auto& field_and_option) {
    return field_and_option.first->name == name && field_and_option.second->count() > 0;
  });
}

void ConfigOptions::apply_to(training::Config& config) const {
  for (const auto& [field, option] : options_) {
    if (option->count() > 0) field->set(config, field->get(config_));
  }
}

}  // namespace joule::cli
