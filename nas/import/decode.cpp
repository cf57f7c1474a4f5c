// SPDX-License-Identifier: MIT
#include "joule/nas/import/decode.h"

#include <algorithm>

#include "joule/core/error.h"
#if JOULE_WITH_PROTOBUF
#include <nas/import/metrics.pb.h>
#endif

namespace joule::nas {

std::string from_base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  std::size_t digits = 0, pads = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    const std::size_t value = kDigits.find(c);
    const bool pad = c == '=';
    require(pad ? digits % 4 >= 2 && pads < 2 : value != std::string_view::npos && pads == 0,
            "base64: '", c, "' cannot stand after ", digits + pads, " characters");
    bits = bits << 6 | static_cast<std::uint32_t>(pad ? 0 : value);
    pad ? ++pads : ++digits;
    if ((digits + pads) % 4 != 0) continue;
    for (int shift = 16; shift >= 0; shift -= 8) bytes += static_cast<char>(bits >> shift & 0xff);
  }
  require((digits + pads) % 4 == 0, "base64: ends after ", digits + pads,
          " characters, which is no multiple of 4");
  bytes.resize(bytes.size() - pads);
  return bytes;
}

#if JOULE_WITH_PROTOBUF
namespace {

using google::protobuf::Message;

/// The name of a message and the numbers of its fields that are not known, of it or a part of it.
std::string unknown_fields(const Message& message) {
  const google::protobuf::Reflection& look = *message.GetReflection();
  const google::protobuf::UnknownFieldSet& unknown = look.GetUnknownFields(message);
  if (!unknown.empty()) {
    return str("field ", unknown.field(0).number(), " of ", message.GetDescriptor()->name());
  }
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  look.ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* const field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? look.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      std::string found =
          unknown_fields(field->is_repeated() ? look.GetRepeatedMessage(message, field, i)
                                              : look.GetMessage(message, field));
      if (!found.empty()) return found;
    }
  }
  return {};
}

template <class T>
std::optional<double> if_there(bool there, T number) {
  return there ? std::optional(static_cast<double>(number)) : std::nullopt;
}

/// What both messages have.
template <class Wire>
Evaluation evaluation_of(const Wire& wire) {
  return {
      .epochs = if_there(wire.has_epochs(), wire.epochs()),
      .training_time = if_there(wire.has_training_time(), wire.training_time()),
      .train_accuracy = if_there(wire.has_train_accuracy(), wire.train_accuracy()),
      .validation_accuracy = if_there(wire.has_validation_accuracy(), wire.validation_accuracy()),
      .test_accuracy = if_there(wire.has_test_accuracy(), wire.test_accuracy())};
}

Evaluation energy_evaluation_of(const wire::EcNasEvaluation& wire) {
  Evaluation of = evaluation_of(wire);
  of.energy = if_there(wire.has_energy(), wire.energy());
  of.co2eq = if_there(wire.has_co2eq(), wire.co2eq());
  of.carbon_intensity = if_there(wire.has_carbon_intensity(), wire.carbon_intensity());
  of.predicted_energy = if_there(wire.has_predicted_energy(), wire.predicted_energy());
  of.predicted_co2eq = if_there(wire.has_predicted_co2eq(), wire.predicted_co2eq());
  of.predicted_training_time =
      if_there(wire.has_predicted_training_time(), wire.predicted_training_time());
  of.predicted_carbon_intensity =
      if_there(wire.has_predicted_carbon_intensity(), wire.predicted_carbon_intensity());
  of.start = wire.start();
  of.stop = wire.stop();
  return of;
}

std::vector<Device> devices_of(const wire::Devices& wire) {
  const int count = std::max({wire.watts_size(), wire.joules_size(), wire.names_size()});
  std::vector<Device> all(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    Device& of = all[static_cast<std::size_t>(i)];
    if (i < wire.names_size()) of.name = wire.names(i).text();
    if (i < wire.watts_size())
      of.watts = if_there(wire.watts(i).has_value(), wire.watts(i).value());
    if (i < wire.joules_size()) {
      of.joules = if_there(wire.joules(i).has_value(), wire.joules(i).value());
    }
  }
  return all;
}

Run run_of(const wire::EcNasRun& wire) {
  Run run{.parameters = if_there(wire.has_parameters(), wire.parameters()),
          .total_time = if_there(wire.has_total_time(), wire.total_time()),
          .total_energy = if_there(wire.has_total_energy(), wire.total_energy()),
          .total_co2eq = if_there(wire.has_total_co2eq(), wire.total_co2eq()),
          .carbon_intensity = if_there(wire.has_carbon_intensity(), wire.carbon_intensity()),
          .start = wire.start(),
          .stop = wire.stop(),
          .gpus = devices_of(wire.power().gpu()),
          .cpus = devices_of(wire.power().cpu())};
  for (const wire::EcNasEvaluation& one : wire.evaluations()) {
    run.evaluations.push_back(energy_evaluation_of(one));
  }
  return run;
}

Run run_of(const wire::NasBenchRun& wire) {
  Run run{.parameters = if_there(wire.has_parameters(), wire.parameters()),
          .total_time = if_there(wire.has_total_time(), wire.total_time())};
  for (const wire::NasBenchEvaluation& one : wire.evaluations()) {
    run.evaluations.push_back(evaluation_of(one));
  }
  return run;
}

}  // namespace

bool has_protobuf() { return true; }

Run decode_run(std::string_view bytes) {
  const auto size = static_cast<int>(bytes.size());
  wire::EcNasRun energy;
  require(energy.ParseFromArray(bytes.data(), size),
          "its metrics are no protobuf message of EC-NAS or NAS-Bench-101");
  const std::string unknown = unknown_fields(energy);
  if (unknown.empty()) return run_of(energy);
  wire::NasBenchRun plain;
  const bool parsed = plain.ParseFromArray(bytes.data(), size);
  require(parsed && unknown_fields(plain).empty(), "its metrics have a ", unknown,
          " (docs/nas.md), which is not known: nothing is imported rather than half of it");
  return run_of(plain);
}
#else
bool has_protobuf() { return false; }

Run decode_run(std::string_view) {
  throw ArgumentError(
      "this joule was built without protobuf, which TFRecord tables need: install "
      "libprotobuf-dev and protobuf-compiler, and build it again");
}
#endif

}  // namespace joule::nas
