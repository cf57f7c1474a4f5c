// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "joule/cli/shell/shell.h"

namespace joule::cli {
namespace {

/// Inside single quotes, with a backslash before each of `special`.
std::string zsh_quoted(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string explained(std::string_view text) { return zsh_quoted(text, "[]:\\"); }

/// "_joule_bench_conv".
std::string function_of(const std::string& path) {
  std::string name = "_" + path;
  std::ranges::replace(name, ' ', '_');
  return name;
}

std::string action_of(const OptionOutline& option) {
  if (option.choices.empty()) return "_files";
  std::string words;
  for (const std::string& choice : option.choices) words += (words.empty() ? "" : " ") + choice;
  return "(" + zsh_quoted(words, ":\\") + ")";
}

/// An argument of _arguments for each name; of several names each excludes the others.
std::string zsh_option(const OptionOutline& option) {
  std::string all, lines;
  for (const std::string& name : option.names) all += (all.empty() ? "" : " ") + name;
  for (const std::string& name : option.names) {
    const std::string exclusive = option.names.size() > 1 ? "(" + all + ")" : "";
    const bool is_long = name.starts_with("--");
    lines += fmt::format(" \\\n    '{}{}{}[{}]", exclusive, name,
                         option.takes_value ? (is_long ? "=" : "+") : "", explained(option.help));
    if (option.takes_value)
      lines += fmt::format(":{}:{}", explained(option.value), action_of(option));
    lines += "'";
  }
  return lines;
}

void add_functions(const std::string& path, const CommandOutline& command, std::string& script) {
  std::string arguments, of_others = "file:_files";
  for (const OptionOutline& option : command.options) {
    if (!option.positional) arguments += zsh_option(option);
    if (option.positional && !option.choices.empty()) {
      of_others = explained(option.value) + ":" + action_of(option);
    }
  }
  script += fmt::format("\n{}() {{\n", function_of(path));
  if (command.commands.empty()) {
    script += fmt::format("  _arguments{} \\\n    '*:{}'\n}}\n", arguments, of_others);
    return;
  }
  std::string list, branches;
  for (const CommandOutline& below : command.commands) {
    list += fmt::format("\n      '{}:{}'", below.name, zsh_quoted(below.description, ":\\"));
    branches +=
        fmt::format("        {}) {} ;;\n", below.name, function_of(path + " " + below.name));
  }
  script += fmt::format(
      R"(  local context curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C{} \
    '1:command:->command' \
    '*::argument:->argument'
  case $state in
    command)
      local -a commands=({}
      )
      _describe command commands
      ;;
    argument)
      case $line[1] in
{}      esac
      ;;
  esac
}}
)",
      arguments, list, branches);
  for (const CommandOutline& below : command.commands) {
    add_functions(path + " " + below.name, below, script);
  }
}

}  // namespace

std::string zsh_completion(const CommandOutline& program) {
  std::string script = fmt::format(
      "#compdef {0}\n# zsh completion of {0}: {0} completion zsh > DIR/_{0}, DIR in $fpath\n",
      program.name);
  add_functions(program.name, program, script);
  // Called as a completion when it is autoloaded; sourced, it registers itself.
  script += fmt::format(
      "\nif [[ $funcstack[1] == _{0} ]]; then\n  _{0} \"$@\"\nelse\n  compdef _{0} {0}\nfi\n",
      program.name);
  return script;
}

}  // namespace joule::cli
