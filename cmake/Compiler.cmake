# Language level, hardening and sanitizers: the same for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g0 -DNDEBUG -D_FORTIFY_SOURCE=2")

add_compile_options(-fstack-protector-strong)
add_link_options(-Wl,-z,relro,-z,now -pie)

find_program(SHOUMI_MOLD mold)
find_program(SHOUMI_LLD ld.lld)
if(SHOUMI_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(SHOUMI_LLD)
  add_link_options(-fuse-ld=lld)
endif()

if(SHOUMI_SANITIZE)
  add_compile_options(-fsanitize=${SHOUMI_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SHOUMI_SANITIZE})
  # For unit tests. Debian's libraries are not instrumented: what they do to memory under locks of
  # their own is not looked at, what our code does is. Not for the USB guard: libfuse cancels its
  # threads within such calls, which ThreadSanitizer then takes for an error.
  if(SHOUMI_SANITIZE MATCHES "thread")
    set(SHOUMI_TEST_ENVIRONMENT
      "TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp")
  endif()
  # Asio and libstdc++ use fences, which GCC says ThreadSanitizer does not follow.
  if(SHOUMI_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)
  endif()
endif()
if(SHOUMI_BUILD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Applied by shoumi_library(), shoumi_program() and shoumi_test(), not to generated code.
set(SHOUMI_WARNINGS
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-align
    -Woverloaded-virtual -Wnull-dereference -Wformat=2 -Wimplicit-fallthrough -Wundef -Werror)
