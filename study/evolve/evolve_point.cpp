// SPDX-License-Identifier: MIT
#include "joule/study/evolve/evolve_point.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/study/json_members.h"

namespace joule::study {
namespace {

using nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> kRoles = {"initial", "offspring", "parent", "rematch"};

}  // namespace

std::string_view name(EvolveRole role) { return kRoles[static_cast<std::size_t>(role)]; }

search::Space evolve_space() {
  return search::Space({{.name = "generation", .kind = search::Kind::integer, .high = 1e9},
                        {.name = "role",
                         .kind = search::Kind::categorical,
                         .choices = {kRoles.begin(), kRoles.end()}},
                        {.name = "plan", .kind = search::Kind::text},
                        {.name = "individual", .kind = search::Kind::text}});
}

search::Point to_point(const EvolvePoint& p) {
  const ordered_json plan{{"from", p.from},
                          {"slots", p.slots},
                          {"first", p.first},
                          {"modules", p.modules},
                          {"parents", p.parents}};
  return {{"generation", p.generation},
          {"role", std::string(name(p.role))},
          {"plan", plan.dump()},
          {"individual", to_json(p.individual)}};
}

EvolvePoint parse_point(const search::Point& point, const std::string& where) {
  EvolvePoint p{.generation = point.get<std::int64_t>("generation")};
  const auto role = std::ranges::find(kRoles, point.get<std::string>("role"));
  p.role = static_cast<EvolveRole>(role - kRoles.begin());
  JsonMembers plan(point.get<std::string>("plan"), where + ": plan");
  plan.read("from", p.from);
  plan.read("slots", p.slots);
  plan.read("first", p.first);
  plan.read("modules", p.modules);
  plan.read("parents", p.parents);
  plan.require_no_other();
  p.individual =
      evolution::parse_individual(point.get<std::string>("individual"), where + ": individual");
  return p;
}

}  // namespace joule::study
