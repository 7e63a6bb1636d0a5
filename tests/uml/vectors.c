/*
 * Run in the guest: two processes keep patterns of their own in all vector registers that the processor has, over many
 * system calls and switches between them, and look whether the patterns are still whole. Prints the width of the
 * registers in bytes; exits 1 where a register changed.
 */
#include <immintrin.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 2000

/* The system calls are made between load and store in one asm block, so that the compiler uses no register between. */
#define KEEP(name, isa, move, registers, width)                                                                        \
    __attribute__((target(isa))) static int name(unsigned char seed)                                                   \
    {                                                                                                                  \
        unsigned char wanted[width], first[width], last[width];                                                        \
        for (int round = 0; round < ROUNDS; round++) {                                                                 \
            memset(wanted, seed ^ round, width);                                                                       \
            wanted[round % width] ^= 0x55;                                                                             \
            long ignored;                                                                                              \
            __asm__ volatile(move " (%[wanted]), %%" registers "0\n\t"                                                 \
                             move " (%[wanted]), %%" registers "15\n\t"                                                \
                             "syscall\n\t"                                                                             \
                             move " %%" registers "0, (%[first])\n\t"                                                  \
                             move " %%" registers "15, (%[last])\n\t"                                                  \
                             : "=a"(ignored)                                                                           \
                             : "a"((long)SYS_sched_yield), [wanted] "r"(wanted), [first] "r"(first), [last] "r"(last)  \
                             : "rcx", "r11", "memory", "xmm0", "xmm15");                                               \
            if (memcmp(first, wanted, width) != 0 || memcmp(last, wanted, width) != 0)                                 \
                return 1;                                                                                              \
        }                                                                                                              \
        return 0;                                                                                                      \
    }

KEEP(keep_xmm, "sse2", "movdqu", "xmm", 16)
KEEP(keep_ymm, "avx", "vmovdqu", "ymm", 32)
KEEP(keep_zmm, "avx512f", "vmovdqu64", "zmm", 64)

int main(void)
{
    int (*keep)(unsigned char) = keep_xmm;
    int width = 16, status = 0;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx")) {
        keep = keep_ymm;
        width = 32;
    }
    if (__builtin_cpu_supports("avx512f")) {
        keep = keep_zmm;
        width = 64;
    }
    pid_t child = fork();
    if (child == 0)
        _exit(keep(0xa0));
    int changed = keep(0x0b);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 2;
    printf("%d\n", width);
    return changed || status != 0;
}
