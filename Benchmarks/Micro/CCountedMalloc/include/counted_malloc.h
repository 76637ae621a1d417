#pragma once
#include <stdint.h>

/// How often memory was asked for since the process began.
uint64_t counted_malloc_calls(void);
