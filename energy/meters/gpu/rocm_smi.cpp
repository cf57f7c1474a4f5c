// SPDX-License-Identifier: MIT
#include "joule/energy/meters/gpu/rocm_smi.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <utility>

#include "joule/core/error.h"
#include "joule/energy/meters/gpu/rocm_library.h"
#include "joule/energy/meters/none.h"

namespace joule::energy {
namespace {

constexpr const char* kRocmSmi = "rocm_smi";
constexpr const char* kRocmRemedy =
    "needs an AMD GPU that counts its energy, with its driver loaded, and ROCm SMI "
    "(Debian: librocm-smi64-1; rocm-smi must work)";
constexpr const char* kNoCounter =
    "the card has no energy counter, or one that its driver does not tell";
constexpr const char* kOtherDie =
    "its counter stands at 0: on cards of two dies that of the first counts both";
constexpr double kOverPowerCap = 2;  // the cap is one of a mean: peaks go above it
constexpr Watts kMostOfAnAmdCard(5000);
constexpr Joules kDriversTick(0x1p-16);
constexpr double kRounding = 0.1e-6;  // of the library's tick, in joules

using rocm::Library;
using rocm::Return;

/// None if it is not a tick.
std::optional<Joules> tick_of(float microjoules) {
  const double joules = 1e-6 * static_cast<double>(microjoules);
  if (!(joules > 0) || !std::isfinite(joules)) return {};
  const bool rounded = std::abs(joules - kDriversTick.value()) < kRounding;
  return rounded ? kDriversTick : Joules(joules);
}

/// A counter and its tick, or why there is none.
struct EnergyCount {
  std::int64_t ticks = 0;
  Joules tick;
  Return code = rocm::kSuccess;
  std::string problem{};
};
EnergyCount read_count(const Library& library, std::uint32_t device) {
  EnergyCount count;
  std::uint64_t ticks = 0, ns = 0;
  float microjoules = 0;
  count.code = library.call().energy_count(device, &ticks, &microjoules, &ns);
  if (count.code != rocm::kSuccess) {
    count.problem = library.text("rsmi_dev_energy_count_get", count.code);
    return count;
  }
  const std::optional<Joules> tick = tick_of(microjoules);
  // A driver that knows no counter leaves all bits set.
  if (!tick || ticks > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    count.code = rocm::kNotSupported;
    count.problem = kNoCounter;
    return count;
  }
  count.ticks = static_cast<std::int64_t>(ticks);
  count.tick = *tick;
  return count;
}

class RocmMeter final : public Meter {
 public:
  RocmMeter(MeterInfo info, Clock& clock, std::shared_ptr<Library> library, std::uint32_t device)
      : Meter(std::move(info), clock), library_(std::move(library)), device_(device) {}

 private:
  Sample sample(Purpose) override {
    EnergyCount count = read_count(*library_, device_);
    if (count.problem.empty() && count.tick != info().unit) {
      return {.failure = str("the counter's tick became ", count.tick, ", from ", info().unit),
              .retry = Retry::never};
    }
    if (count.problem.empty()) return {.ticks = count.ticks};
    return {.failure = std::move(count.problem),
            .retry = rocm::is_final(count.code) ? Retry::never : Retry::soon};
  }

  std::shared_ptr<Library> library_;
  std::uint32_t device_;
};

/// A card, and how many of the library's devices are parts of it.
struct Card {
  std::uint32_t device = 0;
  std::string bus_id;
  int parts = 0;
};

/// A partition is told by bits of its own, or by the function.
std::string bus_id_of(std::uint64_t id) {
  return fmt::format("{:04x}:{:02x}:{:02x}.0", id >> 32, id >> 8 & 0xff, id >> 3 & 0x1f);
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

void add_conditions(const rocm::Functions& call, std::uint32_t device, MeterInfo& info) {
  std::array<char, rocm::kTextSize> driver{};
  if (call.version &&
      call.version(rocm::kDriver, driver.data(), driver.size() - 1) == rocm::kSuccess) {
    info.remarks.push_back(str("driver ", driver.data()));
  }
  std::uint64_t microwatts = 0;
  info.most = kMostOfAnAmdCard;
  if (call.power_cap && call.power_cap(device, rocm::kFirstSensor, &microwatts) == rocm::kSuccess &&
      microwatts > 0) {
    info.limit = Watts(1e-6 * static_cast<double>(microwatts));
    info.most = kOverPowerCap * *info.limit;
    info.remarks.push_back(str("power limit ", *info.limit));
  }
}

std::unique_ptr<Meter> open_card(const Machine& machine, const std::shared_ptr<Library>& library,
                                 const Card& card, bool counts_for_others) {
  const rocm::Functions& call = library->call();
  std::array<char, rocm::kTextSize> text{};
  const bool named =
      call.name(card.device, text.data(), text.size() - 1) == rocm::kSuccess && text[0];
  const std::string name = named ? text.data() : "of AMD";
  const bool module = name.find("MI300A") != std::string::npos;
  const bool two_dies = counts_for_others && name.find("MI250") != std::string::npos;
  MeterInfo info{.name = kRocmSmi,
                 .scope = str("GPU ", card.bus_id, " ", name,
                              module     ? " (whole module with its processors"
                              : two_dies ? " (whole card, both of its dies"
                                         : " (whole card",
                              card.parts > 1 ? ", shared by its partitions)" : ")"),
                 .domain = module ? Domain::module : Domain::gpu,
                 .gpu = card.bus_id};
  add_conditions(call, card.device, info);
  if (card.parts > 1) {
    info.remarks.push_back(
        str("it is split into ", card.parts, " partitions: the counter is the whole card's"));
  }
  EnergyCount count = read_count(*library, card.device);
  if (!count.problem.empty()) {
    return unreadable_meter(machine, std::move(info), rocm::status_of(count.code),
                            std::move(count.problem),
                            str(kRocmRemedy, "; hwmon samples the power of some"));
  }
  if (count.ticks == 0) {
    return unreadable_meter(machine, std::move(info), Status::absent, kOtherDie,
                            "the meter of the card's first die counts it");
  }
  info.unit = count.tick;
  return std::make_unique<RocmMeter>(std::move(info), *machine.clock, library, card.device);
}

}  // namespace

std::vector<std::unique_ptr<Meter>> open_rocm_smi(const Machine& machine,
                                                  const std::string& named) {
  require(named.empty() ||
              !std::ranges::all_of(named, [](unsigned char c) { return std::isdigit(c) != 0; }),
          "rocm_smi: expected a PCI bus id (0000:c1:00.0), got the number ", named,
          ": numbers change with the order in which the driver finds the cards");
  std::vector<std::unique_ptr<Meter>> meters;
  const auto refuse = [&](Status status, std::string reason) {
    meters.push_back(unreadable_meter(machine, kRocmSmi, status, std::move(reason), kRocmRemedy));
    return std::move(meters);
  };
  const Library::Loaded loaded = Library::load(machine.rocm_smi);
  if (!loaded.library) return refuse(loaded.status, loaded.reason);
  const rocm::Functions& call = loaded.library->call();
  std::uint32_t count = 0;
  if (const Return code = call.device_count(&count); code != rocm::kSuccess) {
    return refuse(rocm::status_of(code), loaded.library->text("rsmi_num_monitor_devices", code));
  }
  std::vector<Card> cards;
  bool one_stands_still = false;  // as that of a second die does
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint64_t id = 0;
    if (const Return code = call.pci_id(i, &id); code != rocm::kSuccess) {
      meters.push_back(unreadable_meter(machine, kRocmSmi, rocm::status_of(code),
                                        loaded.library->text("rsmi_dev_pci_id_get", code),
                                        kRocmRemedy));
      continue;
    }
    const std::string bus_id = bus_id_of(id);
    auto card = std::ranges::find(cards, bus_id, &Card::bus_id);
    if (card == cards.end()) card = cards.insert(card, {.device = i, .bus_id = bus_id});
    if (++card->parts > 1) continue;
    const EnergyCount energy = read_count(*loaded.library, i);
    one_stands_still = one_stands_still || (energy.problem.empty() && energy.ticks == 0);
  }
  if (!named.empty()) {
    std::erase_if(cards, [&](const Card& card) { return card.bus_id != lower(named); });
    require(!cards.empty(), "rocm_smi: the library knows no GPU ", named,
            "; joule info lists those that it knows");
    meters.clear();
  }
  for (const Card& card : cards) {
    meters.push_back(open_card(machine, loaded.library, card, one_stands_still));
  }
  if (meters.empty()) return refuse(Status::absent, "the library knows no GPU");
  return meters;
}

}  // namespace joule::energy
