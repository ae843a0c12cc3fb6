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
enum { POSTERN_RESOLVE_NO_MAGICLINKS = 0x02, POSTERN_RESOLVE_BENEATH = 0x08 };

static inline int postern_openat2(int directory, const char *path, const struct postern_open_how *how) {
    return (int)syscall(SYS_openat2, directory, path, how, sizeof(*how));
}

#endif
