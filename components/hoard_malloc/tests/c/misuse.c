// Mistakes that must be reported, one a run.
#include "check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    char *p = hide(malloc(100)), *q = hide(malloc(100));
    char local[64];
    switch (atoi(argv[1])) {
    case 0: free(p); free(hide(p)); break;                       // double free at once
    case 1: free(hide(local)); break;                            // a stack address
    case 2: free(hide((void *)0x123456789000)); break;           // nowhere
    case 3: { char *l = hide(malloc(300000)); free(l); free(hide(l)); break; } // large, twice
    case 4: { char *h = hide(malloc(100 << 20)); free(h); free(hide(h)); break; } // huge, twice
    case 5: { char *l = hide(malloc(300000)); free(hide(l + 4096)); break; }   // into a block
    case 6: free(hide((void *)0xffff888000000000)); break;       // a kernel address
    case 7: p = hide(realloc(hide(local), 10)); break;           // realloc of a stack address
    case 8: {                                                    // more frees than blocks
        char *b[3000];
        for (int i = 0; i < 3000; i++) b[i] = hide(malloc(64));
        for (int n = 0; n < 2; n++) for (int i = 0; i < 3000; i++) free(hide(b[i]));
        break;
    }
    case 9: {                                                    // written after free
        char *b[4000];
        for (int i = 0; i < 4000; i++) b[i] = hide(malloc(64));
        for (int i = 0; i < 4000; i++) free(b[i]);
        for (int i = 0; i < 4000; i++) memset(hide(b[i]), 0x41, 8);
        for (int i = 0; i < 4000; i++) hide(malloc(64));
        break;
    }
    }
    (void)q;
    puts("not noticed");
    return 0;
}
