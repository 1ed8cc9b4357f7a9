// operator new and delete in every form, bad_alloc, and the new handler.
#include "check.h"
#include <new>
#include <string>
#include <thread>
#include <vector>

struct alignas(256) Wide {
    char bytes[300];
};

static int handled;
static void *reserve;
static void handler() {
    if (++handled == 3) std::set_new_handler(nullptr);
}
struct Stop {};
static void throwing() { throw Stop(); }

int main() {
    size_t too_much = (size_t)(uintptr_t)hide((void *)(PTRDIFF_MAX - 4096));
    for (int i = 0; i < 1000; i++) {
        Wide *w = new Wide, *ws = new Wide[3];
        CHECK(((uintptr_t)w & 255) == 0 && ((uintptr_t)ws & 255) == 0);
        delete w;
        delete[] ws;
        char *c = new char[(size_t)i], *n = new (std::nothrow) char[(size_t)i];
        delete[] c;
        delete[] n;
        Wide *nw = new (std::nothrow) Wide;
        delete nw;
        ::operator delete(::operator new(40), (size_t)40);
    }
    bool caught = false;
    try {
        hide(::operator new(too_much));
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    CHECK(caught);
    caught = false;
    try {
        hide(::operator new[](too_much, std::align_val_t(64)));
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    CHECK(caught);
    CHECK(hide(::operator new(too_much, std::nothrow)) == nullptr);
    CHECK(hide(::operator new[](too_much, std::align_val_t(64), std::nothrow)) == nullptr);
    std::set_new_handler(handler);
    caught = false;
    try {
        hide(::operator new(too_much));
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    CHECK(caught && handled == 3);
    std::set_new_handler(throwing);
    caught = false;
    try {
        hide(::operator new(too_much));
    } catch (const Stop &) {
        caught = true;
    }
    CHECK(caught);
    std::set_new_handler(nullptr);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++)
        threads.emplace_back([] {
            thread_local std::string s(1000, 'x'); // freed by the thread's destructors
            std::vector<std::string> v;
            for (int i = 0; i < 5000; i++) v.push_back(std::to_string(i) + s);
        });
    for (auto &t : threads) t.join();
    free(reserve);
    puts("ok");
}
