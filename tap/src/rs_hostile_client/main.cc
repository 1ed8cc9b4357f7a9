/*
 * Client that keeps no rule of the RPC protocol
 *
 * It sends messages by hand to a server of the interoperation interface: short and long ones, opcodes that do not exist,
 * values that the types do not define, too few and too many capabilities. The server has to answer each with an
 * error or with a result computed from zeros, must not show one caller's bytes to the next, and must go on.
 */
#include <base/attached_ram_dataspace.h>
#include <base/component.h>
#include <base/connection.h>
#include <base/ipc.h>
#include <base/rpc_client.h>
#include <rs_interop/interface.h>

namespace Rs_interop { struct Hostile_client; }


struct Rs_interop::Hostile_client
{
	Env &_env;

	Genode::Connection<Session> _connection {
		_env, "hostile", Ram_quota { 16*1024 }, Genode::Connection<Session>::Args() };

	Capability<Session> const _cap = _connection.cap();

	Attached_ram_dataspace _ds { _env.ram(), _env.rm(), 4096 };

	unsigned _sent = 0, _refused = 0, _failed = 0;

	enum { SIZE = 1024, PATTERN = 0xa5 };

	using Buffer = Msgbuf<SIZE>;

	void _fail(char const *what, char const *why)
	{
		_failed++;
		error("hostile client: ", what, ": ", why);
	}

	enum class Expect { REFUSED, ANYTHING };

	void _send(char const *what, Expect expect, auto const &fill_fn)
	{
		Buffer call { }, reply { };
		fill_fn(call);

		Rpc_exception_code const code = ipc_call(_cap, call, reply, Msgbuf_base::MAX_CAPS_PER_MSG);

		_sent++;
		if (code.value)
			_refused++;
		else if (expect == Expect::REFUSED)
			_fail(what, "accepted");

		/* bytes of the pattern were sent by an earlier call only */
		unsigned leaked = 0;
		for (unsigned i = 0; i < SIZE; i++)
			leaked += ((unsigned char const *)reply.data())[i] == PATTERN;
		if (leaked >= 8 && call.data_size() < 64)
			_fail(what, "answered with bytes of an earlier call");

		/* the server goes on */
		if (_cap.call<Session::Rpc_increment>(_sent) != _sent + 1)
			_fail(what, "the server is confused");
	}

	static void _words(Msgbuf_base &msg, auto... words) { (msg.insert(long(words)), ...); }

	void _fill_with_pattern()
	{
		_send("1024 bytes of a pattern", Expect::ANYTHING, [&] (Buffer &msg) {
			_words(msg, 13);
			while (msg.data_size() < SIZE)
				msg.insert(0xa5a5a5a5a5a5a5a5ul);
		});
	}

	Hostile_client(Env &env) : _env(env)
	{
		_send("no byte", Expect::ANYTHING, [&] (Buffer &) { });

		long const unknown[] { 27, 28, 1000, -1, -1000, 1l << 31, 1l << 32, 1l << 62, long(1ul << 63) };
		for (long opcode : unknown)
			_send("opcode that does not exist", Expect::REFUSED, [&] (Buffer &msg) { _words(msg, opcode, 1, 2, 3); });

		/* each function with its opcode and nothing else, after a call that filled the server's buffer */
		for (long opcode = 0; opcode <= 26; opcode++) {
			_fill_with_pattern();
			_send("opcode without arguments", Expect::ANYTHING, [&] (Buffer &msg) { _words(msg, opcode); });
			_send("half a word", Expect::ANYTHING, [&] (Buffer &msg) {
				msg.insert(long(opcode));
				msg.insert("abcd", 4); });
		}

		/* each function with all bits set */
		for (long opcode = 0; opcode <= 26; opcode++)
			_send("all bits set", Expect::ANYTHING, [&] (Buffer &msg) {
				_words(msg, opcode);
				while (msg.data_size() < SIZE)
					msg.insert(~0ul); });

		_send("bool of 2",       Expect::REFUSED, [&] (Buffer &msg) { _words(msg, 4, 2); });
		_send("enum value 6",    Expect::REFUSED, [&] (Buffer &msg) { _words(msg, 5, 6); });
		_send("buffer too long", Expect::REFUSED, [&] (Buffer &msg) { _words(msg, 11, 17, 1, 2, 3, 4); });
		_send("endless buffer",  Expect::REFUSED, [&] (Buffer &msg) { _words(msg, 11, ~0ul, 1); });
		_send("buffer of 2^63",  Expect::REFUSED, [&] (Buffer &msg) { _words(msg, 11, 1ul << 63, 1); });
		_send("string too long", Expect::REFUSED, [&] (Buffer &msg) { _words(msg, 13, 1, 2, 3, 4, 33); });
		_send("endless string",  Expect::REFUSED, [&] (Buffer &msg) { _words(msg, 13, 1, 2, 3, 4, ~0ul); });

		_send("missing capability", Expect::REFUSED, [&] (Buffer &msg) { _words(msg, 18, 9); });
		_send("three of four",      Expect::REFUSED, [&] (Buffer &msg) {
			_words(msg, 19);
			for (unsigned i = 0; i < 3; i++) msg.insert(Cap(_ds.cap())); });
		_send("surplus capabilities", Expect::REFUSED, [&] (Buffer &msg) {
			_words(msg, 0);
			for (unsigned i = 0; i < 4; i++) msg.insert(Cap(_ds.cap())); });
		_send("the session's own capability", Expect::ANYTHING, [&] (Buffer &msg) {
			_words(msg, 18, 9);
			msg.insert(Native_capability(_cap)); });

		log("hostile client: ", _sent, " messages sent, ", _refused, " refused, ", _failed, " wrong");
		env.parent().exit(_failed ? 1 : 0);
	}
};


void Component::construct(Genode::Env &env) { static Rs_interop::Hostile_client client(env); }
