// SPDX-License-Identifier: MIT
#include "joule/report/ecnas/ecnas_paper.h"

namespace joule::report {

std::span<const EcnasPaperRow> ecnas_paper_rows() {
  static constexpr EcnasPaperRow kRows[] = {{"semoa", "least energy", 14.23, 0.52, 0.01, 5.95},
                                            {"semoa", "best accuracy", 2555.95, 0.94, 0.62, 7.26},
                                            {"semoa", "knee", 306.9, 0.92, 0.07, 6.43},
                                            {"random", "best accuracy", 1649, 0.94, 0.41, 7.05},
                                            {"random", "knee", 311, 0.89, 0.07, 6.51},
                                            {"ms-ehvi", "best accuracy", 1112, 0.92, 0.25, 6.80},
                                            {"ms-ehvi", "knee", 191, 0.83, 0.02, 6.01},
                                            {"sh-emoa", "best accuracy", 1034, 0.91, 0.27, 6.55},
                                            {"sh-emoa", "knee", 226, 0.85, 0.04, 6.27}};
  return kRows;
}

std::span<const EcnasPaperSwap> ecnas_paper_swaps() {
  static constexpr EcnasPaperSwap kSwaps[] = {{0, 1, -17.68, -24.89, -77.96, -0.0311},
                                              {0, 2, -32.11, -16.82, -95.53, -0.0314},
                                              {1, 2, -14.55, 7.84, -13.55, -0.0084}};
  return kSwaps;
}

}  // namespace joule::report
