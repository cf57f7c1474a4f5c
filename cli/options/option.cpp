// SPDX-License-Identifier: MIT
#include "joule/cli/options/option.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <concepts>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string_view>

#include "joule/cli/options/command_line.h"
#include "joule/core/error.h"
#include "joule/io/parse_number.h"

namespace joule::cli {
namespace {

template <class T>
concept Number = std::integral<T> && !std::same_as<T, bool> || std::floating_point<T>;

template <class T>
struct Inner {
  using type = T;
};
template <class T>
struct Inner<std::optional<T>> {
  using type = T;
};
template <class T>
struct Inner<std::vector<T>> {
  using type = T;
};

template <Number T>
std::string text_of(T number) {  // 17 digits tell any double from its neighbours
  return std::integral<T> ? fmt::format("{}", number)
                          : fmt::format("{:.17g}", static_cast<double>(number));
}

/// Through CLI11's own conversion numbers would be read as C does.
template <Number T>
void read_as_number(CLI::Option& option, const std::string& name) {
  option.transform(CLI::Validator(
      [name](std::string& text) {
        text = text_of(parse_number<T>(name, text));  // CLI11 reads the same
        return std::string();
      },
      ""));
}

template <Number T>
CLI::Option* add_numbers(CLI::App& app, const std::string& name, std::vector<T>& values,
                         const std::string& help) {
  const auto read = [name, &values](const CLI::results_t& texts) {
    values.clear();
    std::string_view rest = texts.back();
    for (;;) {
      const std::size_t comma = rest.find(',');
      values.push_back(parse_number<T>(name, rest.substr(0, comma)));
      if (comma == std::string_view::npos) return true;
      rest.remove_prefix(comma + 1);
    }
  };
  CLI::Option* const option = app.add_option(name, read, help, false, [&values] {
    std::string text;
    for (const T value : values) text += fmt::format("{}{}", text.empty() ? "" : ",", value);
    return text;
  });
  return option->type_name(std::integral<T> ? "INT,..." : "FLOAT,...");
}

}  // namespace

Option* Option::required() {
  option_.required();
  return this;
}
Option* Option::capture_default_str() {
  option_.capture_default_str();
  return this;
}
Option* Option::type_name(const std::string& text) {
  option_.type_name(text);
  return this;
}
Option* Option::excludes(Option* other) {
  option_.excludes(&other->option_);
  return this;
}
Option* Option::needs(Option* other) {
  option_.needs(&other->option_);
  return this;
}
Option* Option::percent() {
  // The transform that is added last is the first that runs.
  option_.transform(CLI::Validator(
      [](std::string& text) {
        std::string numbers;
        for (std::size_t i = 0; i < text.size(); ++i) {
          const bool behind = i > 0 && text[i - 1] != ',' && text[i - 1] != '%';
          const bool last = i + 1 == text.size() || text[i + 1] == ',';
          if (text[i] != '%' || !behind || !last) numbers += text[i];
        }
        text = numbers;
        return std::string();
      },
      ""));
  return this;
}

Option* Option::one_of(const std::vector<std::string>& texts) {
  option_.check(CLI::IsMember(texts));
  return offer(texts);
}
Option* Option::offer(std::vector<std::string> texts) {
  offered_ = std::move(texts);
  return this;
}
Option* Option::take_all() {
  option_.multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  return this;
}
std::size_t Option::count() const { return option_.count(); }

Command::Command(const std::string& name, const std::string& description,
                 const std::string& version)
    : app_(std::make_shared<CLI::App>(description, name)) {
  app_->set_version_flag("--version", version);
  app_->require_subcommand(1);
  app_->formatter(std::make_shared<HelpFormatter>());
  app_->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

Command* Command::add_subcommand(const std::string& name, const std::string& description) {
  // Shares the ownership of the program's App.
  commands_.push_back(Command({app_, app_->add_subcommand(name, description)}));
  return &commands_.back();
}

Option* Command::add_flag(const std::string& name, bool& value, const std::string& help) {
  return hold(app_->add_flag(name, value, help));
}

Option* Command::operator[](const std::string& name) { return hold(app_->get_option(name)); }
void Command::require_subcommand() { app_->require_subcommand(1); }
void Command::footer(const std::string& text) { app_->footer(text); }
void Command::hide() { app_->group(""); }
void Command::callback(const std::function<void()>& call) { app_->callback(call); }

std::string Command::parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) throw ArgumentError(complaint(*app_, error));
    std::ostringstream text;  // of --help or --version
    app_->exit(error, text, text);
    return text.str();
  }
  return {};
}

CommandOutline Command::outline() const {
  CommandOutline outline{.name = app_->get_name(),
                         .description = app_->get_description(),
                         .footer = app_->get_footer()};
  for (const CLI::Option* const option : app_->get_options()) {
    if (option->get_group().empty()) continue;
    OptionOutline entry{.positional = !option->nonpositional(),
                        .takes_value = option->get_type_size() != 0,
                        .required = option->get_required(),
                        .value = option->get_type_size() != 0 ? option->get_type_name() : "",
                        .preset = option->get_default_str(),
                        .help = HelpFormatter().make_option_desc(option)};
    for (const std::string& name : option->get_snames()) entry.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) entry.names.push_back("--" + name);
    if (entry.positional) entry.names.push_back(option->get_name(true));
    for (const Option& of_ours : options_) {
      if (&of_ours.option_ == option && !of_ours.offered_.empty()) entry.choices = of_ours.offered_;
    }
    outline.options.push_back(std::move(entry));
  }
  for (const Command& command : commands_) {
    if (!command.app_->get_group().empty()) outline.commands.push_back(command.outline());
  }
  return outline;
}

bool Command::asked_for(const std::string& command) const { return app_->got_subcommand(command); }

Option* Command::hold(CLI::Option* option) { return &options_.emplace_back(*option); }

template <class T>
Option* add_option(Command& command, const std::string& name, T& value, const std::string& help) {
  using Value = typename Inner<T>::type;
  CLI::App& app = *command.app_;
  const std::string first = name.substr(0, name.find(','));  // of "--model,model", for messages
  if constexpr (Number<Value> && std::same_as<T, std::vector<Value>>) {
    return command.hold(add_numbers(app, name, value, help));
  } else {
    CLI::Option* const option = app.add_option(name, value, help);
    if constexpr (Number<Value>) {
      read_as_number<Value>(*option, first);
    } else if (std::same_as<T, std::string> || name.starts_with('-')) {  // not a command's words
      option->check([first](const std::string& text) {
        require(!text.empty(), first, ": expected a value, got ''");
        return std::string();
      });
    }
    return command.hold(option);
  }
}

using Name = const std::string&;
template Option* add_option(Command&, Name, std::string&, Name);
template Option* add_option(Command&, Name, int&, Name);
template Option* add_option(Command&, Name, std::int64_t&, Name);
template Option* add_option(Command&, Name, std::uint64_t&, Name);
template Option* add_option(Command&, Name, double&, Name);
template Option* add_option(Command&, Name, std::optional<int>&, Name);
template Option* add_option(Command&, Name, std::optional<std::int64_t>&, Name);
template Option* add_option(Command&, Name, std::optional<double>&, Name);
template Option* add_option(Command&, Name, std::vector<std::int64_t>&, Name);
template Option* add_option(Command&, Name, std::vector<double>&, Name);
template Option* add_option(Command&, Name, std::vector<std::string>&, Name);

template <class T>
Option* add_old_name(Command& command, const std::string& old, Option* now, T& value) {
  const std::string name = now->option_.get_name(), help = "Deprecated: the old name of " + name;
  const auto tell = [old, name] {
    fmt::print(stderr, "joule: {} is deprecated: write {}\n", old, name);
  };
  if constexpr (std::same_as<T, bool>) {
    return command.hold(command.app_->add_flag_function(
        old, [&value, tell](std::int64_t) { tell(), value = true; }, help));
  } else {
    Option* const option = add_option(command, old, value, help)->excludes(now);
    option->option_.each([tell](const std::string&) { tell(); });
    return option;
  }
}

template Option* add_old_name(Command&, Name, Option*, bool&);
template Option* add_old_name(Command&, Name, Option*, std::string&);

}  // namespace joule::cli
