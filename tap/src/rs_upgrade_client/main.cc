/*
 * C++ client that donates to its session, and checks that all of it arrives, and comes back at the end
 */
#include <base/component.h>
#include <base/connection.h>
#include <base/rpc_client.h>
#include <base/sleep.h>
#include <rs_interop/upgrade.h>
#include <util/reconstructible.h>

namespace Rs_upgrade { struct Client; }


struct Rs_upgrade::Client
{
	using Connection = Genode::Connection<Session>;

	Env &_env;

	uint64_t const _ram  = _env.pd().ram_quota().value;
	uint64_t const _caps = _env.pd().cap_quota().value;

	Constructible<Connection> _connection { };

	void _check(char const *what, bool ok)
	{
		if (ok) {
			log(what);
			return;
		}
		error(what, ": not so");
		_env.parent().exit(1);
		sleep_forever();
	}

	bool _arrived(uint64_t ram, uint64_t caps)
	{
		Capability<Session> const cap = _connection->cap();

		return cap.call<Session::Rpc_told_ram>()  == ram  && cap.call<Session::Rpc_told_caps>()  == caps
		    && cap.call<Session::Rpc_grown_ram>() == ram  && cap.call<Session::Rpc_grown_caps>() == caps;
	}

	Client(Env &env) : _env(env)
	{
		_connection.construct(_env, "", Ram_quota { 16*1024 }, Connection::Args());
		_check("a new session was not upgraded", _arrived(0, 0));

		_connection->upgrade_ram(8*1024);
		_check("RAM arrives", _arrived(8*1024, 0));
		_connection->upgrade_caps(3);
		_check("capabilities arrive", _arrived(8*1024, 3));
		for (unsigned i = 0; i < 5; i++)
			_connection->upgrade({ Ram_quota { 4*1024 }, Cap_quota { 1 } });
		_check("five in a row arrive", _arrived(28*1024, 8));

		_connection.destruct();
		_check("a closed session gives all back",
		       _env.pd().ram_quota().value == _ram && _env.pd().cap_quota().value == _caps);
		_env.parent().exit(0);
	}
};


void Component::construct(Genode::Env &env) { static Rs_upgrade::Client client(env); }
