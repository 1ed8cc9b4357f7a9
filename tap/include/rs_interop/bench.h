/*
 * Interface of the RPC benchmark
 */
#ifndef _INCLUDE__RS_INTEROP__BENCH_H_
#define _INCLUDE__RS_INTEROP__BENCH_H_

#include <session/session.h>
#include <base/rpc.h>

namespace Rs_bench {

	using namespace Genode;

	struct Session;
}


struct Rs_bench::Session : Genode::Session
{
	static const char *service_name() { return "Rs_bench"; }

	enum { CAP_QUOTA = 4 };

	virtual uint64_t add(uint64_t, uint64_t) = 0;

	GENODE_RPC(Rpc_add, uint64_t, add, uint64_t, uint64_t);
	GENODE_RPC_INTERFACE(Rpc_add);
};

#endif /* _INCLUDE__RS_INTEROP__BENCH_H_ */
