// SPDX-License-Identifier: MIT
#include "joule/cli/nas/nas.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule nas enumerate --vertices 5 --count
  joule nas net 0110/0010/0001/0000:conv3x3-bn-relu,maxpool3x3
  joule nas build --vertices 4 --out runs/built
  joule nas import energy_5V9E_linscale.tfrecord --out 5v.db
  joule nas query 5v.db --cell 0110/0010/0001/0000:conv3x3-bn-relu,maxpool3x3
  joule nas search 5v.db --strategy semoa,random --seeds 10

A cell is written as the rows of its adjacency matrix and its operations:
0110/0010/0001/0000:conv3x3-bn-relu,maxpool3x3 (docs/nas.md).)";

}  // namespace

void add_nas(Command& app, Run& run) {
  Command* const command =
      app.add_subcommand("nas", "Architecture search over the cells of NAS-Bench-101");
  command->footer(kExamples);
  command->require_subcommand();
  add_nas_enumerate(*command, run);
  add_nas_net(*command, run);
  add_nas_build(*command, run);
  add_nas_import(*command, run);
  add_nas_query(*command, run);
  add_nas_surrogate(*command, run);
  add_nas_search(*command, run);
}

}  // namespace joule::cli
