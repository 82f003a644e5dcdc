/* Memory for a libminbearer that was built without an operating system, where there is a C library. */
#include "minbearer.h"
#include <stdlib.h>

void *minbearer_allocate(size_t size) { return malloc(size); }
void minbearer_release(void *memory) { free(memory); }
void minbearer_out_of_memory(void) { abort(); }
