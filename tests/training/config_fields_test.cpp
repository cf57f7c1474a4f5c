// SPDX-License-Identifier: MIT
#include "joule/training/config_fields.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "joule/core/error.h"

namespace joule::training {
namespace {

template <class Error = ArgumentError, class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// Another value than the default.
FieldValue other_value(const ConfigField& field) {
  const FieldValue value = field.default_value();
  if (const auto* const text = std::get_if<std::string>(&value)) {
    for (const std::string& choice : field.choices) {
      if (choice != *text) return choice;
    }
    return *text + "x";
  }
  if (const auto* const number = std::get_if<double>(&value)) return *number + 0.0625;
  if (const auto* const count = std::get_if<std::int64_t>(&value)) return *count + 1;
  if (const auto* const count = std::get_if<std::uint64_t>(&value)) return *count + 1;
  if (const auto* const count = std::get_if<int>(&value)) return *count + 1;
  return !std::get<bool>(value);
}

TEST(ConfigFields, AreAllMembersOnce) {
  // Every member differs from a default one's after its field was set, and no field sets two.
  Config all;
  for (const ConfigField& field : config_fields()) {
    Config one;
    field.set(one, other_value(field));
    EXPECT_NE(one, Config()) << field.name;
    for (const ConfigField& other : config_fields()) {
      EXPECT_EQ(other.get(one) != other.default_value(), other.name == field.name)
          << field.name << ", " << other.name;
    }
    field.set(all, other_value(field));
  }
  const std::vector<std::string> names = config_field_names();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  Config copy;
  for (const ConfigField& field : config_fields()) field.set(copy, field.get(all));
  EXPECT_EQ(copy, all);
}

TEST(ConfigFields, LackNoMember) {
  std::size_t bytes = 0;
  for (const ConfigField& field : config_fields()) {
    bytes += std::visit([](const auto& value) { return sizeof(value); }, field.default_value());
  }
  constexpr std::size_t kPadding = 4 + 7;  // behind `threads` and `deterministic`
  EXPECT_EQ(sizeof(Config), bytes + kPadding);
}

TEST(ConfigFields, AreReadBackFromText) {
  for (const ConfigField& field : config_fields()) {
    for (const FieldValue& value : {field.default_value(), other_value(field)}) {
      Config written, read;
      field.set(written, value);
      field.parse(read, field.text(written));
      EXPECT_EQ(field.get(read), value) << field.name;
    }
  }
  Config config;
  const ConfigField& lr = config_field("lr");
  lr.parse(config, "0.1");
  EXPECT_EQ(config.lr, 0.1);
  EXPECT_EQ(lr.text(config), "0.1");
  EXPECT_EQ(error_of([&] { lr.parse(config, "fast"); }),
            "lr: expected a decimal number, got 'fast'");
  EXPECT_EQ(error_of([&] { config_field("deterministic").parse(config, "on"); }),
            "deterministic: expected true or false, got 'on'");
  EXPECT_EQ(error_of([&] { lr.set(config, FieldValue(std::int64_t{1})); }),
            "lr: holds values of another type");
}

TEST(ConfigFields, HoldTheirDefaults) {
  for (const ConfigField& field : config_fields()) {
    EXPECT_EQ(error_of([&] { field.check(Config()); }), "no error") << field.name;
    EXPECT_FALSE(field.help.empty()) << field.name;
    if (field.choices.empty()) continue;
    Config config;
    field.set(config, std::string("none of these"));
    EXPECT_EQ(error_of([&] { field.check(config); }) == "no error",
              !field.or_else.empty() && !field.is_else)
        << field.name;
  }
}

TEST(ConfigFields, TakeNetsThatSayHowLargeTheyAre) {
  Config config;
  for (const char* name : {"simple-cnn-4-7", "simple-cnn-1-3-norelu", "dense-poly-7"}) {
    config.model = name;
    EXPECT_EQ(error_of([&] { config_field("model").check(config); }), "no error") << name;
  }
  config.model = "dense-poly-x";
  EXPECT_EQ(error_of([&] { config_field("model").check(config); }),
            "model: expected one of autoencoder, dense-linear, dense-poly, ds-cnn, lenet5, "
            "mobilenet-v1-0.25, resnet18, resnet8, simple-cnn, small-cnn, vgg16, got "
            "'dense-poly-x'; did you mean 'dense-poly'?");
}

/// The ends of each range, by the float32 rule and by openness.
TEST(ConfigFields, RefuseWhatIsOutOfRange) {
  for (const ConfigField& field : config_fields()) {
    if (!std::holds_alternative<double>(field.default_value())) continue;
    const FieldRange& range = field.range;
    const auto refused = [&](double value) {
      Config config;
      field.set(config, value);
      return error_of([&] { field.check(config); }) != "no error";
    };
    EXPECT_EQ(refused(range.least), range.open_below) << field.name;
    EXPECT_TRUE(refused(std::nextafter(range.least, -1e308))) << field.name;
    if (std::isfinite(range.most)) {
      EXPECT_EQ(refused(range.most), range.open_above) << field.name;
      EXPECT_TRUE(refused(std::nextafter(range.most, 1e308))) << field.name;
      EXPECT_FALSE(refused(std::nextafter(range.most, 0))) << field.name;
    }
    EXPECT_EQ(refused(1e-40), range.float32 || range.least > 1e-40) << field.name;
    for (const double none : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      EXPECT_TRUE(refused(none)) << field.name << " " << none;
    }
  }
  Config config;
  config.momentum =
      std::nextafter(1 - 0x1p-25, 0);  // the largest that float32 rounds to less than 1
  EXPECT_LT(static_cast<float>(config.momentum), 1.0f);
  EXPECT_EQ(error_of([&] { check(config); }), "no error");
  config.momentum = 1 - 0x1p-25;
  EXPECT_EQ(error_of([&] { check(config); }), "momentum: must lie in [0, 1), got 1");
}

TEST(ConfigFields, SuggestANameForAMistypedOne) {
  EXPECT_EQ(error_of([] { config_field("epoch"); }), "there is no 'epoch'; did you mean 'epochs'?");
  EXPECT_EQ(error_of([] { config_field("colour"); }), "there is no 'colour'");
  Config config;
  config.schedule = "cosin";
  EXPECT_EQ(
      error_of([&] { check(config); }),
      "schedule: expected one of constant, step, exponential, cosine, one-cycle, plateau, got "
      "'cosin'; did you mean 'cosine'?");
  EXPECT_EQ(config_field("l0_lambda").option(), "--l0-lambda");
  EXPECT_EQ(config_field("l0_layers").option_help(),
            "Layers whose outputs the penalty counts (relu, all)");
}

TEST(ReadConfig, SetsWhatIsThereAndNothingElse) {
  Config config;
  config.batch = 7;
  EXPECT_EQ(read_config(config, R"({"lr": 0.25, "seed": 18446744073709551615})", "f.json"),
            (std::vector<std::string>{"lr", "seed"}));
  Config expected;
  expected.batch = 7;
  expected.lr = 0.25;
  expected.seed = 18446744073709551615u;
  EXPECT_EQ(config, expected);
  const auto refused = [&](const char* text) {
    return error_of<DataError>([&] { read_config(config, text, "f.json"); });
  };
  EXPECT_EQ(refused(R"({"epoch": 3})"), "f.json: there is no 'epoch'; did you mean 'epochs'?");
  EXPECT_EQ(refused(R"({"lr": "0.1"})"), "f.json: 'lr' cannot be \"0.1\"");
  EXPECT_EQ(refused(R"({"lr": -1})"), "f.json: lr: must be positive, got -1");
  EXPECT_EQ(refused(R"({"schedule": "cosin"})"),
            "f.json: schedule: expected one of constant, step, exponential, cosine, one-cycle, "
            "plateau, got 'cosin'; did you mean 'cosine'?");
  EXPECT_EQ(refused("[]"), "f.json: expected a JSON object");
  EXPECT_EQ(refused("{"), "f.json: not JSON at byte 2");
}

TEST(Differences, AreThoseThatAResumedRunMayNotHave) {
  const Config saved;
  for (const ConfigField& field : config_fields()) {
    Config asked;
    field.set(asked, other_value(field));
    const bool may_change = field.name == "graph" || field.name == "image_cache";
    EXPECT_EQ(differences(saved, asked).empty(), may_change) << field.name;
    EXPECT_EQ(differences(saved, asked).starts_with(field.name + " is "), !may_change);
  }
}

TEST(CheckedConfig, HoldsOnlyWhatCheckAccepts) {
  Config config;
  config.lr = 0.5;
  const CheckedConfig checked(config);
  EXPECT_EQ(checked->lr, 0.5);
  config.lr = -1;
  EXPECT_EQ(error_of([&] { CheckedConfig{config}; }), "lr: must be positive, got -1");
}

}  // namespace
}  // namespace joule::training
