// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/cuda/cudnn_api.h"

namespace joule::cudnn {

#define JOULE_TEXT_OF(value) #value
#define JOULE_TEXT(value) JOULE_TEXT_OF(value)

Api::Api() : library({"libcudnn.so." JOULE_TEXT(CUDNN_MAJOR), JOULE_CUDNN_PATH}) {
#define JOULE_FIND(function) library.find(function, #function);
  JOULE_CUDNN_FUNCTIONS(JOULE_FIND)
#undef JOULE_FIND
}

const Api& api() {
  static const Api* const loaded = new Api;
  return *loaded;
}

}  // namespace joule::cudnn
