# SPDX-License-Identifier: MIT
# Builds and runs the project of this folder.  WAY: installed or subdirectory; JOULE: the sources;
# JOULE_BUILD: their build; WORK: a folder for the result; GENERATOR.
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${WORK}/prefix ${WORK}/build)
if(WAY STREQUAL "installed")
  run(${CMAKE_COMMAND} --install ${JOULE_BUILD} --prefix ${WORK}/prefix)
  set(joule -DCMAKE_PREFIX_PATH=${WORK}/prefix)
else()
  set(joule -DJOULE_SOURCE=${JOULE} -DJOULE_CUDA=OFF -DCMAKE_BUILD_TYPE=None "-DCMAKE_CXX_FLAGS=-O0 -DHWY_COMPILE_ONLY_STATIC")
endif()
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK}/build ${joule})
run(${CMAKE_COMMAND} --build ${WORK}/build --target consumer)
run(${WORK}/build/consumer)
