# lathe_fuzz_target: the only way in which fuzz targets are made.

# lathe_fuzz_target(NAME safetensors SRCS safetensors.cc DEPS lathe::x SEEDS test/data/a.json DICTIONARY tags.dict)
#
# SRCS define LLVMFuzzerTestOneInput over bytes from anywhere. Every build gets the test fuzz_NAME (label fast), which runs the
# function on each known input; a build with LATHE_SANITIZE=fuzzer-no-link,... gets the libFuzzer program bin/fuzz_NAME too, as
# part of target fuzz_targets (tools/fuzz runs them). The known inputs are the files of
#   test/fuzz/seeds/NAME          written by hand
#   test/fuzz/regressions/NAME    what once was a finding
#   BUILD/fuzz/seeds/NAME         written by the program fuzz_write_seeds
#   SEEDS                         other files of the tree
# and BUILD/fuzz/NAME.inputs lists these folders and files, one a line. DICTIONARY lies in test/fuzz/dictionaries.
function(lathe_fuzz_target)
  cmake_parse_arguments(A "" "NAME;DICTIONARY" "SRCS;DEPS;SEEDS" ${ARGN})
  set(fuzz ${PROJECT_BINARY_DIR}/fuzz)
  set(inputs ${CMAKE_CURRENT_SOURCE_DIR}/seeds/${A_NAME} ${CMAKE_CURRENT_SOURCE_DIR}/regressions/${A_NAME}
             ${fuzz}/seeds/${A_NAME})
  foreach(seed IN LISTS A_SEEDS)
    list(APPEND inputs ${PROJECT_SOURCE_DIR}/${seed})
  endforeach()
  list(JOIN inputs "\n" lines)
  file(CONFIGURE OUTPUT ${fuzz}/${A_NAME}.inputs CONTENT "${lines}\n")
  set(definitions "LATHE_FUZZ_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"")

  lathe_test(NAME fuzz_${A_NAME} LABEL fast SRCS ${A_SRCS} replay_test.cc DEPS ${A_DEPS})
  target_compile_definitions(fuzz_${A_NAME}_test PRIVATE ${definitions}
                             "LATHE_FUZZ_INPUTS=\"${fuzz}/${A_NAME}.inputs\"")
  add_dependencies(fuzz_${A_NAME}_test fuzz_seeds)

  if(NOT LATHE_SANITIZE MATCHES "fuzzer")
    return()
  endif()
  if(A_DICTIONARY)
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/dictionaries/${A_DICTIONARY} ${fuzz}/${A_NAME}.dict SYMBOLIC)
  endif()
  add_executable(fuzz_${A_NAME} ${A_SRCS} sanitizer_options.cc)
  target_link_libraries(fuzz_${A_NAME} PRIVATE lathe_flags ${A_DEPS})
  target_link_options(fuzz_${A_NAME} PRIVATE -fsanitize=fuzzer)
  target_compile_definitions(fuzz_${A_NAME} PRIVATE ${definitions})
  lathe_choose_pch_later(fuzz_${A_NAME} "")
  if(NOT TARGET fuzz_targets)
    add_custom_target(fuzz_targets)
  endif()
  add_dependencies(fuzz_${A_NAME} fuzz_seeds)
  add_dependencies(fuzz_targets fuzz_${A_NAME})
endfunction()
