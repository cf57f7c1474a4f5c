// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "joule/layers/init.h"

namespace joule::nn {

/// The names of the initialisations in graphs.
inline constexpr std::array<std::pair<Init, const char*>, 5> kInits{
    {{Init::he_normal, "he_normal"},
     {Init::he_normal_out, "he_normal_out"},
     {Init::he_uniform, "he_uniform"},
     {Init::xavier_normal, "xavier_normal"},
     {Init::xavier_uniform, "xavier_uniform"}}};

inline std::string init_name(Init init) {
  return std::ranges::find(kInits, init, &std::pair<Init, const char*>::first)->second;
}

}  // namespace joule::nn
