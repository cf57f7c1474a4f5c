// SPDX-License-Identifier: MIT
#pragma once

#include "joule/report/eat/eat_document.h"

// The parts of eat_document(); private to this folder.
namespace joule::report {

Table beside_the_paper(const study::EatResults& results);
Table sweep_table(const study::EatResults& results);
Table peers_table(const std::vector<PeerPace>& peers);

Picture<LineChart> front_chart(const study::EatResults& results);
Picture<BarChart> firing_chart(const study::EatResults& results);
/// Accuracy and ratio over lambda, a line for each sigma.
std::vector<Picture<LineChart>> ablation_charts(const study::EatResults& results);
/// Of the point within 1 point, or of standard training if there is none.
Picture<BarChart> layer_time_chart(const study::EatResults& results);
Picture<BarChart> speed_chart(const study::EatResults& results);

}  // namespace joule::report
