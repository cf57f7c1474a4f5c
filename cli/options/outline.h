// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

// What the command line takes, as data: for shells that complete it, and for the manual.
namespace joule::cli {

struct OptionOutline {
  std::vector<std::string> names;  // "-h", "--help"; of a positional its name alone
  bool positional = false;
  bool takes_value = false;
  bool required = false;
  std::string value{};                 // "INT", "DIR"; empty: it takes none
  std::string preset{};                // the value that it has where it is not given
  std::string help{};                  // one paragraph
  std::vector<std::string> choices{};  // empty: any value
};

struct CommandOutline {
  std::string name;
  std::string description{};
  std::string footer{};  // examples and notes, in lines
  std::vector<OptionOutline> options{};
  std::vector<CommandOutline> commands{};  // hidden ones are left out
};

}  // namespace joule::cli
