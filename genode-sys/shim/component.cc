/*
 * Component start and end, log, and the C library functions that compilers take for granted
 */
#include <base/component.h>

#include "shim.h"

extern "C" void rs_component_construct();

static Genode::Env *env_ptr;

Genode::Env  &Seam::env()  { return *env_ptr; }
Genode::Heap &Seam::heap() { static Heap heap { env().ram(), env().rm() }; return heap; }

rs_err_t Seam::caught()
{
	try { throw; }
	catch (Out_of_ram)             { return RS_OUT_OF_RAM; }
	catch (Out_of_caps)            { return RS_OUT_OF_CAPS; }
	catch (Insufficient_ram_quota) { return RS_INSUFFICIENT_RAM; }
	catch (Insufficient_cap_quota) { return RS_INSUFFICIENT_CAPS; }
	catch (Service_denied)         { return RS_DENIED; }
	catch (...)                    { return RS_GONE; }
}

/* names this binary in the registration of destructors of static objects, which never run */
__attribute__((visibility("hidden"))) void *dso_handle asm ("__dso_handle") = nullptr;

/* debug builds of Rust code use several times the stack of C++ */
Genode::size_t Component::stack_size() { return 32*1024*sizeof(long); }

void Component::construct(Genode::Env &env)
{
	env_ptr = &env;
	rs_component_construct();
}

void rs_log(rs_log_level_t level, char const *msg, size_t len)
{
	Seam::attempt([&] {
		switch (level) {
		case RS_LOG:     Genode::log    (Genode::Cstring(msg, len)); break;
		case RS_WARNING: Genode::warning(Genode::Cstring(msg, len)); break;
		case RS_ERROR:   Genode::error  (Genode::Cstring(msg, len)); break;
		}
	});
}

void rs_exit(int32_t value)
{
	Seam::attempt([&] { Seam::env().parent().exit(value); });
	Genode::sleep_forever();
}

/*
 * The dynamic linker exports memcpy, memmove and memset, while Rust's core library and the compilers
 * also call these.
 */
extern "C" __attribute__((weak)) int memcmp(void const *a, void const *b, size_t len)
{
	auto p = (unsigned char const *)a, q = (unsigned char const *)b;
	for (; len && *p == *q; len--, p++, q++)
		asm volatile (""); /* keep the compiler from turning the loop into a call of memcmp */
	return len ? *p - *q : 0;
}

extern "C" __attribute__((weak)) int bcmp(void const *a, void const *b, size_t len) { return ::memcmp(a, b, len); }

extern "C" __attribute__((weak)) size_t strlen(char const *s)
{
	size_t len = 0;
	while (s[len]) {
		asm volatile ("");
		len++;
	}
	return len;
}
