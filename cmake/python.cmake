# SPDX-License-Identifier: MIT
# Sets joule_with_python: whether python/ is built.  JOULE_PYTHON asks for it; the tests build it where scripts/setup.sh
# has put nanobind beside the Python that runs them.  Under sanitizers they do not: that Python has none.
set(joule_with_python ${JOULE_PYTHON})
set(joule_tests_python ${PROJECT_SOURCE_DIR}/build/python/bin/python)
if(JOULE_TESTS AND NOT JOULE_PYTHON AND EXISTS ${joule_tests_python}
   AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize" AND NOT JOULE_CUDA STREQUAL "SIMT")
  set(Python_EXECUTABLE ${joule_tests_python})
  find_package(Python 3.10 COMPONENTS Interpreter Development.Module)
  set(joule_with_python ${Python_Development.Module_FOUND})
endif()
if(joule_with_python)
  find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)
  execute_process(COMMAND ${Python_EXECUTABLE} -m nanobind --cmake_dir
    OUTPUT_VARIABLE nanobind_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE without_nanobind)
  if(NOT without_nanobind)
    find_package(nanobind 3.0 CONFIG REQUIRED)
  elseif(JOULE_PYTHON)
    message(FATAL_ERROR "JOULE_PYTHON=ON, but ${Python_EXECUTABLE} has no nanobind: run "
      "${Python_EXECUTABLE} -m pip install nanobind, or set Python_EXECUTABLE to one that has it")
  else()
    set(joule_with_python OFF)
  endif()
endif()
