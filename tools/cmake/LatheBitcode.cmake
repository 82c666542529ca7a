# C++ as LLVM bitcode inside a library, for code that the compiler links into what it emits.

# lathe_bitcode(TARGET compiler_codegen_cpu SYMBOL lathe_cpu_bitcode SRC bitcode/kernels.cc): compiles SRC for any x86-64 and adds the
# bytes to TARGET, between the symbols SYMBOL_begin and SYMBOL_end. Nothing is optimised here: who links the bitcode knows for which
# CPU. -O2 only keeps clang from marking functions noinline and optnone.
function(lathe_bitcode)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "kernels in C++ become LLVM bitcode: the compiler must be clang of LLVM's own version (preset dev has it), "
                        "not ${CMAKE_CXX_COMPILER_ID}")
  endif()
  cmake_parse_arguments(A "" "TARGET;SYMBOL;SRC" "" ${ARGN})
  set(bitcode ${CMAKE_CURRENT_BINARY_DIR}/${A_SYMBOL}.bc)
  add_custom_command(
    OUTPUT ${bitcode}
    COMMAND ${CMAKE_CXX_COMPILER} --target=x86_64-unknown-linux-gnu -std=c++20 -O2 -Xclang -disable-llvm-passes -emit-llvm -c -Qn
            -fPIC -ffreestanding -fno-exceptions -fno-rtti -fno-stack-protector -ffp-contract=off -Wall -Wextra
            -I${PROJECT_SOURCE_DIR} -MD -MF ${bitcode}.d ${CMAKE_CURRENT_SOURCE_DIR}/${A_SRC} -o ${bitcode}
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${A_SRC}
    DEPFILE ${bitcode}.d)
  set(embedded ${CMAKE_CURRENT_BINARY_DIR}/${A_SYMBOL}.c)
  file(GENERATE OUTPUT ${embedded} CONTENT
"__asm__(\".section .rodata\\n\"
        \".balign 16\\n\"
        \".global ${A_SYMBOL}_begin\\n\"
        \".global ${A_SYMBOL}_end\\n\"
        \"${A_SYMBOL}_begin: .incbin \\\"${bitcode}\\\"\\n\"
        \"${A_SYMBOL}_end: .byte 0\\n\"
        \".previous\\n\");
")
  set_source_files_properties(${embedded} PROPERTIES OBJECT_DEPENDS ${bitcode} SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${A_TARGET} PRIVATE ${embedded})
endfunction()
