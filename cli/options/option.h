// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "joule/cli/options/outline.h"

// The command line, based on CLI11.  Only option.cpp includes CLI11's headers: they cost four
// seconds per file, and their own add_option() reads 010 as 8.
namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace joule::cli {

class Command;

/// An option of a command.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(option) {}

  Option* required();
  /// Shows the variable's present value in the help.
  Option* capture_default_str();
  /// The name of its value in the help.
  Option* type_name(const std::string& text);
  /// Allows this one only without, or only with, the other.
  Option* excludes(Option* other);
  Option* needs(Option* other);
  Option* one_of(const std::vector<std::string>& texts);
  /// What shells complete its value to; one_of() offers its texts by itself.
  Option* offer(std::vector<std::string> texts);
  /// Allows a '%' behind its number, or behind each of them.
  Option* percent();
  /// If the option is given several times, every value counts, not only the last.
  Option* take_all();
  /// How many times it was given.
  std::size_t count() const;

 private:
  template <class T>
  friend Option* add_old_name(Command&, const std::string&, Option*, T&);
  friend class Command;

  CLI::Option& option_;
  std::vector<std::string> offered_;
};

/// An option that sets `value`: a text, a number, an optional number, or several numbers separated
/// by commas.  With a name like "--model,model", the value may also be positional.  Numbers are
/// parsed by parse_number(), and a text must not be empty.  T is std::string, int, int64_t,
/// uint64_t, double, a std::optional or a std::vector of a number, or a vector of texts.
///
/// Errors    While the command line is parsed: ArgumentError (option, what was expected, text).
template <class T>
Option* add_option(Command& command, const std::string& name, T& value,
                   const std::string& help = "");

/// The former name of the option `now`: it still works, and a line on standard error says so.
/// T is bool, for a flag, or std::string.
template <class T>
Option* add_old_name(Command& command, const std::string& old, Option* now, T& value);

/// The program, or one of its commands.  What it returns lives as long as the program's Command.
class Command {
 public:
  /// The program.  It requires a command; if an option is given twice, the last one counts.
  Command(const std::string& name, const std::string& description, const std::string& version);

  Command* add_subcommand(const std::string& name, const std::string& description);
  /// Sets `value`; a name that begins with '!' clears it.
  Option* add_flag(const std::string& name, bool& value, const std::string& help = "");
  /// The option of that name.
  Option* operator[](const std::string& name);
  void require_subcommand();
  /// Text below the help.
  void footer(const std::string& text);
  /// Hides it from the program's help.
  void hide();
  /// Sets the function to call when the command line requests this command.
  void callback(const std::function<void()>& call);

  /// Parses the command line; returns the requested text, if that is help or the version.
  ///
  /// Errors    ArgumentError; what the callbacks throw.
  std::string parse(int argc, char** argv);
  /// What it takes, and its commands that are not hidden.
  CommandOutline outline() const;
  /// After parse(): whether the command line requested the command of that name.
  bool asked_for(const std::string& command) const;

 private:
  explicit Command(std::shared_ptr<CLI::App> app) : app_(std::move(app)) {}
  Option* hold(CLI::Option* option);
  template <class T>
  friend Option* add_option(Command&, const std::string&, T&, const std::string&);
  template <class T>
  friend Option* add_old_name(Command&, const std::string&, Option*, T&);

  std::shared_ptr<CLI::App> app_;
  std::list<Command> commands_;
  std::list<Option> options_;
};

}  // namespace joule::cli
