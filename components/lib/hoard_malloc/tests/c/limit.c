// The system has no more: null and ENOMEM from every function, nothing lost, and all is well once
// memory is freed.
#include "check.h"
#include <sys/resource.h>

enum { MOST = 200000 };
// More than what may be left when a small block cannot be had: segments are 32 MiB, aligned.
#define BIG ((size_t)100 << 20)
static void *held[MOST];

static size_t take_all(size_t size) {
    size_t n = 0;
    errno = 0;
    while (n < MOST && (held[n] = hide(malloc(size)))) {
        *(char *)held[n++] = 1;
        CHECK(errno == 0);
    }
    CHECK(n < MOST && errno == ENOMEM);
    return n;
}

int main(void) {
    char *kept = hide(malloc(3000));
    memset(kept, 7, 3000);
    void *aligned = &aligned;
    struct rlimit limit = {(rlim_t)300 << 20, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    // Mappings of their own, while the address space is not taken by segments, which stay.
    size_t mapped[2];
    for (int round = 0; round < 2; round++) {
        size_t n = mapped[round] = take_all(20 << 20);
        CHECK(n > 5);
        while (n > 0) free(held[--n]);
    }
    CHECK(mapped[0] == mapped[1]);
    malloc_trim(0);
    size_t before[5] = {0};
    for (int round = 0; round < 3; round++) {
        size_t sizes[] = {2000, 9000, 100000, 1 << 20, 12 << 20};
        for (int i = 0; i < 5; i++) {
            size_t n = take_all(sizes[i]);
            CHECK(n * sizes[i] > (size_t)100 << 20);
            // No round gets less than the first: nothing was lost.
            CHECK(round == 0 || n * 20 >= before[i] * 19);
            if (round == 0) before[i] = n;
            errno = 0;
            CHECK(!hide(calloc(1, BIG)) && errno == ENOMEM);
            errno = 0;
            CHECK(!hide(realloc(kept, BIG)) && errno == ENOMEM);
            errno = 0;
            CHECK(!hide(reallocarray(kept, 1 << 10, BIG >> 10)) && errno == ENOMEM);
            errno = 0;
            CHECK(!hide(aligned_alloc(1 << 20, BIG)) && errno == ENOMEM);
            errno = 0;
            CHECK(!hide(memalign(1 << 20, BIG)) && errno == ENOMEM);
            errno = 0;
            CHECK(!hide(valloc(BIG)) && errno == ENOMEM);
            errno = 0;
            CHECK(!hide(pvalloc(BIG)) && errno == ENOMEM);
            errno = 0;
            CHECK(posix_memalign(&aligned, 1 << 20, BIG) == ENOMEM);
            CHECK(aligned == &aligned && errno == 0);
            for (int k = 0; k < 3000; k++) CHECK(kept[k] == 7);
            while (n > 0) free(held[--n]);
            CHECK(errno == 0);
        }
    }
    puts("ok");
    return 0;
}
