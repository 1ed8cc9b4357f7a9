// Mistakes that must be reported, one a run. The pointer that is about to be misused is the last line
// of output.
#include "check.h"

static void *about(void *p) {
    char line[32];
    (void)!write(1, line, (size_t)snprintf(line, sizeof line, "%p\n", p));
    return hide(p);
}

static void *allocate(void *size) { return malloc((size_t)(uintptr_t)size); }

static char *from_another_thread(size_t size) {
    pthread_t thread;
    void *block;
    CHECK(!pthread_create(&thread, NULL, allocate, (void *)size) && !pthread_join(thread, &block));
    return block;
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    char *p = hide(malloc(100)), *q = hide(malloc(100));
    char local[64];
    switch (atoi(argv[1])) {
    case 0: free(p); free(about(p)); break;                       // double free at once
    case 1: free(about(local)); break;                            // a stack address
    case 2: free(about((void *)0x123456789000)); break;           // nowhere
    case 3: { char *l = hide(malloc(300000)); free(l); free(about(l)); break; } // large, twice
    case 4: { char *h = hide(malloc(100 << 20)); free(h); free(about(h)); break; } // huge, twice
    case 5: { char *l = hide(malloc(300000)); free(about(l + 4096)); break; }   // into a large block
    case 6: free(about((void *)0xffff888000000000)); break;       // a kernel address
    case 7: p = hide(realloc(about(local), 10)); break;           // realloc of a stack address
    case 8: {                                                     // a superblock that is gone
        char *b[3000];
        for (int i = 0; i < 3000; i++) b[i] = hide(malloc(64));
        for (int n = 0; n < 2; n++) for (int i = 0; i < 3000; i++) free(about(b[i]));
        break;
    }
    case 9: {                                                     // written after free
        char *b[4000];
        for (int i = 0; i < 4000; i++) b[i] = hide(malloc(64));
        for (int i = 0; i < 4000; i++) free(b[i]);
        for (int i = 0; i < 4000; i++) memset(hide(b[i]), 0x41, 8);
        for (int i = 0; i < 4000; i++) hide(malloc(64));
        break;
    }
    case 10: {                                                    // more frees than blocks
        char *b[10];
        for (int i = 0; i < 10; i++) b[i] = hide(malloc(730));
        for (int n = 0; n < 2; n++) for (int i = 0; i < 10; i++) free(about(b[i]));
        break;
    }
    case 11: { char *b = from_another_thread(640); free(about(b + 16)); break; } // into its block
    case 12: {                                                    // another thread's, twice in a row
        char *b = from_another_thread(640);
        free(b);
        free(about(b));
        break;
    }
    case 13: {                            // into a large block where there were small ones
        char *b[100];
        for (int i = 0; i < 100; i++) b[i] = hide(malloc(20000));
        for (int i = 0; i < 100; i++) free(b[i]);
        char *l = hide(malloc(1500000));
        free(about(l + 3 * 65536 + 128));
        break;
    }
    case 14: { char *l = hide(malloc(300000)); free(l); l = hide(realloc(about(l), 10)); break; }
    }
    (void)q;
    puts("not noticed");
    return 0;
}
