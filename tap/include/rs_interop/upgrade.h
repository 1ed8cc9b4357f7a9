/*
 * Interface of a server that tells what its session was upgraded by
 */
#ifndef _INCLUDE__RS_INTEROP__UPGRADE_H_
#define _INCLUDE__RS_INTEROP__UPGRADE_H_

#include <base/rpc.h>
#include <session/session.h>

namespace Rs_upgrade {

	using namespace Genode;

	struct Session : Genode::Session
	{
		static const char *service_name() { return "Rs_upgrade"; }

		enum { CAP_QUOTA = 4 };

		/* what the parent announced as donated by upgrades */
		virtual uint64_t told_ram()  = 0;
		virtual uint64_t told_caps() = 0;

		/* by how much the server's own quota grew since the session was opened */
		virtual uint64_t grown_ram()  = 0;
		virtual uint64_t grown_caps() = 0;

		GENODE_RPC(Rpc_told_ram,   uint64_t, told_ram);
		GENODE_RPC(Rpc_told_caps,  uint64_t, told_caps);
		GENODE_RPC(Rpc_grown_ram,  uint64_t, grown_ram);
		GENODE_RPC(Rpc_grown_caps, uint64_t, grown_caps);
		GENODE_RPC_INTERFACE(Rpc_told_ram, Rpc_told_caps, Rpc_grown_ram, Rpc_grown_caps);
	};
}

#endif /* _INCLUDE__RS_INTEROP__UPGRADE_H_ */
