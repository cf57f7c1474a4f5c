// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>
#include <cudnn.h>

#include "joule/core/system/shared_library.h"

namespace joule::cudnn {

// The functions of cuDNN that are called.
#define JOULE_CUDNN_FUNCTIONS(F)                    \
  F(cudnnConvolutionBackwardData)                   \
  F(cudnnConvolutionBackwardFilter)                 \
  F(cudnnConvolutionForward)                        \
  F(cudnnCreate)                                    \
  F(cudnnCreateConvolutionDescriptor)               \
  F(cudnnCreateFilterDescriptor)                    \
  F(cudnnCreateTensorDescriptor)                    \
  F(cudnnDestroy)                                   \
  F(cudnnDestroyConvolutionDescriptor)              \
  F(cudnnDestroyFilterDescriptor)                   \
  F(cudnnDestroyTensorDescriptor)                   \
  F(cudnnGetConvolutionBackwardDataAlgorithm_v7)    \
  F(cudnnGetConvolutionBackwardDataWorkspaceSize)   \
  F(cudnnGetConvolutionBackwardFilterAlgorithm_v7)  \
  F(cudnnGetConvolutionBackwardFilterWorkspaceSize) \
  F(cudnnGetConvolutionForwardAlgorithm_v7)         \
  F(cudnnGetConvolutionForwardWorkspaceSize)        \
  F(cudnnGetErrorString)                            \
  F(cudnnSetConvolution2dDescriptor)                \
  F(cudnnSetConvolutionGroupCount)                  \
  F(cudnnSetConvolutionMathType)                    \
  F(cudnnSetFilter4dDescriptor)                     \
  F(cudnnSetStream)                                 \
  F(cudnnSetTensor4dDescriptor)

/// cuDNN, loaded at the first call of api(), with its functions by their names.
struct Api {
  SharedLibrary library;
#define JOULE_MEMBER(function) decltype(&::function) function;
  JOULE_CUDNN_FUNCTIONS(JOULE_MEMBER)
#undef JOULE_MEMBER
  Api();
};

const Api& api();

}  // namespace joule::cudnn
