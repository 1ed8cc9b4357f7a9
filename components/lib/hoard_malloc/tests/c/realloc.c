// realloc in place, growth by moving pages, and contents at every step.
#include "check.h"

static void fill(unsigned char *p, size_t from, size_t to) {
    for (size_t i = from; i < to; i += 509) p[i] = (unsigned char)(i / 509);
}

static void check(const unsigned char *p, size_t to) {
    for (size_t i = 0; i < to; i += 509) CHECK(p[i] == (unsigned char)(i / 509));
}

// A line of /proc/self/status, in bytes.
static size_t status(const char *name) {
    char line[256];
    size_t kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    CHECK(f);
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, name, strlen(name))) kib = strtoul(line + strlen(name), NULL, 10);
    fclose(f);
    return kib << 10;
}

int main(void) {
    // Inside its class a block stays.
    char *small = hide(malloc(1000));
    CHECK(hide(realloc(small, 1020)) == small && hide(realloc(small, 990)) == small);
    free(small);
    // A large block grows and shrinks where it is when its neighbours are free.
    char *large = hide(malloc(100 << 10));
    CHECK(hide(realloc(large, 1 << 20)) == large);
    CHECK(hide(realloc(large, 200 << 10)) == large);
    CHECK(malloc_usable_size(large) < 512 << 10);
    free(large);
    // Every path from small through large to huge and back.
    unsigned char *p = NULL;
    size_t have = 0;
    for (size_t n = 10; n < (size_t)160 << 20; n = n * 3 / 2 + 7) {
        p = hide(realloc(p, n));
        CHECK(p);
        check(p, have);
        fill(p, 0, n);
        have = n;
    }
    // A huge block grows by moving its pages: at no time is there a second copy of them.
    CHECK(have > (size_t)64 << 20);
    memset(p + have / 2, 1, have - have / 2);
    fill(p, 0, have);
    size_t resident = status("VmRSS:");
    size_t n = (size_t)600 << 20;
    p = hide(realloc(p, n));
    CHECK(status("VmRSS:") < resident + (1 << 20) && status("VmHWM:") < resident + have / 2);
    check(p, have);
    for (; n > 10; n = n / 3) {
        p = hide(realloc(p, n));
        check(p, n < have ? n : have);
    }
    free(p);
    puts("ok");
    return 0;
}
