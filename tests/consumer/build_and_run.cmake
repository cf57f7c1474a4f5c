# SPDX-License-Identifier: MIT
# Builds and runs the project of this folder.  WAY: installed, by find_package() and pkg-config, or fetched, as
# shared libraries; JOULE: the sources; VERSION: theirs, x.y; JOULE_BUILD: their build; WORK: a folder for the result;
# GENERATOR; CXX.
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# consumer(<name> <argument of cmake>...)
function(consumer name)
  run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK}/${name} -DCMAKE_CXX_COMPILER=${CXX} ${ARGN})
  run(${CMAKE_COMMAND} --build ${WORK}/${name} --target consumer)
  run(${WORK}/${name}/consumer)
endfunction()

file(REMOVE_RECURSE ${WORK})
if(WAY STREQUAL "fetched")
  consumer(build -DFETCHED=ON -DFETCHCONTENT_SOURCE_DIR_JOULE=${JOULE} -DBUILD_SHARED_LIBS=ON -DJOULE_CUDA=OFF
    -DJOULE_ONEDNN=OFF "-DCMAKE_CXX_FLAGS=-O0 -DHWY_COMPILE_ONLY_STATIC")
  file(GLOB libraries ${WORK}/build/_deps/joule-build/libjoule_core.so.*.*.*)
  if(NOT libraries)
    message(FATAL_ERROR "libjoule_core.so has no version")
  endif()
  return()
endif()

# Installed, and then moved: nothing in it may say where it was.
run(${CMAKE_COMMAND} --install ${JOULE_BUILD} --prefix ${WORK}/first)
file(RENAME ${WORK}/first ${WORK}/prefix)
set(prefix -DCMAKE_PREFIX_PATH=${WORK}/prefix -DWANTED=${VERSION})
consumer(whole ${prefix})
consumer(part ${prefix} "-DCOMPONENTS=layers optim")
execute_process(COMMAND ${CMAKE_COMMAND} -G ${GENERATOR} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK}/unknown ${prefix}
  -DCOMPONENTS=kernel OUTPUT_QUIET ERROR_VARIABLE said RESULT_VARIABLE failed)
string(REGEX REPLACE "[ \n]+" " " said "${said}")
if(NOT failed OR NOT said MATCHES "joule has no component 'kernel'; there are: core, io, kernels, ")
  message(FATAL_ERROR "of an unknown component find_package() said: ${said}")
endif()

find_program(pkg_config pkg-config)
if(NOT pkg_config)
  message(STATUS "there is no pkg-config here: joule.pc was not tried")
  return()
endif()
file(GLOB_RECURSE pc ${WORK}/prefix/*/joule.pc)
get_filename_component(folder ${pc} DIRECTORY)
execute_process(COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${folder} ${pkg_config} --cflags --libs joule
  OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags)
run(${CXX} -std=c++20 -I${CMAKE_CURRENT_LIST_DIR} ${CMAKE_CURRENT_LIST_DIR}/main.cpp -o ${WORK}/by_pkg_config ${flags})
run(${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${folder}/.. ${WORK}/by_pkg_config)
