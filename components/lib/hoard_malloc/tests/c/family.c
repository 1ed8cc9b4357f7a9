// The whole family: sizes, alignment, errno, overflow.
#include "check.h"

__attribute__((weak)) void free_sized(void *, size_t);
__attribute__((weak)) void free_aligned_sized(void *, size_t, size_t);

static size_t huge_size(void) { return (size_t)(uintptr_t)hide((void *)(PTRDIFF_MAX - 4096)); }

int main(void) {
    CHECK(free_sized && free_aligned_sized);
    errno = 7;
    for (size_t n = 0; n < 200000; n = n * 9 / 8 + 1) {
        char *p = hide(malloc(n));
        CHECK(p && malloc_usable_size(p) >= n);
        CHECK(((uintptr_t)p & (n > 8 ? 15 : 7)) == 0);
        memset(p, 0x5a, malloc_usable_size(p));
        char *z = hide(calloc(1, n));
        for (size_t i = 0; i < n; i++) CHECK(z[i] == 0);
        p = hide(realloc(p, n * 2 + 1));
        for (size_t i = 0; i < n; i++) CHECK(p[i] == 0x5a);
        p = hide(realloc(p, n / 2 + 1));
        for (size_t i = 0; i < n / 2; i++) CHECK(p[i] == 0x5a);
        free(p);
        free_sized(z, n);
    }
    for (size_t align = 1; align <= (size_t)1 << 30; align *= 2) {
        char *p = hide(aligned_alloc(align, 100));
        CHECK(p && ((uintptr_t)p & (align - 1)) == 0 && malloc_usable_size(p) >= 100);
        memset(p, 1, 100);
        void *none = hide(aligned_alloc(align, 0));
        CHECK(none && ((uintptr_t)none & (align - 1)) == 0);
        free(none);
        char *q = hide(memalign(align, 70000));
        CHECK(q && ((uintptr_t)q & (align - 1)) == 0);
        memset(q, 2, 70000);
        void *r = NULL;
        if (align >= sizeof(void *)) {
            CHECK(posix_memalign(&r, align, 3 * align > 1 << 28 ? 5 : 3 * align) == 0);
            CHECK(((uintptr_t)r & (align - 1)) == 0);
        }
        CHECK(p[99] == 1 && q[69999] == 2);
        free(p);
        free_aligned_sized(q, align, 70000);
        free(r);
    }
    char *v = hide(valloc(5)), *w = hide(pvalloc(5000));
    CHECK(((uintptr_t)v & 4095) == 0 && ((uintptr_t)w & 4095) == 0 && malloc_usable_size(w) >= 8192);
    free(v);
    free(w);
    free(hide(memalign(24, 10)));
    free(NULL);
    CHECK(errno == 7); // nothing that succeeds touches it

    errno = 0;
    CHECK(hide(malloc(huge_size())) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(hide(malloc(SIZE_MAX)) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(hide(calloc(huge_size(), 16)) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(hide(calloc(SIZE_MAX / 2, 3)) == NULL && errno == ENOMEM);
    errno = 0;
    char *p = hide(malloc(10));
    strcpy(p, "still");
    CHECK(hide(realloc(p, huge_size())) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(hide(reallocarray(p, SIZE_MAX / 4, 5)) == NULL && errno == ENOMEM);
    CHECK(strcmp(p, "still") == 0);
    p = hide(reallocarray(p, 100, 10));
    CHECK(strcmp(p, "still") == 0);
    free(p);
    errno = 0;
    void *out = &out;
    CHECK(posix_memalign(&out, 3, 10) == EINVAL && posix_memalign(&out, 4, 10) == EINVAL);
    CHECK(posix_memalign(&out, 64, huge_size()) == ENOMEM && out == &out && errno == 0);
    CHECK(aligned_alloc(48, 10) == NULL && errno == EINVAL);
    errno = 0;
    CHECK(hide(pvalloc(SIZE_MAX)) == NULL && errno == ENOMEM);
    CHECK(hide(memalign((size_t)1 << 30, huge_size())) == NULL);
    CHECK(realloc(malloc(5), 0) == NULL);
    puts("ok");
    return 0;
}
