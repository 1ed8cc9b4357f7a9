/*
 * What Rust relies on without asking, proven against the tree's RPC type lists at compile time
 *
 * Rust calls these interfaces by opcode. A tree that orders a function differently fails here.
 */
#include <log_session/log_session.h>
#include <region_map/region_map.h>
#include <report_session/report_session.h>
#include <rm_session/rm_session.h>
#include <rom_session/rom_session.h>
#include <root/root.h>
#include <timer_session/timer_session.h>

#include "shim.h"
#include <dataspace/dataspace.h> /* needs what others include */

namespace {

	using namespace Genode;

	template <typename IF, typename FN, int OPCODE>
	constexpr bool opcode = int(Meta::Index_of<typename IF::Rpc_functions, FN>::Value) == OPCODE;

	using Rom    = Rom_session;
	using Log    = Log_session;
	using Timer  = ::Timer::Session;
	using Report = ::Report::Session;

	static_assert(opcode<Dataspace, Dataspace::Rpc_size, 0> && opcode<Dataspace, Dataspace::Rpc_writeable, 1>);

	static_assert(opcode<Rom, Rom::Rpc_dataspace, 0> && opcode<Rom, Rom::Rpc_update, 1> && opcode<Rom, Rom::Rpc_sigh, 2>);

	static_assert(opcode<Log, Log::Rpc_write, 0>);

	static_assert(opcode<Timer, Timer::Rpc_trigger_once, 0> && opcode<Timer, Timer::Rpc_trigger_periodic, 1> &&
	              opcode<Timer, Timer::Rpc_sigh, 2> && opcode<Timer, Timer::Rpc_elapsed_ms, 3> &&
	              opcode<Timer, Timer::Rpc_elapsed_us, 4>);

	static_assert(opcode<Report, Report::Rpc_dataspace, 0> && opcode<Report, Report::Rpc_submit, 1> &&
	              opcode<Report, Report::Rpc_response_sigh, 2> && opcode<Report, Report::Rpc_obtain_response, 3>);

	static_assert(opcode<Root, Root::Rpc_session, 0> && opcode<Root, Root::Rpc_upgrade, 1> && opcode<Root, Root::Rpc_close, 2>);

	static_assert(opcode<Rm_session, Rm_session::Rpc_create, 0> && opcode<Rm_session, Rm_session::Rpc_destroy, 1>);

	/* faults are called states up to 22.08, and nothing of the map crosses as bytes */
	template <typename MAP>
	constexpr bool region_map()
	{
		constexpr bool same = opcode<MAP, typename MAP::Rpc_attach, 0> && opcode<MAP, typename MAP::Rpc_detach, 1> &&
		                      opcode<MAP, typename MAP::Rpc_fault_handler, 2> &&
		                      opcode<MAP, typename MAP::Rpc_dataspace, 4>;
		if constexpr (requires { typename MAP::Rpc_fault; })
			return same && opcode<MAP, typename MAP::Rpc_fault, 3> && sizeof(typename MAP::Attr) == 40 &&
			       sizeof(typename MAP::Fault) == 16 && sizeof(typename MAP::Range) == 16;
		else
			return same && opcode<MAP, typename MAP::Rpc_state, 3>;
	}
	static_assert(region_map<Region_map>());

	/* layouts that cross as bytes */
	static_assert(sizeof(Affinity) == sizeof(rs_affinity_t) && sizeof(rs_affinity_t) == 24);
	static_assert(sizeof(Affinity::Location) == sizeof(rs_location_t) && sizeof(Affinity::Space) == sizeof(rs_space_t));
	static_assert(sizeof(String<160>) == 168 && sizeof(Parent::Resource_args) == 168);
	static_assert(int(UNCACHED) == RS_UNCACHED && int(WRITE_COMBINED) == RS_WRITE_COMBINED && int(CACHED) == RS_CACHED);
	static_assert(Msgbuf_base::MAX_CAPS_PER_MSG == RS_MAX_CAPS);
	static_assert(int(Rpc_exception_code::INVALID_OBJECT) == -1 && int(Rpc_exception_code::INVALID_OPCODE) == -2 &&
	              int(Rpc_exception_code::EXCEPTION_BASE) == -1000);
}
