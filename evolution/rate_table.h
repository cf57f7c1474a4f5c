// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "joule/evolution/settings.h"

// The names of the rates; private to this folder.
namespace joule::evolution {

inline constexpr std::array<std::pair<std::string_view, double Rates::*>, 10> kRates{{
    {"train_longer", &Rates::train_longer},
    {"reuse_module", &Rates::reuse_module},
    {"remove_module", &Rates::remove_module},
    {"add_layer", &Rates::add_layer},
    {"reuse_layer", &Rates::reuse_layer},
    {"remove_layer", &Rates::remove_layer},
    {"dsge_layer", &Rates::dsge_layer},
    {"add_connection", &Rates::add_connection},
    {"remove_connection", &Rates::remove_connection},
    {"macro_layer", &Rates::macro_layer},
}};

/// Errors    ArgumentError that names the rate if it is outside [0, 1].
void check_rates(const Rates& rates);

}  // namespace joule::evolution
