// SPDX-License-Identifier: MIT
#include "joule.h"

// One symbol of each library: a missing dependency fails to link.
int main() { return 0; }
