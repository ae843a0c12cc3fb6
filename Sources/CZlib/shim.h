// zlib, with functions in place of the macros that Swift cannot import.
#ifndef POSTERN_CZLIB_H
#define POSTERN_CZLIB_H
#include <zlib.h>
static inline int postern_deflateInit2(z_stream *s, int level, int windowBits, int memLevel) {
    return deflateInit2(s, level, Z_DEFLATED, windowBits, memLevel, Z_DEFAULT_STRATEGY);
}
static inline int postern_inflateInit2(z_stream *s, int windowBits) { return inflateInit2(s, windowBits); }
#endif
