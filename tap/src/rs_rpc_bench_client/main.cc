/*
 * C++ client of the RPC benchmark: prints the ticks of a call, the best of ten rounds and their spread
 */
#include <base/component.h>
#include <base/connection.h>
#include <base/rpc_client.h>
#include <rs_interop/bench.h>
#include <trace/timestamp.h>

using namespace Genode;

namespace Rs_bench { struct Client; }


struct Rs_bench::Client
{
	enum { ROUNDS = 10, CALLS = 10000 };

	Env &_env;

	Genode::Connection<Session> _connection {
		_env, "", Ram_quota { 16*1024 }, Genode::Connection<Session>::Args() };

	Capability<Session> const _cap = _connection.cap();

	uint64_t _round()
	{
		uint64_t sum = 0;
		uint64_t const start = Trace::timestamp();
		for (uint64_t i = 0; i < CALLS; i++)
			sum += _cap.call<Session::Rpc_add>(i, uint64_t(1));
		uint64_t const ticks = Trace::timestamp() - start;
		if (sum != uint64_t(CALLS)*(CALLS + 1)/2)
			error("wrong sum");
		return ticks / CALLS;
	}

	Client(Env &env) : _env(env)
	{
		_round();
		uint64_t best = ~0ull, worst = 0;
		for (unsigned i = 0; i < ROUNDS; i++) {
			uint64_t const ticks = _round();
			best  = min(best,  ticks);
			worst = max(worst, ticks);
		}
		log("rpc bench: best of ", unsigned(ROUNDS), " rounds ", best, " ticks a call, worst ", worst);
		env.parent().exit(0);
	}
};


void Component::construct(Genode::Env &env) { static Rs_bench::Client client(env); }
