# SPDX-License-Identifier: MIT
# JOULE_MPI_FOUND, and what parallel/ is built with: mpi.cpp, or else without_mpi.cpp.
set(JOULE_MPI_FOUND FALSE)
if(NOT JOULE_MPI STREQUAL "OFF")
  set(MPI_CXX_SKIP_MPICXX ON)  # the C interface alone
  find_package(MPI QUIET COMPONENTS CXX)
  set(JOULE_MPI_FOUND ${MPI_CXX_FOUND})
  if(NOT JOULE_MPI_FOUND)
    set(joule_why "MPI was not found: install libopenmpi-dev and openmpi-bin for training with several processes")
    if(JOULE_MPI STREQUAL "ON")
      message(FATAL_ERROR "JOULE_MPI=ON, but ${joule_why}, or set JOULE_MPI=AUTO")
    endif()
    message(STATUS "${joule_why}")
  endif()
endif()

# The interface of C needs no library of C++.  Empty without MPI.
set(JOULE_MPI_LIBRARIES "")
if(JOULE_MPI_FOUND)
  set(JOULE_MPI_LIBRARIES ${MPI_CXX_LIBRARIES})
  list(FILTER JOULE_MPI_LIBRARIES EXCLUDE REGEX "libmpi_?cxx")
endif()

function(joule_use_mpi target)
  set(with ${PROJECT_SOURCE_DIR}/parallel/mpi.cpp)
  set(without ${PROJECT_SOURCE_DIR}/parallel/without_mpi.cpp)
  if(JOULE_MPI_FOUND)
    set_source_files_properties(${without} PROPERTIES HEADER_FILE_ONLY ON)
    # Of its own: what mpi.h defines is for no other file.
    set_source_files_properties(${with} PROPERTIES INCLUDE_DIRECTORIES "${MPI_CXX_INCLUDE_DIRS}"
      SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
    target_link_libraries(${target} PRIVATE ${JOULE_MPI_LIBRARIES})
  else()
    set_source_files_properties(${with} PROPERTIES HEADER_FILE_ONLY ON)
  endif()
endfunction()
