/*
 * C++ peer of the interoperation tests, server side
 *
 * Answers each function of the interface deterministically and prints the bytes of each reply.
 */
#include <base/attached_ram_dataspace.h>
#include <base/component.h>
#include <base/heap.h>
#include <base/rpc_server.h>
#include <rs_interop/interface.h>
#include <rs_interop/root.h>
#include <rs_interop/vector.h>

namespace Rs_interop {

	struct Context;
	struct Session_component;
	struct Main;
}


struct Rs_interop::Context
{
	Attached_ram_dataspace ds;
	bool const             verbose;
};


struct Rs_interop::Session_component : Rpc_object<Session, Session_component>
{
	Context &_context;

	using Object = Rpc_object<Session, Session_component>;

	Session_component(Context &context) : _context(context) { }

	Rpc_exception_code dispatch(Rpc_opcode op, Ipc_unmarshaller &in, Msgbuf_base &out) override
	{
		Rpc_exception_code const code = Object::dispatch(op, in, out);
		if (_context.verbose)
			print_vector(String<16>("op", op.value).string(), "reply", code.value, out);
		return code;
	}

	static Problem _problem(uint32_t v) { return Problem(v - 1); }

	void     nothing() override { }
	uint32_t increment(uint32_t v) override { return v + 1; }

	uint64_t unsigned_ints(uint8_t a, uint16_t b, uint32_t c, uint64_t d) override { return a + b + c + d; }
	int64_t  signed_ints(int8_t a, int16_t b, int32_t c, int64_t d) override { return a + b + c + d; }
	bool     negate(bool v) override { return !v; }
	Color    next(Color c) override { return c == Color::RED ? Color::GREEN : Color::BLUE; }
	double   half(double v) override { return v/2; }

	Point mirror(Point const &p) override
	{
		Point result { };
		__builtin_memset((void *)&result, 0, sizeof(result));
		result.a = uint8_t(p.c); result.b = ~p.b; result.c = p.a;
		return result;
	}
	Small rotate(Small s) override { return { s.g, s.b, s.r }; }
	void  exchange(uint32_t &v, Point &p) override { uint32_t const old = v; v = uint32_t(p.b); p.b = old; }
	uint8_t pointers(Small const *s, uint16_t *v) override { *v = uint16_t(*v + 1); return s->b; }

	size_t   length(Name const &n) override { return n.size(); }
	uint64_t texts(Name const &n, uint32_t v, Text const &t) override { return n.size()*1000000 + t.size()*1000 + v; }
	Greeting greet(Greeting const &g) override { return Greeting("hello ", g); }

	Attempt<uint64_t, Problem> attempt_value(uint32_t v) override
	{
		if (v) return _problem(v);
		return uint64_t(0x1122334455667788);
	}

	Attempt<Point, Problem> attempt_point(uint32_t v) override
	{
		if (v) return _problem(v);
		return mirror({ 1, 2, 3 });
	}

	Attempt<Done, Problem> attempt_done(uint32_t v) override
	{
		if (v) return _problem(v);
		return Done();
	}

	Attempt<Cap, Problem> attempt_cap(uint32_t v) override
	{
		if (v) return _problem(v);
		return give();
	}

	bool     take(Cap c, uint32_t) override { return c.valid(); }
	uint32_t take_four(Cap a, Cap b, Cap c, Cap d) override {
		return a.valid() | b.valid() << 1 | c.valid() << 2 | d.valid() << 3; }
	Cap      give() override { return _context.ds.cap(); }
	Cap      give_invalid() override { return Cap(); }
	void     swap(Cap &c, uint32_t &v) override { v = c.valid(); c = give(); }

	void throw_void(uint32_t v) override
	{
		if (v == 1) throw First();
		if (v == 2) throw Second();
		if (v == 3) throw Third();
	}

	uint32_t throw_value(uint32_t v, uint16_t &out) override
	{
		out = uint16_t(0x4711);
		throw_void(v);
		return v;
	}

	Affinity spread(Affinity const &a, Affinity::Location l) override {
		return Affinity(a.space(), Affinity::Location(l.xpos() + a.location().xpos(), l.ypos(), l.width(), l.height())); }

	uint32_t seven(uint8_t a, Cap c, Name const &n, bool b, Small s, uint64_t &v, int16_t i) override
	{
		v += 1;
		return uint32_t(a + c.valid() + n.size() + b + s.r + s.g + s.b + i);
	}
};


struct Rs_interop::Main
{
	Env        &_env;
	Context     _context { { _env.ram(), _env.rm(), 4096 }, true };
	Sliced_heap _heap    { _env.ram(), _env.rm() };

	Any_root<Session_component, Context> _root { _env.ep(), _heap, _context };

	Main(Env &env) : _env(env)
	{
		/* by name, since announcing by type would announce the inherited interface as a service, too */
		Parent::announce(Session::service_name(), _env.ep().manage(_root));
		log("rs_interop_server: announced");
	}
};


void Component::construct(Genode::Env &env) { static Rs_interop::Main main(env); }
