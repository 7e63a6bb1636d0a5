/*
 * A preloaded wrap of ptrace() with which linux.uml boots on processors whose XSAVE area is larger than its own.
 *
 * User-mode-linux keeps the vector state of each guest process in a buffer of a fixed size (2,696 bytes in 6.1), taken
 * by PTRACE_GETREGSET with NT_X86_XSTATE and put back by PTRACE_SETREGSET. The machine's kernel gives the beginning of
 * the area to a short buffer, but takes nothing less than the whole area back (EFAULT). A processor with AMX has an
 * area of some 11,000 bytes, so that no guest boots there. Here both calls move the whole area between the kernel and
 * a large buffer, and only the caller's part between that and the caller: what lies behind the caller's part keeps
 * the value that the traced process has.
 *
 * Compiled by xstate.py where the guest is booted: cc -shared -fPIC -O2 -o xstate.so xstate.c
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#define ROOM 65536 /* bytes; the kernel says how many of them are the area */

typedef long ptrace_call(enum __ptrace_request request, ...);

static ptrace_call *next_ptrace;
static unsigned char shared_room[ROOM];
static atomic_flag shared_room_taken = ATOMIC_FLAG_INIT;

/* Looked up before main(): later, linux.uml calls from kernel stacks of 16 KiB. So no buffer lies on the stack, too. */
__attribute__((constructor)) static void find_next_ptrace(void)
{
    next_ptrace = (ptrace_call *)dlsym(RTLD_NEXT, "ptrace");
}

/* The shared buffer, or one for this call where another call is at work with it; NULL without memory. */
static unsigned char *take_room(void)
{
    if (!atomic_flag_test_and_set(&shared_room_taken))
        return shared_room;
    void *own = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return own == MAP_FAILED ? NULL : own;
}

static void give_room_back(unsigned char *room)
{
    int problem = errno;
    if (room == shared_room)
        atomic_flag_clear(&shared_room_taken);
    else
        munmap(room, ROOM);
    errno = problem;
}

static long move_xstate(enum __ptrace_request request, pid_t pid, void *regset, struct iovec *part)
{
    unsigned char *room = take_room();
    if (room == NULL) {
        errno = ENOMEM;
        return -1;
    }
    struct iovec whole = {.iov_base = room, .iov_len = ROOM};
    long outcome = next_ptrace(PTRACE_GETREGSET, pid, regset, &whole);
    if (outcome == 0) {
        size_t length = part->iov_len < whole.iov_len ? part->iov_len : whole.iov_len;
        if (request == PTRACE_GETREGSET) {
            memcpy(part->iov_base, room, length);
        } else {
            memcpy(room, part->iov_base, length);
            outcome = next_ptrace(PTRACE_SETREGSET, pid, regset, &whole);
        }
        if (outcome == 0)
            part->iov_len = length; /* as the kernel does */
    }
    give_room_back(room);
    return outcome;
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
