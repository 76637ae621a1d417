// PostgreSQL's client library, release 14 or later: the first with pipelines.
#include <libpq-fe.h>
