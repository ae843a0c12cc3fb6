// Kernel and libc interfaces that Swift's Glibc module leaves out: epoll, eventfd, signalfd, openat2
// and three functions that glibc hides behind _GNU_SOURCE. That macro stays undefined here: it would
// change the shape of types that Swift's own Glibc module has already defined.
#ifndef POSTERN_CEPOLL_H
#define POSTERN_CEPOLL_H

#include <linux/filter.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

extern int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);
extern int pthread_setname_np(pthread_t thread, const char *name);
extern const char *strerrordesc_np(int code);

// openat2(2) has no wrapper in glibc, and Swift does not import the variadic syscall(2).
struct postern_open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};
enum { POSTERN_RESOLVE_NO_MAGICLINKS = 0x02, POSTERN_RESOLVE_BENEATH = 0x08, POSTERN_RESOLVE_CACHED = 0x20 };

static inline int postern_openat2(int directory, const char *path, const struct postern_open_how *how) {
    return (int)syscall(SYS_openat2, directory, path, how, sizeof(*how));
}

// preadv2(2) with RWF_NOWAIT: what is in the page cache, or EAGAIN. glibc hides it too. The offset is split for machines of
// 32 bits; where a long has 64 the second half is passed over.
static inline ssize_t postern_read_cached(int file, void *bytes, size_t count, int64_t offset) {
    struct iovec room = {bytes, count};
    const int nowait = 0x08;
    return syscall(SYS_preadv2, file, &room, 1, (long)offset, (long)(offset >> 31 >> 1), nowait);
}

#endif
