// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace joule::cli {

/// --help in at most 80 columns: each option with its type and default, followed by its description
/// and then what it needs and excludes.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_description(const CLI::App* app) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

/// What is wrong with a command line that `app` could not parse: for an unknown argument, the most
/// similar known one; otherwise CLI11's message.
std::string complaint(const CLI::App& app, const CLI::ParseError& error);

}  // namespace joule::cli
