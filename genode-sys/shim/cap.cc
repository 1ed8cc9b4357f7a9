/*
 * Capabilities: counting, comparing, and those of the environment
 */
#include <base/rpc_client.h>
#include <cpu_session/capability.h>
#include <parent/capability.h>
#include <pd_session/capability.h>

#include "shim.h"

using namespace Seam;

rs_cap_t rs_cap_dup(rs_cap_t handle) { return handle ? owned(cap(handle)) : 0; }

void rs_cap_drop(rs_cap_t handle) { attempt([&] { release(handle); }); }

bool rs_cap_same(rs_cap_t a, rs_cap_t b) { return cap(a) == cap(b); }

rs_cap_t rs_env_cap(rs_env_cap_t which)
{
	rs_cap_t result = 0;
	attempt([&] {
		switch (which) {
		case RS_ENV_PARENT:
			/* the environment hands out the interface, whose implementation is a client object */
			if (auto *client = dynamic_cast<Rpc_client<Parent> *>(&env().parent()))
				result = owned(client->rpc_cap());
			break;
		case RS_ENV_PD:  result = owned(env().pd_session_cap());  break;
		case RS_ENV_CPU: result = owned(env().cpu_session_cap()); break;
		}
	});
	return result;
}
