// SPDX-License-Identifier: MIT
#pragma once

// All differentiable functions.  Each is declared in kernels/<op>/, with the operation that it runs
// and records; see the operation's descriptor there for formula, shapes, cost and errors.  Operands
// are passed by value: one that the caller moves in may be overwritten.
#include "joule/kernels/argmax/argmax.h"
#include "joule/kernels/batch_norm/batch_norm.h"
#include "joule/kernels/binary/binary.h"
#include "joule/kernels/concat/concat.h"
#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/conv2d/conv_transpose2d.h"
#include "joule/kernels/dropout/dropout.h"
#include "joule/kernels/flatten/flatten.h"
#include "joule/kernels/group_norm/group_norm.h"
#include "joule/kernels/linear/linear.h"
#include "joule/kernels/losses/pointwise_loss.h"
#include "joule/kernels/matmul/matmul.h"
#include "joule/kernels/pointwise/pointwise.h"
#include "joule/kernels/pool/avg_pool2d.h"
#include "joule/kernels/pool/global_avg_pool.h"
#include "joule/kernels/pool/max_pool2d.h"
#include "joule/kernels/reduce/sum.h"
#include "joule/kernels/relu/relu.h"
#include "joule/kernels/resize/resize_nearest.h"
#include "joule/kernels/scale/scale.h"
#include "joule/kernels/slice/slice.h"
#include "joule/kernels/softmax/softmax.h"
#include "joule/kernels/softmax_cross_entropy/softmax_cross_entropy.h"
#include "joule/layers/l0_penalty.h"
