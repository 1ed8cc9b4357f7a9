// Every name that reaches a heap is the preloaded library's: one that is not would mix two heaps.
#include "check.h"
#include <dlfcn.h>

static const char *names[] = {
    // C
    "malloc", "calloc", "realloc", "reallocarray", "free", "cfree", "free_sized",
    "free_aligned_sized", "posix_memalign", "aligned_alloc", "memalign", "valloc", "pvalloc",
    "malloc_usable_size", "malloc_trim", "malloc_stats", "malloc_info", "mallinfo", "mallinfo2",
    "mallopt",
    // glibc's own names for them
    "__libc_malloc", "__libc_calloc", "__libc_realloc", "__libc_reallocarray", "__libc_free",
    "__libc_cfree", "__libc_memalign", "__libc_valloc", "__libc_pvalloc", "__libc_mallopt",
    "__libc_mallinfo", "__posix_memalign",
    // operator new and new[]: plain, nothrow, aligned, aligned and nothrow
    "_Znwm", "_ZnwmRKSt9nothrow_t", "_ZnwmSt11align_val_t", "_ZnwmSt11align_val_tRKSt9nothrow_t",
    "_Znam", "_ZnamRKSt9nothrow_t", "_ZnamSt11align_val_t", "_ZnamSt11align_val_tRKSt9nothrow_t",
    // operator delete and delete[]: plain, sized, nothrow, aligned, sized and aligned, aligned and nothrow
    "_ZdlPv", "_ZdlPvm", "_ZdlPvRKSt9nothrow_t", "_ZdlPvSt11align_val_t", "_ZdlPvmSt11align_val_t",
    "_ZdlPvSt11align_val_tRKSt9nothrow_t", "_ZdaPv", "_ZdaPvm", "_ZdaPvRKSt9nothrow_t",
    "_ZdaPvSt11align_val_t", "_ZdaPvmSt11align_val_t", "_ZdaPvSt11align_val_tRKSt9nothrow_t",
};

int main(void) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *symbol = dlsym(RTLD_DEFAULT, names[i]);
        Dl_info info;
        if (!symbol || !dladdr(symbol, &info) || !strstr(info.dli_fname, "libhoard_malloc.so")) {
            fprintf(stderr, "%s is %s's\n", names[i], symbol ? info.dli_fname : "nobody");
            return 1;
        }
    }
    // A block of one name is a block of the others.
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))dlsym(RTLD_DEFAULT, "__libc_malloc");
    void (*libc_free)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "__libc_free");
    free(hide(libc_malloc(100)));
    libc_free(hide(malloc(100)));

    CHECK(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1 && mallopt(M_ARENA_MAX, 1) == 1);
    CHECK(mallopt(M_PERTURB, 1) == 0 && mallopt(77, 1) == 0);
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    void *huge = hide(malloc((size_t)100 << 20));
    CHECK(stream && malloc_info(0, stream) == 0 && malloc_info(1, stream) == EINVAL);
    CHECK(fclose(stream) == 0);
    CHECK(strncmp(text, "<malloc version=\"1\">\n", 21) == 0);
    CHECK(strcmp(text + size - 10, "</malloc>\n") == 0);
    CHECK(strstr(text, "<total type=\"mmap\" count=\"1\" size=\"104857600\"/>"));
    free(huge);
    free(text);
    puts("ok");
    return 0;
}
