// Allocation before main, in constructors, and after main, in destructors and atexit.
#include "check.h"

static char *kept;

__attribute__((constructor(101))) static void first(void) {
    kept = hide(malloc(1000));
    memset(kept, 3, 1000);
    free(hide(calloc(10, 100)));
}

__attribute__((destructor)) static void last(void) {
    CHECK(kept[999] == 3);
    free(kept);
    free(hide(malloc(100000)));
    (void)!write(1, "ok\n", 3);
}

static void at_exit(void) { free(hide(malloc(20))); }

int main(void) {
    CHECK(kept[0] == 3);
    atexit(at_exit);
    setenv("A", "B", 1);
    return 0;
}
