// Memory comes back: to the system after a peak, and to other classes; mallinfo2 adds up.
#include "check.h"

static size_t resident(void) {
    size_t total, pages;
    FILE *f = fopen("/proc/self/statm", "r");
    CHECK(f && fscanf(f, "%zu %zu", &total, &pages) == 2);
    fclose(f);
    return pages * 4096;
}

int main(void) {
    enum { N = 400000 };
    static void *p[N];
    size_t before = resident(), in_use = mallinfo2().uordblks;
    for (int i = 0; i < N; i++) memset(p[i] = malloc(512), 1, 512);
    CHECK(mallinfo2().uordblks - in_use == (size_t)N * 512);
    size_t peak = resident();
    CHECK(peak - before >= (size_t)N * 512);
    for (int i = 0; i < N; i++) free(p[i]);
    CHECK(mallinfo2().uordblks == in_use);
    size_t after = resident();
    CHECK(after - before < (peak - before) / 2);
    // Another class uses what is idle; how much that is depends on how long the frees took.
    size_t idle = mallinfo2().keepcost, need = (size_t)N / 40 * 768 * 9 / 8;
    for (int i = 0; i < N / 40; i++) memset(p[i] = malloc(768), 1, 768);
    CHECK(resident() < after + (1 << 20) + (need > idle ? need - idle : 0));
    for (int i = 0; i < N / 40; i++) free(p[i]);
    malloc_trim(0);
    CHECK(resident() < before + (4 << 20));
    struct mallinfo2 info = mallinfo2();
    CHECK(info.arena >= info.uordblks && info.hblks == 0);
    void *huge = hide(malloc((size_t)100 << 20));
    CHECK(mallinfo2().hblks == 1 && mallinfo2().hblkhd == (size_t)100 << 20);
    free(huge);
    malloc_stats();
    puts("ok");
    return 0;
}
