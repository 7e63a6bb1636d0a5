/*
 * Preloaded behind xstate.so, this ptrace() behaves like the kernel of a machine with AMX on one that has none: the
 * XSAVE area is 8 KiB longer than it is, and PTRACE_SETREGSET takes nothing less than the whole of it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#define ROOM 65536
#define TILES 8192

typedef long ptrace_call(enum __ptrace_request request, ...);

static ptrace_call *next_ptrace;
static unsigned char room[ROOM]; /* linux.uml calls from one thread, so that one buffer serves */

__attribute__((constructor)) static void find_next_ptrace(void)
{
    next_ptrace = (ptrace_call *)dlsym(RTLD_NEXT, "ptrace");
}

static long move_xstate(enum __ptrace_request request, pid_t pid, void *regset, struct iovec *part)
{
    struct iovec real = {.iov_base = room, .iov_len = ROOM - TILES};
    if (next_ptrace(PTRACE_GETREGSET, pid, regset, &real) != 0)
        return -1;
    size_t whole = real.iov_len + TILES;
    size_t length = part->iov_len < whole ? part->iov_len : whole;
    if (request == PTRACE_GETREGSET) {
        memset(room + real.iov_len, 0, TILES);
        memcpy(part->iov_base, room, length);
        part->iov_len = length;
        return 0;
    }
    if (length != whole) {
        errno = EFAULT;
        return -1;
    }
    memcpy(room, part->iov_base, real.iov_len);
    part->iov_len = length;
    return next_ptrace(PTRACE_SETREGSET, pid, regset, &real);
}

long ptrace(enum __ptrace_request request, ...)
{
    va_list words;
    va_start(words, request);
    pid_t pid = va_arg(words, pid_t);
    void *address = va_arg(words, void *);
    void *data = va_arg(words, void *);
    va_end(words);
    if ((request == PTRACE_GETREGSET || request == PTRACE_SETREGSET) && (uintptr_t)address == NT_X86_XSTATE)
        return move_xstate(request, pid, address, data);
    return next_ptrace(request, pid, address, data);
}
