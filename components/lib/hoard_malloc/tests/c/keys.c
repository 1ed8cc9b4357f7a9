// A program that takes every key of thread-local data before it allocates: its threads cannot give
// their heaps back when they end, but everything else works, fork too.
#include "check.h"

static void *work(void *arg) {
    (void)arg;
    for (int i = 0; i < 1000; i++) free(hide(malloc((size_t)i * 7)));
    return hide(malloc(100));
}

int main(void) {
    pthread_key_t key;
    int keys = 0;
    while (pthread_key_create(&key, NULL) == 0) keys++;
    CHECK(keys > 100);
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        void *block;
        CHECK(!pthread_create(&thread, NULL, work, NULL) && !pthread_join(thread, &block));
        free(block);
    }
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        alarm(20);
        free(work(NULL));
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    puts("ok");
    return 0;
}
