/*
 * C++ server of the RPC benchmark
 */
#include <base/component.h>
#include <base/heap.h>
#include <base/rpc_server.h>
#include <rs_interop/bench.h>
#include <rs_interop/root.h>

namespace Rs_bench { struct Session_component; struct Main; }


struct Rs_bench::Session_component : Rpc_object<Session, Session_component>
{
	Session_component(Env &) { }

	uint64_t add(uint64_t a, uint64_t b) override { return a + b; }
};


struct Rs_bench::Main
{
	Env        &_env;
	Sliced_heap _heap { _env.ram(), _env.rm() };

	Rs_interop::Any_root<Session_component, Env> _root { _env.ep(), _heap, _env };

	Main(Env &env) : _env(env) { _env.parent().announce(_env.ep().manage(_root)); }
};


void Component::construct(Genode::Env &env) { static Rs_bench::Main main(env); }
