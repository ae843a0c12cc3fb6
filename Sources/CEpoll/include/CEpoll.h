// Kernel interfaces that Swift's Glibc module leaves out: epoll, eventfd, signalfd, accept4.
#ifndef POSTERN_CEPOLL_H
#define POSTERN_CEPOLL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#endif
