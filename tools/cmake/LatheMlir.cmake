# MLIR as SYSTEM headers and one shared library, and TableGen by op family.
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# Everything of ours that uses MLIR or LLVM depends on lathe_mlir. Static MLIR and libMLIR.so must never meet in one program.
add_library(lathe_mlir INTERFACE)
target_include_directories(lathe_mlir SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_link_libraries(lathe_mlir INTERFACE MLIR LLVM)

# lathe_tablegen(NAME x_inc TD x.td OUTPUTS "-gen-op-decls:x.h.inc" ...): runs mlir-tblgen into gen/<folder>/.
function(lathe_tablegen)
  cmake_parse_arguments(A "" "NAME;TD" "OUTPUTS" ${ARGN})
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set(gen ${PROJECT_BINARY_DIR}/gen/${folder})
  file(MAKE_DIRECTORY ${gen})
  set(files "")
  set(core_td ${LATHE_CORE_TD})  # shared definitions that every family includes
  foreach(entry IN LISTS A_OUTPUTS)
    string(REGEX MATCH "^(.*):([^:]*)$" ok "${entry}")
    set(out ${gen}/${CMAKE_MATCH_2})
    separate_arguments(flags UNIX_COMMAND "${CMAKE_MATCH_1}")
    add_custom_command(
      OUTPUT ${out}
      COMMAND ${MLIR_TABLEGEN_EXE} ${flags} -I${PROJECT_SOURCE_DIR} -I${MLIR_INCLUDE_DIRS}
              ${CMAKE_CURRENT_SOURCE_DIR}/${A_TD} -o ${out} --write-if-changed
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${A_TD} ${core_td})
    list(APPEND files ${out})
  endforeach()
  add_custom_target(${A_NAME} DEPENDS ${files})
endfunction()
