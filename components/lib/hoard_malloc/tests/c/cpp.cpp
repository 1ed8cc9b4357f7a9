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

// One form of new with one of delete that may free its blocks: both as functions, for all sizes.
template <class New, class Delete> static void pair(New make, Delete drop, size_t align) {
    for (size_t n = 0; n < 300000; n = n * 3 / 2 + 1) {
        char *p = (char *)hide(make(n)), *q = (char *)hide(make(n));
        CHECK(p && q && p != q);
        if (align) CHECK(((uintptr_t)p & (align - 1)) == 0 && ((uintptr_t)q & (align - 1)) == 0);
        CHECK(malloc_usable_size(p) >= n);
        memset(p, 1, n);
        memset(q, 2, n);
        CHECK(n == 0 || (p[0] == 1 && p[n - 1] == 1));
        drop(p, n);
        drop(q, n);
    }
    drop(nullptr, 0);
}

static void every_form() {
    const std::nothrow_t &no = std::nothrow;
    const std::align_val_t wide{512};
    pair([](size_t n) { return ::operator new(n); }, [](void *p, size_t) { ::operator delete(p); }, 0);
    pair([](size_t n) { return ::operator new[](n); }, [](void *p, size_t) { ::operator delete[](p); }, 0);
    pair([](size_t n) { return ::operator new(n); }, [](void *p, size_t n) { ::operator delete(p, n); }, 0);
    pair([](size_t n) { return ::operator new[](n); }, [](void *p, size_t n) { ::operator delete[](p, n); }, 0);
    pair([&](size_t n) { return ::operator new(n, no); }, [&](void *p, size_t) { ::operator delete(p, no); }, 0);
    pair([&](size_t n) { return ::operator new[](n, no); }, [&](void *p, size_t) { ::operator delete[](p, no); }, 0);
    pair([=](size_t n) { return ::operator new(n, wide); },
         [=](void *p, size_t) { ::operator delete(p, wide); }, 512);
    pair([=](size_t n) { return ::operator new[](n, wide); },
         [=](void *p, size_t) { ::operator delete[](p, wide); }, 512);
    pair([=](size_t n) { return ::operator new(n, wide); },
         [=](void *p, size_t n) { ::operator delete(p, n, wide); }, 512);
    pair([=](size_t n) { return ::operator new[](n, wide); },
         [=](void *p, size_t n) { ::operator delete[](p, n, wide); }, 512);
    pair([&](size_t n) { return ::operator new(n, wide, no); },
         [&](void *p, size_t) { ::operator delete(p, wide, no); }, 512);
    pair([&](size_t n) { return ::operator new[](n, wide, no); },
         [&](void *p, size_t) { ::operator delete[](p, wide, no); }, 512);
}

int main() {
    every_form();
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
