/*
 * C++ peer of the interoperation tests, client side
 *
 * Calls each function of the interface, checks the answers, and prints the bytes of each call. The linker redirects
 * the stubs' references to 'ipc_call' (--wrap), so the bytes are those that the tree's own marshalling produces.
 */
#include <base/attached_ram_dataspace.h>
#include <base/component.h>
#include <base/connection.h>
#include <base/rpc_client.h>
#include <rs_interop/interface.h>
#include <rs_interop/vector.h>

namespace Rs_interop { struct Client; }

using namespace Rs_interop;

static char const *current = nullptr; /* name of the vector being recorded */

using Exc = Genode::Rpc_exception_code;

Exc real_ipc_call(Native_capability, Msgbuf_base &, Msgbuf_base &, size_t)
	asm("__real__ZN6Genode8ipc_callENS_17Native_capabilityERNS_11Msgbuf_baseES2_m");

Exc wrap_ipc_call(Native_capability, Msgbuf_base &, Msgbuf_base &, size_t)
	asm("__wrap__ZN6Genode8ipc_callENS_17Native_capabilityERNS_11Msgbuf_baseES2_m");

Exc wrap_ipc_call(Native_capability dst, Msgbuf_base &snd, Msgbuf_base &rcv, size_t caps)
{
	if (current)
		print_vector(current, "call", 0, snd);
	return real_ipc_call(dst, snd, rcv, caps);
}


struct Rs_interop::Client
{
	Genode::Env &_env;

	Genode::Connection<Session> _connection {
		_env, "peer", Ram_quota { 16*1024 }, Genode::Connection<Session>::Args() };

	Capability<Session> const _cap = _connection.cap();

	Attached_ram_dataspace _ds { _env.ram(), _env.rm(), 4096 };

	unsigned _checks = 0, _failed = 0;

	void _check(bool ok)
	{
		_checks++;
		if (!ok) { _failed++; error("rs_interop_client: wrong answer to ", current); }
	}

	template <typename FN, typename... ARGS>
	auto _call(char const *name, ARGS &&... args)
	{
		current = name;
		return _cap.call<FN>(args...);
	}

	template <typename T> static void _zero(T &v) { __builtin_memset((void *)&v, 0, sizeof(v)); }

	static Point _point(uint8_t a, uint64_t b, uint16_t c)
	{
		Point p; _zero(p);
		p.a = a; p.b = b; p.c = c;
		return p;
	}

	void _ints()
	{
		_call<Session::Rpc_nothing>("nothing");
		_check(_call<Session::Rpc_increment>("increment", 0xfffffffeu) == 0xffffffffu);
		_check(_call<Session::Rpc_unsigned_ints>("unsigned_ints", uint8_t(0xf1), uint16_t(0xf2f3), 0xf4f5f6f7u,
		                                         uint64_t(0x0102030405060708)) == 0xf1ull + 0xf2f3 + 0xf4f5f6f7u + 0x0102030405060708);
		_check(_call<Session::Rpc_signed_ints>("signed_ints", int8_t(-2), int16_t(-3), -4, int64_t(-5)) == -14);
		_check(_call<Session::Rpc_negate>("negate_false", false) == true);
		_check(_call<Session::Rpc_negate>("negate_true", true) == false);
		_check(_call<Session::Rpc_next>("next", Color::GREEN) == Color::BLUE);
		_check(_call<Session::Rpc_half>("half", 3.0) == 1.5);
	}

	void _structs()
	{
		Point const m = _call<Session::Rpc_mirror>("mirror", _point(0x11, 0x2222222222222222, 0x3333));
		_check(m.a == 0x33 && m.b == ~0x2222222222222222ull && m.c == 0x11);

		Small const s = _call<Session::Rpc_rotate>("rotate", Small { 1, 2, 3 });
		_check(s.r == 2 && s.g == 3 && s.b == 1);

		uint32_t v = 0xabcd; Point p = _point(1, 0x77, 3);
		_call<Session::Rpc_exchange>("exchange", v, p);
		_check(v == 0x77 && p.b == 0xabcd);

		Small const t { 4, 5, 6 }; uint16_t w = 0x1000;
		_check(_call<Session::Rpc_pointers>("pointers", &t, &w) == 6 && w == 0x1001);
	}

	void _strings()
	{
		_check(_call<Session::Rpc_length>("length_empty", Name("")) == 1);
		_check(_call<Session::Rpc_length>("length_7", Name("seven77")) == 8);
		_check(_call<Session::Rpc_length>("length_8", Name("eight888")) == 9);
		_check(_call<Session::Rpc_length>("length_cut", Name("longer than sixteen")) == 16);
		_check(_call<Session::Rpc_length>("length_null", Name()) == 0);
		_check(_call<Session::Rpc_texts>("texts", Name("abc"), 5u, Text("label=\"x\", ram_quota=4096")) == 4000000 + 26000 + 5);

		Greeting const out = _call<Session::Rpc_greet>("greet", Greeting("rust"));
		_check(out == Greeting("hello rust"));
	}

	void _attempts()
	{
		auto eq = [&] (auto const &attempt, uint64_t expected) {
			attempt.with_result([&] (auto const &r) { _check(r == expected); }, [&] (Problem) { _check(false); }); };
		auto err = [&] (auto const &attempt, Problem expected) {
			attempt.with_result([&] (auto const &) { _check(false); }, [&] (Problem p) { _check(p == expected); }); };

		eq (_call<Session::Rpc_attempt_value>("attempt_value_ok", 0u), 0x1122334455667788);
		err(_call<Session::Rpc_attempt_value>("attempt_value_err", 3u), Problem::REFUSED);
		_call<Session::Rpc_attempt_point>("attempt_point_ok", 0u).with_result(
			[&] (Point const &p) { _check(p.a == 3 && p.b == ~2ull && p.c == 1); }, [&] (Problem) { _check(false); });
		err(_call<Session::Rpc_attempt_point>("attempt_point_err", 1u), Problem::NO_RAM);
		_call<Session::Rpc_attempt_done>("attempt_done_ok", 0u).with_result([&] (Done) { _check(true); }, [&] (Problem) { _check(false); });
		err(_call<Session::Rpc_attempt_done>("attempt_done_err", 2u), Problem::NO_CAPS);
		_call<Session::Rpc_attempt_cap>("attempt_cap_ok", 0u).with_result([&] (Cap c) { _check(c.valid()); }, [&] (Problem) { _check(false); });
		err(_call<Session::Rpc_attempt_cap>("attempt_cap_err", 3u), Problem::REFUSED);
	}

	void _caps()
	{
		Cap const c = _ds.cap();
		_check( _call<Session::Rpc_take>("take_valid", c, 9u));
		_check(!_call<Session::Rpc_take>("take_invalid", Cap(), 9u));
		_check( _call<Session::Rpc_take_four>("take_four", c, Cap(), c, c) == 13);
		_check( _call<Session::Rpc_give>("give").valid());
		_check(!_call<Session::Rpc_give_invalid>("give_invalid").valid());
		Cap s = c; uint32_t v = 5;
		_call<Session::Rpc_swap>("swap", s, v);
		_check(s.valid() && !(s == c) && v == 1);
	}

	template <typename FN>
	unsigned _thrown(FN const &fn)
	{
		try { fn(); }
		catch (First)  { return 1; }
		catch (Second) { return 2; }
		catch (Third)  { return 3; }
		return 0;
	}

	void _exceptions()
	{
		char const * const names[] { "throw_void_0", "throw_void_1", "throw_void_2", "throw_void_3" };
		for (uint32_t i = 0; i < 4; i++)
			_check(_thrown([&] { _call<Session::Rpc_throw_void>(names[i], i); }) == i);

		char const * const value_names[] { "throw_value_0", "throw_value_1", "throw_value_2" };
		for (uint32_t i = 0; i < 3; i++) {
			uint16_t v = 0x1234; uint32_t ret = 77;
			_check(_thrown([&] { ret = _call<Session::Rpc_throw_value>(value_names[i], i, v); }) == i);
			_check(v == 0x4711 && ret == (i ? 77u : 0u));
		}
	}

	void _mixed()
	{
		Affinity const a = _call<Session::Rpc_spread>("spread", Affinity({ 8, 4 }, { 1, 2, 3, 4 }), Affinity::Location(-1, 6, 7, 8));
		_check(a.space().width() == 8 && a.space().height() == 4 && a.location().xpos() == 0 && a.location().ypos() == 6);

		uint64_t v = 0xffff;
		_check(_call<Session::Rpc_seven>("seven", uint8_t(200), Cap(_ds.cap()), Name("abc"), true, Small { 1, 2, 3 }, v, int16_t(-9)) == 203);
		_check(v == 0x10000);
	}

	Client(Genode::Env &env) : _env(env)
	{
		_ints();
		_structs();
		_strings();
		_attempts();
		_caps();
		_exceptions();
		_mixed();
		current = nullptr;
		log("rs_interop_client: ", _checks, " checks, ", _failed, " failed");
		env.parent().exit(_failed ? 1 : 0);
	}
};


void Component::construct(Genode::Env &env) { static Rs_interop::Client client(env); }
