# `./dev test --sanitize thread|address`: a build of its own, in which everything of ours is
# instrumented and Debian's libraries are not; docs/adr/0013 says what is seen so.
set(FLEETCAST_SANITIZE "" CACHE STRING "thread, or address (and undefined behaviour)")
set(FLEETCAST_SANITIZER_OBJECTS "")
# Tests are compiled once and run for a moment: half the compiler's time would go into optimizing them.
set(FLEETCAST_TEST_OPTIMIZATION -O1)
if(FLEETCAST_SANITIZE STREQUAL "thread")
  set(instruments -fsanitize=thread)
  set(quiet -Wno-tsan) # libstdc++'s and protobuf's fences; each has an atomic beside it
elseif(FLEETCAST_SANITIZE STREQUAL "address")
  # -O1 would take half as long again to compile.
  set(instruments -fsanitize=address,undefined -fno-sanitize-recover=undefined)
  set(FLEETCAST_TEST_OPTIMIZATION -Og)
elseif(FLEETCAST_SANITIZE)
  message(FATAL_ERROR "FLEETCAST_SANITIZE is thread or address, not '${FLEETCAST_SANITIZE}'")
endif()
if(FLEETCAST_SANITIZE)
  # gcc's own warnings about lifetimes are wrong about instrumented code.
  add_compile_options(${instruments} ${quiet} ${FLEETCAST_TEST_OPTIMIZATION} -g1 -fno-omit-frame-pointer
    -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds)
  add_link_options(${instruments})
  add_library(sanitizer_options OBJECT
    ${CMAKE_SOURCE_DIR}/tests/support/sanitizers/${FLEETCAST_SANITIZE}.cc)
  set(FLEETCAST_SANITIZER_OBJECTS $<TARGET_OBJECTS:sanitizer_options>)
  if(FLEETCAST_SANITIZE STREQUAL "thread")
    target_link_libraries(sanitizer_options PRIVATE absl::synchronization)
  endif()
endif()
