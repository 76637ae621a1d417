#include <sqlite3.h>

/* Swift does not see functions with a variable number of arguments. */
static inline int latchkey_sqlite_leaves_memory_uncounted(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }
