// SPDX-License-Identifier: MIT
#include "joule/cli/options/command_line.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "joule/core/error.h"
#include "joule/io/nearest.h"
#include "joule/report/text_layout.h"

namespace joule::cli {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kColumn = 30;  // where descriptions begin

/// "  NAME        text", the text on a line of its own if the name leaves no room.
std::string entry(const std::string& name, const std::string& text) {
  const std::string begin = "  " + name;
  if (text.empty()) return begin + "\n";
  const bool beside = begin.size() + 2 <= kColumn;
  const std::string before = beside ? begin : "";
  const std::string line = before + std::string(kColumn - before.size(), ' ') + text;
  return (beside ? "" : begin + "\n") + report::wrapped(line, kWidth, kColumn) + "\n";
}

/// Of options that another one needs or excludes: CLI11 keeps them in the order of their addresses.
std::string names_of(const std::set<CLI::Option*>& options) {
  std::vector<std::string> names;
  for (const CLI::Option* const option : options) names.push_back(option->get_name());
  std::ranges::sort(names);
  return listed(names);
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* const command : app.get_subcommands({})) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

/// "joule bench conv".
std::string full_name(const CLI::App& app) {
  const CLI::App* const parent = app.get_parent();
  return parent ? full_name(*parent) + " " + app.get_name() : app.get_name();
}

std::string suggestion(std::string_view meant, const CLI::App& app) {
  if (!meant.empty()) return str(": did you mean ", meant, "?");
  return str(" (", full_name(app), " --help shows what there is)");
}

/// About the first argument that the commands of the command line do not know; empty if they know
/// all.
std::string unknown_argument(const CLI::App& app) {
  const std::vector<std::string> left = app.remaining();
  if (!left.empty() && !left.front().empty()) {
    const std::string name = left.front().substr(0, left.front().find('='));
    if (name.starts_with("-")) {
      return str("unknown option ", name, suggestion(nearest(name, options_of(app)), app));
    }
    if (!commands_of(app).empty()) {
      return str("unknown command ", name, suggestion(nearest(name, commands_of(app)), app));
    }
    return str("unexpected argument '", name, "'", suggestion({}, app));
  }
  for (const CLI::App* const command : app.get_subcommands()) {
    if (std::string text = unknown_argument(*command); !text.empty()) return text;
  }
  return {};
}

}  // namespace

HelpFormatter::HelpFormatter() { column_width(kColumn); }

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return report::wrapped(app->get_description(), kWidth) + "\n";
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  return entry(command->get_name(), command->get_description());
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  return entry(make_option_name(option, is_positional) + make_option_opts(option),
               make_option_desc(option));
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_type_size() == 0) return {};
  std::string text = option->get_type_name().empty() ? "" : " " + option->get_type_name();
  if (!option->get_default_str().empty()) text += "=" + option->get_default_str();
  if (option->get_expected_max() == CLI::detail::expected_max_vector_size) text += " ...";
  return option->get_required() ? text + " REQUIRED" : text;
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  std::string with;
  if (!option->get_needs().empty()) with = "with " + names_of(option->get_needs());
  if (!option->get_excludes().empty()) {
    with += str(with.empty() ? "" : "; ", "not with ", names_of(option->get_excludes()));
  }
  return option->get_description() + (with.empty() ? "" : " (" + with + ")");
}

std::string complaint(const CLI::App& app, const CLI::ParseError& error) {
  if (std::string unknown = unknown_argument(app); !unknown.empty()) return unknown;
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return error.what() + suggestion({}, *command);
}

}  // namespace joule::cli
