// SPDX-License-Identifier: MIT
#pragma once

#include "joule/evolution/genotype.h"
#include "joule/evolution/json/json_reader.h"

// Genes and modules as parts of documents; private to this folder.
namespace joule::evolution {

nlohmann::ordered_json json_of(const Genes& genes);
nlohmann::ordered_json json_of(const Module& module);
/// {"0": genes, "1": genes}.
/// Errors    also DataError for a number of a layer that is not from 0 to 2^53, or there twice.
std::map<std::int64_t, Genes> layers_of_json(const JsonReader& json);
/// Errors    as JsonReader.
Genes genes_of_json(const JsonReader& json);
Module module_of_json(const JsonReader& json);

}  // namespace joule::evolution
