/*
 * C++ server that tells its client what the session was upgraded by
 */
#include <base/component.h>
#include <base/heap.h>
#include <base/rpc_server.h>
#include <rs_interop/root.h>
#include <rs_interop/upgrade.h>

namespace Rs_upgrade { struct Session_component; struct Main; }


struct Rs_upgrade::Session_component : Rpc_object<Session, Session_component>
{
	Env &_env;

	uint64_t const _ram_at_first  = _env.pd().ram_quota().value;
	uint64_t const _caps_at_first = _env.pd().cap_quota().value;

	uint64_t _ram = 0, _caps = 0;

	Session_component(Env &env) : _env(env) { }

	void upgrade(char const *args)
	{
		_ram  += ram_quota_from_args(args).value;
		_caps += cap_quota_from_args(args).value;
	}

	uint64_t told_ram()   override { return _ram; }
	uint64_t told_caps()  override { return _caps; }
	uint64_t grown_ram()  override { return _env.pd().ram_quota().value - _ram_at_first; }
	uint64_t grown_caps() override { return _env.pd().cap_quota().value - _caps_at_first; }
};


struct Rs_upgrade::Main
{
	Env        &_env;
	Sliced_heap _heap { _env.ram(), _env.rm() };

	Rs_interop::Any_root<Session_component, Env> _root { _env.ep(), _heap, _env };

	Main(Env &env) : _env(env) { _env.parent().announce(_env.ep().manage(_root)); }
};


void Component::construct(Genode::Env &env) { static Rs_upgrade::Main main(env); }
