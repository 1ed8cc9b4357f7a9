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
#include <dataspace/client.h>
#include <pd_session/pd_session.h>
#include <region_map/client.h>

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

	/* answers: an 'Attempt', or a plain value up to 22.08, where errors are exceptions; 'ok' returns RS_OK */
	template <typename RESULT>
	rs_err_t answer(RESULT &&result, auto const &ok)
	{
		if constexpr (requires { result.template convert<rs_err_t>(ok, [&] (auto e) { return error_code(e); }); })
			return result.template convert<rs_err_t>(ok, [&] (auto e) { return error_code(e); });
		else
			return ok(result);
	}

	/*
	 * RAM: names of the functions. The environment's client of the PD session answers a shortage by asking the parent
	 * and waiting, perhaps for ever. So the seam, which promises an error, calls the session by itself.
	 *
	 * The NUMA fork's core allocates from the memory of a node, which is why it does not clear it.
	 */
	template <typename PD>
	constexpr bool numa_aware = requires { typename PD::Rpc_try_alloc_numa; };

	template <typename PD>
	rs_err_t alloc_ram(Capability<PD> const &pd, size_t size, Cache cache, int32_t node, rs_cap_t &out)
	{
		auto const result = [&] {
			if constexpr (requires { typename PD::Rpc_alloc_ram; })
				return pd.template call<typename PD::Rpc_alloc_ram>(size, cache);
			else {
				if constexpr (numa_aware<PD>)
					if (node != RS_ANY_NODE)
						return pd.template call<typename PD::Rpc_try_alloc_numa>(size, unsigned(node), cache);
				return pd.template call<typename PD::Rpc_try_alloc>(size, cache);
			}
		};
		if (node != RS_ANY_NODE && !numa_aware<PD>)
			return RS_UNSUPPORTED;

		return answer(result(), [&] (Ram_dataspace_capability ds) { out = owned(ds); return RS_OK; });
	}

	template <typename PD>
	void free_ram(PD &pd, rs_cap_t ds)
	{
		if constexpr (requires (Ram_dataspace_capability c) { pd.free_ram(c); })
			pd.free_ram(typed<typename Ram_dataspace_capability::Rpc_interface>(ds));
		else
			pd.free(typed<typename Ram_dataspace_capability::Rpc_interface>(ds));
	}

	/* what of a dataspace goes where */
	struct Part
	{
		size_t    size, offset;
		bool      use_at;
		uintptr_t at;
		bool      executable, writeable;
	};

	inline size_t whole_pages(size_t size) { return (size + RS_PAGE_SIZE - 1) & ~size_t(RS_PAGE_SIZE - 1); }

	/* mappings: an address up to 22.08, a plain range up to 25.x, later an attachment that detaches itself unless told otherwise */
	template <typename RM, typename MAP = Region_map>
	rs_err_t attach(RM &rm, rs_cap_t ds, Part const &part, uintptr_t &addr, size_t &size)
	{
		if constexpr (requires { typename MAP::Attr; })
			return answer(rm.attach(typed<Dataspace>(ds), { .size       = part.size,
			                                                .offset     = part.offset,
			                                                .use_at     = part.use_at,
			                                                .at         = part.at,
			                                                .executable = part.executable,
			                                                .writeable  = part.writeable }), [&] (auto &&region) {
				if constexpr (requires { region.deallocate; }) {
					region.deallocate = false;
					addr = uintptr_t(region.ptr);
				} else
					addr = region.start;
				size = region.num_bytes;
				return RS_OK;
			});
		else {
			size_t all = 0;
			bool   writeable = false;
			rs_err_t const info = rs_ds_info(ds, &all, &writeable);
			if (info != RS_OK)
				return info;
			if (part.offset >= whole_pages(all))
				return RS_REGION_CONFLICT;
			try {
				addr = rm.attach(typed<Dataspace>(ds), part.size, part.offset, part.use_at, part.at,
				                 part.executable, part.writeable);
				size = whole_pages(part.size ? part.size : all - part.offset);
				return RS_OK;
			}
			catch (typename MAP::Region_conflict)   { return RS_REGION_CONFLICT; }
			catch (typename MAP::Invalid_dataspace) { return RS_INVALID; }
		}
	}

	/* faults: called states up to 22.08 */
	template <typename RM>
	rs_fault_t fault(RM &client)
	{
		auto at = [] (uintptr_t addr) { return addr & ~uintptr_t(RS_PAGE_SIZE - 1); };

		if constexpr (requires { client.fault(); }) {
			auto const fault = client.fault();
			using Type = decltype(fault.type);
			return { .kind = fault.type == Type::READ  ? RS_FAULT_READ
			               : fault.type == Type::WRITE ? RS_FAULT_WRITE
			               : fault.type == Type::EXEC  ? RS_FAULT_EXEC
			               :                             RS_FAULT_NONE, .at = at(fault.addr) };
		} else {
			auto const state = client.state();
			return { .kind = state.type == RM::State::READ_FAULT  ? RS_FAULT_READ
			               : state.type == RM::State::WRITE_FAULT ? RS_FAULT_WRITE
			               : state.type == RM::State::EXEC_FAULT  ? RS_FAULT_EXEC
			               :                                        RS_FAULT_NONE, .at = at(state.addr) };
		}
	}

	/* connections: arguments are typed, or formatted by the class itself up to 22.08 */
	template <typename CONNECTION>
	struct Connection_of : CONNECTION
	{
		Connection_of(Env &env, size_t ram) : CONNECTION(env, { }, Ram_quota { ram }, typename CONNECTION::Args()) { }
	};

	template <typename CONNECTION>
	requires requires (CONNECTION &connection, Parent &parent) { connection.session(parent, ""); }
	struct Connection_of<CONNECTION> : CONNECTION
	{
		Connection_of(Env &env, size_t ram)
		:
			CONNECTION(env, this->session(env.parent(), "ram_quota=%u, cap_quota=%u", unsigned(ram),
			                              unsigned(CONNECTION::Session_type::CAP_QUOTA)))
		{ }
	};

	/* threads: stack sizes are typed from 26.02 on, weight and CPU session are arguments before */
	template <typename THREAD>
	struct Thread_of : THREAD
	{
		Thread_of(Env &env, char const *name, size_t stack, Affinity::Location location)
		: THREAD(env, typename THREAD::Name(name), stack, location, typename THREAD::Weight(), env.cpu()) { }
	};

	/* the name of a thread is a function up to 24.11, and a member since */
	template <typename THREAD>
	typename THREAD::Name name_of(THREAD const &thread)
	{
		if constexpr (requires { thread.name(); })
			return thread.name();
		else
			return thread.name;
	}

	template <typename THREAD>
	requires requires { typename THREAD::Stack_size; }
	struct Thread_of<THREAD> : THREAD
	{
		Thread_of(Env &env, char const *name, size_t stack, Affinity::Location location)
		: THREAD(env, typename THREAD::Name(name), typename THREAD::Stack_size { stack }, location) { }
	};

	/* starting a thread: an answer, with the capability as an 'Attempt' of its own; up to 22.08 exceptions */
	template <typename THREAD>
	rs_err_t start(THREAD &thread, auto const &cap)
	{
		if constexpr (requires { typename THREAD::Start_result; }) {
			if (thread.start() == THREAD::Start_result::OK)
				return RS_OK;

			return cap.template convert<rs_err_t>([&] (Thread_capability) { return RS_DENIED; },
			                                      [&] (auto e) { return error_code(e); });
		} else {
			thread.start();
			return RS_OK;
		}
	}

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

	/* quota of one account to another: a result, or an exception up to 22.08 */
	template <typename PD, typename QUOTA>
	rs_err_t transfer(PD &&from, Capability<Pd_session> to, QUOTA quota, rs_err_t exceeded)
	{
		auto result = [&] { return from.transfer_quota(to, quota); };

		if constexpr (requires { { result() == result() }; })
			return result() == decltype(result())::OK ? RS_OK : exceeded;
		else {
			try                      { result(); return RS_OK; }
			catch (Out_of_ram)       { return exceeded; }
			catch (Out_of_caps)      { return exceeded; }
			catch (Service_denied)   { return RS_DENIED; }
		}
	}

	/* quota of a service's owner to us, as much as it still has; up to 22.08 an exception tells that it has less */
	template <typename ACCOUNT, typename QUOTA>
	void give_back(ACCOUNT &from, QUOTA quota)
	{
		attempt([&] { (void)from.transfer(env().pd_session_cap(), quota); });
	}

	template <typename T> T &some();
	template <typename T> struct Plain;
	template <typename T> struct Plain<T &> { using Type = T; };

	/* our own quota; unlike the environment's client of it, this one does not wait for more when there is too little */
	template <typename PD, typename BASE>
	struct Own_account : BASE
	{
		auto transfer_quota(Capability<BASE> to, Cap_quota amount) -> decltype(some<BASE>().transfer_quota(to, amount)) override {
			return env().pd_session_cap().template call<typename PD::Rpc_transfer_cap_quota>(to, amount); }

		auto transfer_quota(Capability<BASE> to, Ram_quota amount) -> decltype(some<BASE>().transfer_quota(to, amount)) override {
			return env().pd_session_cap().template call<typename PD::Rpc_transfer_ram_quota>(to, amount); }
	};

	/* who pays for children: our account, which is the whole PD session up to 22.08 */
	template <typename POLICY>
	struct Paying : POLICY
	{
		Pd_session           &ref_pd()           override { return env().pd(); }
		Pd_session_capability ref_pd_cap() const override { return env().pd_session_cap(); }

		static Pd_session &own_account() { return env().pd(); }
	};

	template <typename POLICY>
	requires requires (POLICY &policy) { policy.ref_account(); }
	struct Paying<POLICY> : POLICY
	{
		using Account = typename Plain<decltype(some<POLICY>().ref_account())>::Type;

		static Account &own_account() { static Own_account<Pd_session, Account> inst { }; return inst; }

		Account            &ref_account()           override { return own_account(); }
		Capability<Account> ref_account_cap() const override { return env().pd_session_cap(); }
		Ram_allocator      &session_md_ram()        override { return env().ram(); }
	};

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

	/*
	 * Session that is nobody's of our children: created by the server's factory, with 'Session::Diag' up to 25.x. An
	 * exception up to 25.x, later a result; nullptr if there is no memory for it.
	 */
	template <typename SESSION = Session>
	Session_state *create_session(Service &service, Session_state::Factory &factory, Id_space<Parent::Client> &ids,
	                              Parent::Client::Id id, typename SESSION::Label const &label,
	                              Session_state::Args const &args, Affinity const &affinity)
	{
		if constexpr (requires { typename SESSION::Diag; }) {
			return &service.create_session(factory, ids, id, label, typename SESSION::Diag { false }, args, affinity);
		} else {
			Session_state *result = nullptr;
			service.create_session(factory, ids, id, label, args, affinity)
				.with_result([&] (Session_state &session) { result = &session; }, [&] (auto) { });
			return result;
		}
	}
}

#endif /* _VERSIONS_H_ */
