// SPDX-License-Identifier: MIT
#pragma once

// Everything that a program which builds and trains nets needs.
#include "core/autograd.h"
#include "core/context.h"
#include "core/error.h"
#include "core/gradcheck.h"
#include "core/memory.h"
#include "core/op.h"
#include "core/random.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "core/version.h"
#include "layers/containers.h"
#include "layers/functions.h"
#include "layers/modules.h"
