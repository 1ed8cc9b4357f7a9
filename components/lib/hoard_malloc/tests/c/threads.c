// Threads that end with blocks outstanding, free what they never allocated, and allocate while
// they end.
#include "check.h"

enum { ROUNDS = 200, BLOCKS = 500 };
static void *blocks[BLOCKS];
static pthread_key_t early, late;
static int destroyed;

static void destructor(void *value) {
    // Runs before or after the allocator's own; both must do.
    char *p = hide(malloc(300));
    memset(p, 1, 300);
    free(value);
    free(p);
    void *leak = hide(malloc(40));
    static int again;
    if (__sync_fetch_and_add(&again, 1) % 3 == 0)
        pthread_setspecific(late, leak);
    else
        free(leak);
    __sync_fetch_and_add(&destroyed, 1);
}

static void *producer(void *arg) {
    pthread_setspecific(early, malloc(50));
    pthread_setspecific(late, malloc(60));
    for (int i = 0; i < BLOCKS; i++) {
        size_t n = 8 + (size_t)((i * 37 + (int)(intptr_t)arg) % 3000);
        blocks[i] = malloc(n);
        memset(blocks[i], i, n);
    }
    return malloc(77);
}

static void *consumer(void *arg) {
    (void)arg; // never allocates
    for (int i = 0; i < BLOCKS; i++) {
        CHECK(*(unsigned char *)blocks[i] == (unsigned char)i);
        free(blocks[i]);
    }
    return NULL;
}

int main(void) {
    CHECK(pthread_key_create(&early, destructor) == 0);
    free(malloc(1));
    CHECK(pthread_key_create(&late, destructor) == 0);
    size_t settled = 0;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t a, b;
        void *result;
        CHECK(pthread_create(&a, NULL, producer, (void *)(intptr_t)round) == 0);
        CHECK(pthread_join(a, &result) == 0);
        free(result);
        CHECK(pthread_create(&b, NULL, consumer, NULL) == 0);
        CHECK(pthread_join(b, NULL) == 0);
        struct mallinfo2 info = mallinfo2();
        if (round == 10) settled = info.arena;
        if (round > 10) CHECK(info.arena <= settled * 2);
    }
    CHECK(destroyed >= 2 * ROUNDS);
    puts("ok");
    return 0;
}
