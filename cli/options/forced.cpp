// SPDX-License-Identifier: MIT
#include "joule/cli/options/forced.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/context.h"
#include "joule/core/error.h"
#include "joule/io/nearest.h"
#include "joule/kernels/ops.h"

namespace joule::cli {
namespace {

struct Table {
  std::string op;
  std::vector<std::string> implementations;
};

std::vector<Table> tables() {
  std::vector<Table> all;
  for_each_op([&]<class Op>() {
    Table& table = all.emplace_back(Table{std::string(Op::kName), {}});
    for (const auto& implementation : Op::implementations()) {
      table.implementations.emplace_back(implementation.name);
    }
  });
  return all;
}

}  // namespace

void check_forced() {
  const char* const variable = std::getenv("JOULE_FORCE");
  if (!variable) return;
  forced_implementation({});  // refuses what is not of the form op:implementation[,...]
  const std::vector<Table> all = tables();
  std::vector<std::string> ops;
  for (const Table& table : all) ops.push_back(table.op);
  std::string_view rest = variable;
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    const std::string op(entry.substr(0, entry.find(':')));
    const std::string name(entry.substr(std::min(entry.size(), op.size() + 1)));
    const auto table = std::ranges::find(all, op, &Table::op);
    require(table != all.end(), "JOULE_FORCE: there is no operation '", op, "'",
            did_you_mean(op, ops), " (joule info lists them)");
    require(std::ranges::count(table->implementations, name) > 0, "JOULE_FORCE: ", op,
            ": no implementation named ", name, "; there are ", listed(table->implementations),
            did_you_mean(name, table->implementations));
  }
}

}  // namespace joule::cli
