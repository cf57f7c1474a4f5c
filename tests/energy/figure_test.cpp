// SPDX-License-Identifier: MIT
#include "joule/energy/figure.h"

#include <gtest/gtest.h>

#include <concepts>
#include <limits>
#include <type_traits>

#include "joule/energy/json/json.h"
#include "joule/energy/quantity.h"
#include "joule/tests/support/op_test.h"

namespace joule::energy {
namespace {

using test::error_of;

template <class A, class B>
concept Adds = requires(A a, B b) {
  a + b;
};
template <class A, class B>
concept Compares = requires(A a, B b) {
  a < b;
};
template <class A, class B>
concept Multiplies = requires(A a, B b) {
  a* b;
};

static_assert(!std::is_convertible_v<double, Joules>, "a bare number has no unit");
static_assert(!std::is_convertible_v<Joules, double>);
static_assert(!std::is_constructible_v<Joules, Watts>);
static_assert(!std::is_assignable_v<Joules&, double>);
static_assert(Adds<Joules, Joules> && !Adds<Joules, Watts> && !Adds<Joules, double>);
static_assert(Compares<Seconds, Seconds> && !Compares<Seconds, Joules> &&
              !Compares<Seconds, double>);
static_assert(Multiplies<Joules, double> && !Multiplies<Joules, Joules> &&
              !Multiplies<Joules, Seconds>);
static_assert(std::same_as<decltype(Watts(2) * Seconds(3)), Joules>);
static_assert(!std::is_convertible_v<Figure<Joules>, Joules> &&
              !std::is_convertible_v<Figure<Joules>, double>);

static_assert(Watts(2) * Seconds(3) == Joules(6) && Seconds(3) * Watts(2) == Joules(6));
static_assert(Joules(6) / Seconds(3) == Watts(2) && Joules(6) / Watts(2) == Seconds(3));
static_assert(Joules(6) / Joules(3) == 2.0);
static_assert(Joules(1) + Joules(2) - Joules(4) == -Joules(1) && Joules(1) < Joules(2));
static_assert(2.0 * Joules(3) / 4 == Joules(1.5));
static_assert(picojoules(1950) == Joules(1950e-12));

TEST(Quantity, IsPrintedWithAPrefixWhateverTheStreamsPrecision) {
  std::ostringstream out;
  out.precision(1);
  for (const Joules energy : {Joules(0), picojoules(0.25), picojoules(1950), -Joules(1.5e-4),
                              Joules(0.99996), Joules(12345), Joules(5e16)}) {
    out << energy << "; ";
  }
  EXPECT_EQ(out.str(), "0 J; 0.25 pJ; 1.95 nJ; -150 uJ; 1000 mJ; 12.35 kJ; 5e+04 TJ; ");
  EXPECT_EQ(str(Watts(700), ", ", Seconds(0.001)), "700 W, 1 ms");
}

TEST(Figure, SaysWhatItIsAndHowSure) {
  const auto figure = Figure<Joules>::modelled(Joules(2), Joules(0.5), "horowitz45");
  EXPECT_EQ(figure.value(), Joules(2));
  EXPECT_EQ(figure.uncertainty(), Joules(0.5));
  EXPECT_EQ(figure.quality(), Quality::modelled);
  EXPECT_EQ(figure.reason(), "");
  EXPECT_EQ(str(figure), "2 J +- 500 mJ (modelled, horowitz45)");
  EXPECT_FALSE(figure.is_range());
  EXPECT_EQ(str(Figure<Watts>::measured(Watts(3), {}, "nvml")), "3 W (measured, nvml)");
  EXPECT_EQ(Figure<Seconds>::attributed(Seconds(1), {}, "time").quality(), Quality::attributed);
}

TEST(Figure, ARangeIsWrittenAsOne) {
  const auto figure = Figure<Joules>::in_range(Joules(2), Joules(0.5), "horowitz45");
  EXPECT_EQ(str(figure), "2 J, between 1.5 J and 2.5 J (modelled, horowitz45)");
  EXPECT_EQ(figure.quality(), Quality::modelled);
  EXPECT_EQ(figure.uncertainty(), Joules(0.5));
  EXPECT_TRUE(figure.is_range());
  EXPECT_EQ(Figure<Joules>::measured(Joules(2), Joules(0.5), "rapl").amount(" ± "), "2 J ± 500 mJ");
  EXPECT_EQ(Figure<Joules>::measured(Joules(2), {}, "rapl").amount(), "2 J");
}

TEST(Figure, UnavailableCannotBeReadAsANumber) {
  const auto figure = Figure<Joules>::unavailable("rapl", "only root may read it");
  EXPECT_FALSE(figure.available());
  EXPECT_EQ(str(figure), "unavailable (rapl: only root may read it)");
  const std::string expected = "the figure of rapl is unavailable: only root may read it";
  EXPECT_EQ(error_of([&] { figure.value(); }), expected);
  EXPECT_EQ(error_of([&] { figure.uncertainty(); }), expected);
}

TEST(Figure, IsFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(error_of([&] { Figure<Joules>::measured(Joules(nan), {}, "nvml"); }),
            "the measured figure of nvml must be finite, got nan +- 0 J");
  EXPECT_EQ(error_of([&] { Figure<Watts>::attributed(Watts(1), Watts(-2), "time"); }),
            "the attributed figure of time must be finite, got 1 +- -2 W");
}

TEST(Figure, JsonHasNullForWhatThereIsNot) {
  EXPECT_EQ(to_json(Figure<Joules>::modelled(Joules(2), Joules(0.5), "p")),
            R"({"value":2.0,"unit":"J","uncertainty":0.5,"quality":"modelled","source":"p",)"
            R"("reason":null})");
  EXPECT_EQ(to_json(Figure<Watts>::unavailable("rapl", "absent")),
            R"({"value":null,"unit":"W","uncertainty":null,"quality":"unavailable",)"
            R"("source":"rapl","reason":"absent"})");
}

}  // namespace
}  // namespace joule::energy
