// fork while other threads allocate and free: the child allocates, makes threads, and frees what
// threads that it does not have allocated.
#include "check.h"

static volatile int stop;

static void *churn(void *arg) {
    uint32_t x = (uint32_t)(uintptr_t)arg;
    void *held[64] = {0};
    while (!stop) {
        x = x * 1664525 + 1013904223;
        int i = x >> 26;
        free(held[i]);
        held[i] = malloc((x >> 8) % 60000 + 1);
        *(char *)held[i] = 1;
    }
    for (int i = 0; i < 64; i++) free(held[i]);
    return NULL;
}

enum { GIVEN = 400 };
static char *given[GIVEN];

static size_t size_of_given(int i) { return 8 + (size_t)i * i % 70000; }

// Allocates for the main thread, and lives until the end.
static void *give(void *arg) {
    for (int i = 0; i < GIVEN; i++) memset(given[i] = malloc(size_of_given(i)), i, size_of_given(i));
    *(volatile int *)arg = 1;
    return churn((void *)7);
}

int main(void) {
    volatile int all_given = 0;
    pthread_t giver;
    CHECK(!pthread_create(&giver, NULL, give, (void *)&all_given));
    while (!all_given) usleep(100);
    pthread_t threads[3];
    for (intptr_t i = 0; i < 3; i++) CHECK(!pthread_create(&threads[i], NULL, churn, (void *)(i + 1)));
    for (int n = 0; n < 60; n++) {
        char *mine = malloc(100);
        strcpy(mine, "parent");
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            alarm(20); // a lock left held would hang here
            CHECK(strcmp(mine, "parent") == 0);
            free(mine);
            for (int i = 0; i < 300; i++) {
                char *p = malloc((size_t)i * 401 + 1), *q = realloc(malloc(10), (size_t)i * 1000 + 1);
                memset(p, 1, (size_t)i * 401 + 1);
                free(p);
                free(q);
            }
            free(malloc((size_t)40 << 20));
            for (int i = 0; i < GIVEN; i++) {
                for (size_t k = 0; k < size_of_given(i); k++) CHECK(given[i][k] == (char)i);
                if (i % 2) given[i] = realloc(given[i], size_of_given(i) * 2);
                CHECK(given[i] && given[i][0] == (char)i);
                free(given[i]);
            }
            stop = 1;
            pthread_t t;
            CHECK(!pthread_create(&t, NULL, churn, (void *)9) && !pthread_join(t, NULL));
            _exit(0);
        }
        int status;
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
        free(mine);
    }
    stop = 1;
    for (int i = 0; i < 3; i++) CHECK(!pthread_join(threads[i], NULL));
    CHECK(!pthread_join(giver, NULL));
    for (int i = 0; i < GIVEN; i++) {
        CHECK(given[i][size_of_given(i) - 1] == (char)i);
        free(given[i]);
    }
    puts("ok");
    return 0;
}
