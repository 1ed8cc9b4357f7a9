/*
 * Differences between Genode versions, all of them
 *
 * Each is told by what the headers declare, not by a version number, because trees between two releases carry parts of
 * both. The functions are templates so that the branch for the other version need not compile.
 */
#ifndef _VERSIONS_H_
#define _VERSIONS_H_

#include <base/attached_dataspace.h>
#include <base/child.h>
#include <base/rpc_client.h>
#include <base/thread.h>
#include <cpu_session/cpu_session.h>
#include <pd_session/pd_session.h>

#include "shim.h"

namespace Seam {

	/* error enums: 'Alloc_error' where it exists, else one enum per function, with the same names */
	template <typename E>
	rs_err_t error_code(E e)
	{
		if constexpr (requires { E::INSUFFICIENT_RAM; }) {
			if (e == E::INSUFFICIENT_RAM)  return RS_INSUFFICIENT_RAM;
			if (e == E::INSUFFICIENT_CAPS) return RS_INSUFFICIENT_CAPS;
		}
		if constexpr (requires { E::REGION_CONFLICT; }) {
			if (e == E::REGION_CONFLICT)   return RS_REGION_CONFLICT;
			if (e == E::INVALID_DATASPACE) return RS_INVALID;
		}
		if constexpr (requires { E::OUT_OF_RAM; }) {
			if (e == E::OUT_OF_RAM)  return RS_OUT_OF_RAM;
			if (e == E::OUT_OF_CAPS) return RS_OUT_OF_CAPS;
		}
		return RS_DENIED;
	}

	/* sessions: 'try_session' throws up to 24.11, and returns an 'Attempt' later */
	template <typename ENV>
	rs_err_t try_session(ENV &env, Parent::Service_name const &service, Parent::Client::Id id,
	                     Parent::Session_args const &args, Affinity const &affinity, Session_capability &out)
	{
		if constexpr (requires (Session_capability &c) { c = env.try_session(service, id, args, affinity); }) {
			out = env.try_session(service, id, args, affinity);
			return RS_OK;
		} else
			return env.try_session(service, id, args, affinity).template convert<rs_err_t>(
				[&] (Session_capability c) { out = c; return RS_OK; },
				[&] (auto e) { return error_code(e); });
	}

	/* responses to session requests: names and order differ */
	template <typename PARENT>
	auto session_response(rs_response_t response)
	{
		using R = typename PARENT::Session_response;
		if constexpr (requires { R::INSUFFICIENT_RAM; })
			switch (response) {
			case RS_RESPONSE_OK:                return R::OK;
			case RS_RESPONSE_CLOSED:            return R::CLOSED;
			case RS_RESPONSE_DENIED:            return R::DENIED;
			case RS_RESPONSE_INSUFFICIENT_RAM:  return R::INSUFFICIENT_RAM;
			case RS_RESPONSE_INSUFFICIENT_CAPS: return R::INSUFFICIENT_CAPS;
			}
		else
			switch (response) {
			case RS_RESPONSE_OK:                return PARENT::SESSION_OK;
			case RS_RESPONSE_CLOSED:            return PARENT::SESSION_CLOSED;
			case RS_RESPONSE_DENIED:            return PARENT::SERVICE_DENIED;
			case RS_RESPONSE_INSUFFICIENT_RAM:  return PARENT::INSUFFICIENT_RAM_QUOTA;
			case RS_RESPONSE_INSUFFICIENT_CAPS: return PARENT::INSUFFICIENT_CAP_QUOTA;
			}
		return R(0);
	}

	/*
	 * RAM: names of the functions. The environment's client of the PD session answers a shortage by asking the parent
	 * and waiting, perhaps for ever. So the seam, which promises an error, calls the session by itself.
	 */
	template <typename PD>
	rs_err_t alloc_ram(Capability<PD> const &pd, size_t size, Cache cache, rs_cap_t &out)
	{
		auto const result = [&] {
			if constexpr (requires { typename PD::Rpc_alloc_ram; })
				return pd.template call<typename PD::Rpc_alloc_ram>(size, cache);
			else
				return pd.template call<typename PD::Rpc_try_alloc>(size, cache);
		}();
		return result.template convert<rs_err_t>(
			[&] (Ram_dataspace_capability ds) { out = owned(ds); return RS_OK; },
			[&] (auto e) { return error_code(e); });
	}

	template <typename PD>
	void free_ram(PD &pd, rs_cap_t ds)
	{
		if constexpr (requires (Ram_dataspace_capability c) { pd.free_ram(c); })
			pd.free_ram(typed<typename Ram_dataspace_capability::Rpc_interface>(ds));
		else
			pd.free(typed<typename Ram_dataspace_capability::Rpc_interface>(ds));
	}

	/* mappings: a plain range up to 25.x, later an attachment that detaches itself unless told otherwise */
	template <typename RM>
	rs_err_t attach(RM &rm, rs_cap_t ds, Region_map::Attr const &attr, uintptr_t &addr, size_t &size)
	{
		return rm.attach(typed<Dataspace>(ds), attr).template convert<rs_err_t>(
			[&] (auto &&region) {
				if constexpr (requires { region.deallocate; }) {
					region.deallocate = false;
					addr = uintptr_t(region.ptr);
				} else
					addr = region.start;
				size = region.num_bytes;
				return RS_OK;
			},
			[&] (auto e) { return error_code(e); });
	}

	/* threads: stack sizes are typed from 26.02 on, weight and CPU session are arguments before */
	template <typename THREAD>
	struct Thread_of : THREAD
	{
		Thread_of(Env &env, char const *name, size_t stack, Affinity::Location location)
		: THREAD(env, typename THREAD::Name(name), stack, location, typename THREAD::Weight(), env.cpu()) { }
	};

	template <typename THREAD>
	requires requires { typename THREAD::Stack_size; }
	struct Thread_of<THREAD> : THREAD
	{
		Thread_of(Env &env, char const *name, size_t stack, Affinity::Location location)
		: THREAD(env, typename THREAD::Name(name), typename THREAD::Stack_size { stack }, location) { }
	};

	/* sessions served in place: initiating a request returns nothing, or an 'Attempt<Ok, ...>' */
	template <typename R> R result_of(R (Service::*)(Session_state &));

	using Initiate_result = decltype(result_of(&Service::initiate_request));

	template <typename T, typename E> Attempt<T, E> initiated(Attempt<T, E> *) { return T(); }
	inline void initiated(void *) { }

	/* the protection domain of a child: direct, or not there before its session exists */
	template <typename CHILD>
	void with_pd(CHILD &child, auto const &fn)
	{
		if constexpr (requires { child.pd(); })
			fn(child.pd());
		else
			child.with_pd([&] (Pd_session &pd) { fn(pd); }, [&] { });
	}

	/* where a child's session request goes */
	struct Found
	{
		Service       *service; /* nullptr if the request is denied */
		Session::Label label;
	};

	/* routing: by return value and exception up to 25.x, later by continuation */
	template <typename POLICY, typename SESSION = Session>
	struct Routing : POLICY
	{
		virtual Found find(Service::Name const &, Session_label const &) = 0;

		typename POLICY::Route resolve_session_request(Service::Name const &name, Session_label const &label,
		                                               typename SESSION::Diag diag) override
		{
			Found const found = find(name, label);
			if (!found.service)
				throw Service_denied();
			return typename POLICY::Route { *found.service, found.label, diag };
		}
	};

	template <typename POLICY, typename SESSION>
	requires requires { typename POLICY::With_route; }
	struct Routing<POLICY, SESSION> : POLICY
	{
		virtual Found find(Service::Name const &, Session_label const &) = 0;

		void _with_route(Service::Name const &name, Session_label const &label,
		                 typename POLICY::With_route::Ft    const &fn,
		                 typename POLICY::With_no_route::Ft const &denied_fn) override
		{
			Found const found = find(name, label);
			if (found.service)
				fn(typename POLICY::Route { .service = *found.service, .label = found.label });
			else
				denied_fn();
		}
	};
}

#endif /* _VERSIONS_H_ */
