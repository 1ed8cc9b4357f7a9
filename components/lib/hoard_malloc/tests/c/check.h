// What every test program needs.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(cond)                                                                         \
    do {                                                                                    \
        if (!(cond)) {                                                                      \
            fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #cond);             \
            _exit(1);                                                                       \
        }                                                                                   \
    } while (0)

// Keeps the compiler from reasoning about allocation.
static void *hide(void *p) {
    __asm__ volatile("" : "+r"(p) : : "memory");
    return p;
}
