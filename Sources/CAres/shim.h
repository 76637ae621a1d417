// The calls that every c-ares since 1.16 has; later ones mark some of them as superseded.
#define CARES_NO_DEPRECATED
#include <ares.h>

// Macros in some releases and an enumeration in others: as the functions return them.
static const int LATCHKEY_ARES_SUCCESS = ARES_SUCCESS;
static const int LATCHKEY_ARES_ENODATA = ARES_ENODATA;
static const int LATCHKEY_ARES_ENOTFOUND = ARES_ENOTFOUND;
static const int LATCHKEY_ARES_ECONNREFUSED = ARES_ECONNREFUSED;
static const int LATCHKEY_ARES_ETIMEOUT = ARES_ETIMEOUT;
static const int LATCHKEY_ARES_EDESTRUCTION = ARES_EDESTRUCTION;
static const int LATCHKEY_ARES_ECANCELLED = ARES_ECANCELLED;
