#ifndef POSTERN_CNGHTTP2_H
#define POSTERN_CNGHTTP2_H
#include <nghttp2/nghttp2.h>
#endif
