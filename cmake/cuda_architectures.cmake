# SPDX-License-Identifier: MIT
# joule_cuda_architectures(<variable> <gpu> <tests>): what kernels are compiled for where CMAKE_CUDA_ARCHITECTURES does
# not say it.  <gpu>: one is here.  <tests>: they are built, so that this is nobody's package.
function(joule_cuda_architectures variable gpu tests)
  if(gpu)
    set(architectures native)
  elseif(tests)
    # Hopper alone: without a GPU the tests run no machine code, and each further one is compiled anew.
    set(architectures 90)
  else()
    # A100; RTX 30 and A10; RTX 40 and L4; H100 and H200; as PTX, which the driver compiles, for all after them.
    set(architectures 80-real 86-real 89-real 90)
  endif()
  set(${variable} ${architectures} PARENT_SCOPE)
endfunction()
