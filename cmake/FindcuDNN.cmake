# SPDX-License-Identifier: MIT
# cuDNN_INCLUDE_DIR and cuDNN_LIBRARY; cuDNN brings no CMake package of its own: beside the CUDA toolkit, or
# where Debian's and NVIDIA's packages put it.
find_path(cuDNN_INCLUDE_DIR cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS} PATHS /usr/local/cuda/include NO_CACHE)
find_library(cuDNN_LIBRARY cudnn HINTS ${CUDAToolkit_LIBRARY_DIR} PATHS /usr/local/cuda/lib64 NO_CACHE)
if(EXISTS "${cuDNN_INCLUDE_DIR}/cudnn_version.h")
  file(STRINGS "${cuDNN_INCLUDE_DIR}/cudnn_version.h" lines REGEX "define CUDNN_(MAJOR|MINOR|PATCHLEVEL) [0-9]")
  string(REGEX REPLACE "[^;]* ([0-9]+)" "\\1" lines "${lines}")
  list(JOIN lines . cuDNN_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(cuDNN REQUIRED_VARS cuDNN_LIBRARY cuDNN_INCLUDE_DIR
  VERSION_VAR cuDNN_VERSION HANDLE_VERSION_RANGE)
