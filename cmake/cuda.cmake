# SPDX-License-Identifier: MIT
# JOULE_CUDA, JOULE_CUBLAS and JOULE_CUDNN: sets JOULE_WITH_CUDA, JOULE_WITH_CUBLAS and JOULE_WITH_CUDNN,
# and defines how *.cu files are compiled and what they link.
set(JOULE_WITH_CUDA OFF)
set(JOULE_WITH_CUBLAS OFF)
set(JOULE_WITH_CUDNN OFF)
if(JOULE_CUDA STREQUAL "SIMT")
  # The host's compiler compiles the kernels, a program of the tests runs them.
  set(JOULE_WITH_CUDA ON)
  add_subdirectory(tests/simt)
elseif(NOT JOULE_CUDA STREQUAL "OFF")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      include(${CMAKE_CURRENT_LIST_DIR}/cuda_architectures.cmake)
      execute_process(COMMAND nvidia-smi -L RESULT_VARIABLE no_gpu OUTPUT_QUIET ERROR_QUIET)
      if(no_gpu)
        joule_cuda_architectures(CMAKE_CUDA_ARCHITECTURES OFF ${JOULE_TESTS})
      else()
        joule_cuda_architectures(CMAKE_CUDA_ARCHITECTURES ON ${JOULE_TESTS})
      endif()
    endif()
    enable_language(CUDA)
    if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know that nvcc 12 can
      set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
    endif()
    find_package(CUDAToolkit 12 REQUIRED)
    set(JOULE_WITH_CUDA ON)
    if(TARGET CUDA::cublas AND NOT JOULE_CUBLAS STREQUAL "OFF")
      set(JOULE_WITH_CUBLAS ON)
      get_target_property(JOULE_CUBLAS_PATH CUDA::cublas IMPORTED_LOCATION)
    endif()
    if(NOT JOULE_CUDNN STREQUAL "OFF")
      find_package(cuDNN 9...<10)
      set(JOULE_WITH_CUDNN ${cuDNN_FOUND})
    endif()
  elseif(JOULE_CUDA STREQUAL "ON")
    message(FATAL_ERROR "JOULE_CUDA=ON, but nvcc was not found: put it on the PATH or set CMAKE_CUDA_COMPILER, "
      "or set JOULE_CUDA=AUTO")
  endif()
endif()

if(JOULE_CUBLAS STREQUAL "ON" AND NOT JOULE_WITH_CUBLAS)
  message(FATAL_ERROR "JOULE_CUBLAS=ON, but cuBLAS was not found beside a CUDA compiler: install it, or set JOULE_CUBLAS=AUTO")
endif()

if(JOULE_CUDNN STREQUAL "ON" AND NOT JOULE_WITH_CUDNN)
  message(FATAL_ERROR "JOULE_CUDNN=ON, but cuDNN 9 was not found beside a CUDA compiler: install it, or set JOULE_CUDNN=AUTO")
endif()

# joule_cuda_sources(<file.cu>...): how they are compiled.
function(joule_cuda_sources)
  if(JOULE_CUDA STREQUAL "SIMT")
    set_source_files_properties(${ARGN} PROPERTIES LANGUAGE CXX SKIP_PRECOMPILE_HEADERS ON
      COMPILE_OPTIONS "-xc++;-O2;-Wno-unknown-pragmas")
  endif()
endfunction()

# joule_link_cuda(<target>): what its *.cu files need, and whether it has any.
function(joule_link_cuda target)
  target_compile_definitions(${target} PRIVATE JOULE_WITH_CUDA=$<BOOL:${JOULE_WITH_CUDA}>)
  if(JOULE_CUDA STREQUAL "SIMT")
    target_link_libraries(${target} PRIVATE joule_simt)
  elseif(JOULE_WITH_CUDA)
    set_target_properties(${target} PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON)
    target_link_libraries(${target} PRIVATE CUDA::cudart_static)
    # -ftz: for all of Joule a denormal counts as zero.
    target_compile_options(${target} PRIVATE
      $<$<COMPILE_LANGUAGE:CUDA>:-ftz=true;--expt-relaxed-constexpr;$<$<BOOL:${JOULE_WERROR}>:-Werror=all-warnings>;-Xcompiler=-Wall,-Wextra,-Wno-missing-field-initializers>)
  endif()
endfunction()
