# tessera_add_subdirectories(dir...): those of the folders that have a CMakeLists.txt
function(tessera_add_subdirectories)
	foreach(dir IN LISTS ARGN)
		if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/CMakeLists.txt)
			add_subdirectory(${dir})
		endif()
	endforeach()
endfunction()

# tessera_test(NAME name SOURCES file... LIBS target... [TIMEOUT s] [LABELS l...]): a cmocka unit
# test; its name mirrors the tested source, e.g. unit/pipeline/rtp/jitter
function(tessera_test)
	cmake_parse_arguments(T "" "NAME;TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
	string(REPLACE "/" "_" target test_${T_NAME})
	add_executable(${target} ${T_SOURCES})
	target_link_libraries(${target} PRIVATE ${T_LIBS} cmocka)
	target_sources(${target} PRIVATE $<TARGET_OBJECTS:tess_test_as_program>)
	# the tests of whole boxes, which run beside them in the release build, go by the clock
	if(TESSERA_SANITIZE)
		add_test(NAME ${T_NAME} COMMAND ${target})
	else()
		add_test(NAME ${T_NAME} COMMAND nice $<TARGET_FILE:${target}>)
	endif()
	# how long it may take shows nothing: this is for those that hang, not for those that a busy machine keeps waiting
	if(NOT T_TIMEOUT OR T_TIMEOUT LESS 240)
		set(T_TIMEOUT 240)
	endif()
	if(TESSERA_SANITIZE)
		math(EXPR T_TIMEOUT "4 * ${T_TIMEOUT}")
	endif()
	set_tests_properties(${T_NAME} PROPERTIES TIMEOUT ${T_TIMEOUT})
	if(T_LABELS)
		set_tests_properties(${T_NAME} PROPERTIES LABELS "${T_LABELS}")
	endif()
endfunction()

add_custom_target(fuzz-targets)

# tessera_fuzz(NAME name SOURCES file... LIBS target...): a libFuzzer target fuzz_<name>; its corpus
# is tests/fuzz/corpus/<name>. Without TESSERA_FUZZ the corpus is replayed as a plain test.
function(tessera_fuzz)
	cmake_parse_arguments(F "" "NAME" "SOURCES;LIBS" ${ARGN})
	set(corpus ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${F_NAME})
	add_executable(fuzz_${F_NAME} ${F_SOURCES})
	target_link_libraries(fuzz_${F_NAME} PRIVATE ${F_LIBS})
	if(TESSERA_FUZZ)
		target_link_options(fuzz_${F_NAME} PRIVATE -fsanitize=fuzzer)
		add_dependencies(fuzz-targets fuzz_${F_NAME})
		add_test(NAME fuzz/${F_NAME} COMMAND ${CMAKE_SOURCE_DIR}/tests/fuzz/run
			$<TARGET_FILE:fuzz_${F_NAME}> ${corpus})
		set_tests_properties(fuzz/${F_NAME} PROPERTIES TIMEOUT 1200 LABELS fuzz)
	else()
		target_sources(fuzz_${F_NAME} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
		add_test(NAME corpus/${F_NAME} COMMAND fuzz_${F_NAME} ${corpus})
	endif()
endfunction()
