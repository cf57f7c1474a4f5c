// SPDX-License-Identifier: MIT
#pragma once

#include "joule/course/lesson.h"

// The right answers, computed by what each lesson is about: layers that run, the tape, the cost
// models, a meter that is replayed.  The questions are in course/lessons.cpp.
namespace joule::course::truth {

Value macs_without_padding();
Value macs_with_padding();
Value bytes_of_linear();

Value gradient_by_tape();
Value weight_after_step();
Value largest_rate();

Value loss_of_guessing();
Value steps_of_an_epoch();
Value interval_of_accuracy();

Value intensity_of_convolution();
Value bend_of_the_roof();
Value macs_of_a_byte();

Value macs_of_skipping();
Value break_even();
Value macs_skipped_by_masking();

Value smooth_l0_of_values();
Value slope_of_smooth_l0();
Value nets_on_the_front();

Value worst_energy_of_linear();
Value share_of_arithmetic();
Value overcount_of_depthwise();

Value dynamic_energy();
Value doubt_of_the_edges();
Value seconds_until_the_wrap();

Value inferences_until_it_pays();
Value share_of_halving();
Value draws_until_a_good_one();

}  // namespace joule::course::truth
