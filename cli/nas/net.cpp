// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/nas/nas.h"
#include "joule/cli/nas/skeleton_options.h"
#include "joule/core/error.h"
#include "joule/io/atomic_file.h"
#include "joule/io/json_dump.h"
#include "joule/nas/cell/cell_json.h"
#include "joule/nas/cell/fingerprint.h"
#include "joule/nas/network/network.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule nas net 0110/0010/0001/0000:conv3x3-bn-relu,maxpool3x3
      fingerprint, parameters, MACs of the net that the papers make of it
  joule nas net 0110/0010/0001/0000:0,2 --channels 16 --cells 1 \
      --norm-momentum 0.1 --image 28x28x1 --out net.json
  joule train --net net.json --data fashion-mnist --out runs/cell
  joule summary --net net.json

CELL: the rows of the matrix and the operations of the vertices in between,
or JSON, {"matrix": [[0,1],[0,0]], "ops": []}.)";

struct Options {
  std::string cell, out, name;
  SkeletonOptions skeleton;
  bool json = false;
};

nlohmann::ordered_json json_of_net(const nas::Cell& cell, const std::string& name,
                                   const nas::NetworkCounts& counts) {
  nlohmann::ordered_json json{{"name", name}, {"hash", to_text(fingerprint(cell))}};
  json.update(json_of(cell));
  json.update({{"parameters", counts.parameters},
               {"macs", counts.macs},
               {"bytes", counts.bytes},
               {"activations", counts.activations},
               {"depth", counts.depth}});
  return json;
}

int net(const Options& o) {
  const nas::Cell given = nas::parse_cell(o.cell);
  const nas::Cell cell = nas::checked(given);
  const nas::Skeleton skeleton = o.skeleton.skeleton();
  const std::string name =
      o.name.empty() ? "cell-" + to_text(fingerprint(cell)).substr(0, 12) : o.name;
  const nas::NetworkCounts counts = nas::counts_of(cell, skeleton);
  if (!o.out.empty()) {
    write_file_atomically(o.out, nn::to_json(nas::network_of(cell, skeleton, name)));
  }
  if (o.json) {
    fmt::print("{}\n", dumped(json_of_net(cell, name, counts), 2));
    return 0;
  }
  if (!(cell == given)) fmt::print("pruned       {}\n", to_text(cell));
  fmt::print("fingerprint  {}\nparameters   {}\nMACs         {} per image\n",
             to_text(fingerprint(cell)), counts.parameters, counts.macs);
  fmt::print(
      "bytes        {} read and written per image\ndepth        {} convolutions and linear "
      "layers\n",
      counts.bytes, counts.depth);
  return 0;
}

}  // namespace

void add_nas_net(Command& nas, Run& run) {
  Command* const command = nas.add_subcommand("net", "The net that a cell makes");
  command->footer(kExamples);
  const auto o = std::make_shared<Options>();
  add_option(*command, "CELL", o->cell, "The cell")->required();
  o->skeleton.add_to(*command);
  add_option(*command, "--name", o->name, "Name of the net (default: cell-HASH)");
  add_option(*command, "--out", o->out, "Write the net as data, as joule train --net takes it")
      ->type_name("FILE");
  command->add_flag("--json", o->json, "Print JSON");
  command->callback([o, &run] { run = [o] { return net(*o); }; });
}

}  // namespace joule::cli
