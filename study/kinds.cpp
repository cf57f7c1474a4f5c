// SPDX-License-Identifier: MIT
#include "joule/study/kinds.h"

#include <algorithm>

#include "joule/core/error.h"
#include "joule/study/eat/eat_study.h"
#include "joule/study/evolve/evolve_study.h"
#include "joule/study/hpo/hpo_study.h"
#include "joule/study/layers/layers_study.h"
#include "joule/study/nas_build/build_study.h"
#include "joule/study/nas_search/nas_search_study.h"
#include "joule/study/nas_search/nas_train_study.h"

namespace joule::study {
namespace {

/// The built-in ones, and those that are registered.
std::vector<Kind>& kinds() {
  static std::vector<Kind> all{eat_kind(),       evolve_kind(),     hpo_kind(),      layers_kind(),
                               nas_build_kind(), nas_search_kind(), nas_train_kind()};
  return all;
}

const Kind* find(std::string_view name) {
  const auto found = std::ranges::find(kinds(), name, &Kind::name);
  return found == kinds().end() ? nullptr : &*found;
}

}  // namespace

void register_kind(Kind kind) {
  require(!kind.name.empty(), "a kind of studies needs a name");
  require(static_cast<bool>(kind.make), "the kind of studies ", kind.name, " has no make");
  require(!find(kind.name), "there is a kind of studies named ", kind.name, " already");
  kinds().push_back(std::move(kind));
}

const Kind& kind_of(std::string_view name) {
  if (const Kind* const kind = find(name)) return *kind;
  std::string names;
  for (const Kind& kind : kinds()) names += (names.empty() ? "" : ", ") + kind.name;
  throw ArgumentError(str("this program has no kind of studies named '", name, "'; it has ",
                          names.empty() ? "none" : names));
}

Proposer proposer_of(const Study& study) {
  const StudyDefinition& d = study.definition;
  if (d.sampler != kByKind) {
    return [study](const std::vector<Trial>& trials, std::int64_t number) {
      return proposed(study, trials, number);
    };
  }
  const Kind& kind = kind_of(d.kind);
  require(static_cast<bool>(kind.propose), "the kind of studies ", kind.name,
          " proposes no points, which the study ", d.name, " asks it for");
  return kind.propose(d);
}

}  // namespace joule::study
