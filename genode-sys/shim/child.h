/*
 * Children: Genode's 'Child' with the policy in Rust
 */
#ifndef _CHILD_H_
#define _CHILD_H_

#include <base/child.h>
#include <os/session_requester.h>

#include "entrypoint.h"
#include "versions.h"

namespace Seam {

	/* what a policy hears once its owner destroyed the child, while servers have yet to close its environment */
	inline rs_child_policy_t deaf()
	{
		return { .ctx = nullptr,
		         .route            = [] (void *, rs_request_t const *, rs_route_t *) { },
		         .local_close      = [] (void *, rs_cap_t) { },
		         .announce         = [] (void *, char const *, size_t) { },
		         .ended            = [] (void *, rs_child_end_t, ::int32_t) { },
		         .resource_request = [] (void *, char const *, size_t) { },
		         .yield_response   = [] (void *) { },
		         .heartbeat        = [] (void *) { },
		         .filter           = [] (void *, char const *, size_t, char *, size_t) { },
		         .sessions_changed = [] (void *) { },
		         .forwarded        = [] (void *, ::uint64_t, rs_session_state_t, rs_cap_t) { } };
	}

	/* whether a session is one that no child can be without; static binaries need no linker */
	inline bool is_needed(Session_state const &session)
	{
		if (!session.client_exists())
			return false;

		auto const id = session.id_at_client().value;
		return id == Parent::Env::pd().value  || id == Parent::Env::cpu().value
		    || id == Parent::Env::log().value || id == Parent::Env::binary().value;
	}

	/*
	 * Genode's 'Child' asks ten times for an environment session that is denied, and says so each time. As one that is
	 * available without a capability, it is asked for once; the child does not start, and its owner says why.
	 */
	inline void deny_once(Session_state &session)
	{
		if (session.phase == Session_state::SERVICE_DENIED && is_needed(session))
			session.phase = Session_state::AVAILABLE;
	}

	inline bool is_denied(Session_state const &session)
	{
		return session.phase == Session_state::SERVICE_DENIED
		   || (session.phase == Session_state::AVAILABLE && !session.cap.valid());
	}

	/* a service of our parent, made when first asked for, kept for good since sessions refer to it */
	struct Parent_offer : Parent_service, List<Parent_offer>::Element
	{
		Parent_offer(Service::Name const &name) : Parent_service(env(), name) { }

		Initiate_result initiate_request(Session_state &session) override
		{
			/* afterwards, also where the request returns nothing */
			struct Afterwards
			{
				Session_state &session;
				~Afterwards() { deny_once(session); }
			} afterwards { session };

			return Parent_service::initiate_request(session);
		}
	};

	/* where environment sessions without a route go */
	struct No_offer : Service
	{
		using Service::Service;

		Initiate_result initiate_request(Session_state &session) override
		{
			if (session.phase == Session_state::CREATE_REQUESTED) {
				session.phase = Session_state::SERVICE_DENIED;
				deny_once(session);
			}
			if (session.phase == Session_state::CLOSE_REQUESTED)
				session.phase = Session_state::CLOSED;
			return initiated(static_cast<Initiate_result *>(nullptr));
		}
	};

	/* session that the policy serves itself: its capability comes with the route */
	struct Local_offer : Service
	{
		rs_child_policy_t const &policy;
		rs_cap_t pending = 0; /* owned, of the session that is about to be created */

		Local_offer(Service::Name const &name, rs_child_policy_t const &policy) : Service(name), policy(policy) { }

		~Local_offer() { release(pending); }

		Initiate_result initiate_request(Session_state &session) override
		{
			switch (session.phase) {

			case Session_state::CREATE_REQUESTED:
				session.cap   = typed<Session>(pending);
				session.phase = Session_state::AVAILABLE;
				release(pending);
				pending = 0;
				break;

			case Session_state::UPGRADE_REQUESTED:
				session.phase = Session_state::CAP_HANDED_OUT;
				session.confirm_ram_upgrade();
				break;

			case Session_state::CLOSE_REQUESTED:
				policy.local_close(policy.ctx, borrowed(session.cap));
				session.phase = Session_state::CLOSED;
				break;

			default: break;
			}
			return initiated(static_cast<Initiate_result *>(nullptr));
		}
	};

	/* service of a child, made when first routed to: requests wait in the child's ROM until it is ready */
	struct Child_offer : Child_service, List<Child_offer>::Element
	{
		rs_child_t &server;

		template <typename... ARGS>
		Child_offer(rs_child_t &server, ARGS &&... args) : Child_service(args...), server(server) { }
	};

	/* those of all children, to find out whose service that of a session is */
	struct Known_offer : List<Known_offer>::Element
	{
		Child_offer &offer;
		Known_offer(Child_offer &offer) : offer(offer) { }
	};

	inline List<Known_offer> &known_offers() { static List<Known_offer> inst { }; return inst; }

	struct Fault_handler : Signal_dispatcher_base
	{
		Entrypoint              &ep;
		rs_child_policy_t const &policy;

		Signal_context_capability const cap { ep.manage(*this) };

		Fault_handler(Entrypoint &ep, rs_child_policy_t const &policy) : ep(ep), policy(policy) { }
		~Fault_handler() { ep.dissolve(*this); }

		void dispatch(unsigned) override { policy.ended(policy.ctx, RS_CHILD_FAULTED, 0); }
	};

	/* a child takes whole pages, and none that it does not need: the heap may grow by more than is kept for us */
	inline Sliced_heap &child_heap() { static Sliced_heap inst { env().ram(), env().rm() }; return inst; }

	template <typename ELEMENT>
	ELEMENT *find_service(List<ELEMENT> &list, Service::Name const &name)
	{
		for (ELEMENT *e = list.first(); e; e = e->next())
			if (e->name() == name)
				return e;
		return nullptr;
	}

	inline List<Parent_offer> &parent_offers() { static List<Parent_offer> inst { }; return inst; }

	inline Service &parent_offer(Service::Name const &name)
	{
		List<Parent_offer> &offers = parent_offers();

		Parent_offer *offer = find_service(offers, name);
		if (!offer) {
			offer = new (heap()) Parent_offer(name);
			offers.insert(offer);
		}
		return *offer;
	}

	inline rs_affinity_t to_seam(Affinity const &a)
	{
		return { { a.space().width(), a.space().height() },
		         { a.location().xpos(), a.location().ypos(), a.location().width(), a.location().height() } };
	}
}


using namespace Seam;

/* destroyed children whose environment has sessions that their servers have yet to close; destroyed for good later */
struct Zombie : List<Zombie>::Element
{
	rs_child &child;

	Zombie(rs_child &child) : child(child) { }
};

struct Reaper
{
	List<Zombie> _zombies { };

	Signal_handler<Reaper> _handler;

	Reaper(Entrypoint &ep) : _handler(ep, *this, &Reaper::reap) { }

	void reap();
	void add(rs_child &child) { _zombies.insert(new (heap()) Zombie(child)); }

	/* later, since a child must not be destroyed by what it is told */
	void schedule() { if (_zombies.first()) Signal_transmitter(_handler).submit(); }
};

Reaper &reaper(Entrypoint &);


/* sessions at children on behalf of clients of ours */
struct Forwarding : Session_state::Ready_callback, Session_state::Closed_callback
{
	Id_space<Parent::Client> ids { };

	void session_ready (Session_state &) override;
	void session_closed(Session_state &session) override { over(session, RS_SESSION_CLOSED); }

	/* what the server has of the session's donation is ours again */
	void over(Session_state &, rs_session_state_t);

	void told(Session_state &, rs_session_state_t, rs_cap_t);

	bool is_ours(Session_state const &session) const { return session.closed_callback == this; }
};

Forwarding &forwarding();


struct rs_child : Paying<Routing<Child_policy>>, Async_service::Wakeup
{
	rs_ep                  &_ep;
	rs_child_policy_t       _policy;
	Name              const _name;
	Binary_name       const _binary;
	Ram_quota         const _ram;
	Cap_quota         const _caps;
	Affinity          const _affinity;

	Fault_handler     _faults    { _ep.ep, _policy };
	Session_requester _requester { _ep.ep.rpc_ep(), env().ram(), env().rm() };

	bool     _pd_initiated = false;
	rs_err_t _quota = RS_OK; /* whether the child got its quota with its protection domain */

	List<Child_offer> _offers { };

	No_offer _no_offer { "none" };

	struct Local : Local_offer, List<Local>::Element { using Local_offer::Local_offer; };
	List<Local> _local { };

	/*
	 * A dynamic session request passes 'filter_session_args', 'filter_session_affinity' and 'find' in turn. The Rust
	 * policy wants all of it at once and answers route and affinity together: it is asked at the second step, and
	 * its answer kept for the third. Environment sessions have their arguments filtered earlier, and take the affinity
	 * of the child.
	 */
	Session_state::Args _args { };
	bool        _filtered = false; /* '_args' are those of a request in progress */
	bool        _routed  = false;
	rs_route_t  _route   { };
	Service::Name _service { };

	Child _child { env().rm(), _ep.ep.rpc_ep(), *this };

	rs_child(rs_ep &ep, rs_child_attr_t const &attr, rs_child_policy_t const &policy)
	:
		_ep(ep), _policy(policy),
		_name(Cstring(attr.name, attr.name_len)), _binary(Cstring(attr.binary, attr.binary_len)),
		_ram { attr.ram }, _caps { attr.caps }, _affinity(affinity(attr.affinity))
	{
		_filtered = false;
	}

	/* the owner knows it no more */
	bool _destroyed = false;

	/* end everything but what servers must close; false if they must */
	bool close()
	{
		/* sessions of clients of ours are not told when the server goes */
		while (true) {
			Session_state *found = nullptr;
			_requester.id_space().for_each<Session_state>([&] (Session_state &session) {
				if (!found && forwarding().is_ours(session))
					found = &session; });
			if (!found)
				break;
			forwarding().over(*found, RS_SESSION_CLOSED);
		}
		_child.close_all_sessions();
		return _child.env_sessions_closed();
	}

	/* of a session that is closed after its client, the server is told, not what is left of the client */
	void session_state_changed() override
	{
		reaper(_ep.ep).schedule();
		if (!_destroyed)
			_policy.sessions_changed(_policy.ctx);
	}

	~rs_child()
	{
		_child.close_all_sessions();
		auto forget = [&] (Child_offer &offer) {
			for (Known_offer *k = known_offers().first(); k; k = k->next())
				if (&k->offer == &offer) {
					known_offers().remove(k);
					destroy(heap(), k);
					return;
				}
		};
		for (Child_offer *o = _offers.first(); o; o = o->next())
			forget(*o);
		while (Child_offer *o = _offers.first()) { _offers.remove(o); destroy(heap(), o); }
		while (Local *l = _local.first())        { _local.remove(l);  destroy(heap(), l); }
		release(_route.local);
	}

	/*
	 * A server's protection domain must exist when the first client donates quota to it, and quota is the child's from
	 * its creation on.
	 */
	void need_pd()
	{
		if (!_pd_initiated) {
			_pd_initiated = true;
			_child.initiate_env_pd_session();
		}
	}

	rs_err_t start()
	{
		need_pd();
		_child.initiate_env_sessions();

		/*
		 * A session at a server that is not ready yet is pending, one without a route or a binary is final. That of
		 * the linker may be missing, since there are static binaries.
		 */
		unsigned complete = 0;
		_child.for_each_session([&] (Session_state const &session) {
			if (is_needed(session) && !is_denied(session))
				complete++; });
		return complete == 4 ? RS_OK : RS_DENIED;
	}

	void ask(Service::Name const &service, Session_label const &label, char const *args, Affinity const &requested)
	{
		release(_route.local);
		_route = { };
		_route.affinity = to_seam(requested);
		copy_cstring(_route.label, label.string(), sizeof(_route.label));

		rs_request_t const request {
			.service  = service.string(), .service_len = strlen(service.string()),
			.label    = label.string(),   .label_len   = strlen(label.string()),
			.args     = args,             .args_len    = strlen(args),
			.affinity = to_seam(requested) };

		_policy.route(_policy.ctx, &request, &_route);
		_route.label[sizeof(_route.label) - 1] = 0;
		_routed = true;
	}

	/*
	 * 'Child' counts the heartbeats that were sent and not answered, none before the child has a handler, and its
	 * functions cannot be overridden, as they are not in the dynamic linker's ABI. So an answer shows when the next
	 * heartbeat is due.
	 */
	bool _heartbeat_sent = false;

	void heartbeat();

	Service &offer(Service::Name const &name)
	{
		need_pd();

		Child_offer *offer = find_service(_offers, name);
		if (!offer) {
			offer = new (heap()) Child_offer(*this, name, _requester.id_space(), _child.session_factory(), *this,
			                                 _child.pd_session_cap(), _child.pd_session_cap());
			_offers.insert(offer);
			known_offers().insert(new (heap()) Known_offer(*offer));
		}
		return *offer;
	}

	Found find(Service::Name const &service, Session_label const &label) override
	{
		if (service == "ROM" && label.last_element() == Session_requester::rom_name())
			return { &_requester.service(), label };

		bool const environment = !_routed;
		if (environment) {
			String<256> const args("label=\"", label, "\"");
			ask(service, label, args.string(), _affinity);
		}
		_routed = false;

		Session::Label const target { Cstring(_route.label) };

		switch (_route.kind) {
		case RS_ROUTE_DENY:
			if (environment && !(service == "ROM" && label == linker_name()))
				return { &_no_offer, target };
			break;
		case RS_ROUTE_PARENT: return { &parent_offer(service), target };
		case RS_ROUTE_CHILD:  return { _route.server ? &_route.server->offer(service) : nullptr, target };
		case RS_ROUTE_LOCAL:
			Local *local = find_service(_local, service);
			if (!local) {
				local = new (heap()) Local(service, _policy);
				_local.insert(local);
			}
			release(local->pending);
			local->pending = _route.local;
			_route.local = 0;
			return { local, target };
		}
		return { nullptr, target };
	}


	/******************
	 ** Child_policy **
	 ******************/

	Name        name()        const override { return _name; }
	Binary_name binary_name() const override { return _binary; }

	void filter_session_args(Service::Name const &service, char *args, size_t size) override
	{
		_policy.filter(_policy.ctx, service.string(), strlen(service.string()), args, size);
		args[size - 1] = 0;

		_service = service;
		_args    = Cstring(args); /* a copy, because the linker's request gives them up before it is routed */
		_filtered = true;
	}

	Affinity filter_session_affinity(Affinity const &requested) override
	{
		if (!_filtered)
			return _affinity;

		_filtered = false;
		Session_label const label = label_from_args(_args.string());

		/* requests of the ROM that is not the policy's business */
		if (_service == "ROM" && label.last_element() == Session_requester::rom_name())
			return _affinity;

		ask(_service, label, _args.string(), requested.valid() ? requested : _affinity);
		return affinity(_route.affinity);
	}

	void announce_service(Service::Name const &service) override {
		_policy.announce(_policy.ctx, service.string(), strlen(service.string())); }

	void exit(int value) override { _policy.ended(_policy.ctx, RS_CHILD_EXITED, value); }

	void yield_response() override { _policy.yield_response(_policy.ctx); }

	void resource_request(Parent::Resource_args const &args) override {
		_policy.resource_request(_policy.ctx, args.string(), strlen(args.string())); }

	void init(Pd_session &pd, Capability<Pd_session> cap) override
	{
		pd.ref_account(env().pd_session_cap());

		_quota = transfer(own_account(), cap, _ram, RS_OUT_OF_RAM);
		if (_quota == RS_OK)
			_quota = transfer(own_account(), cap, _caps, RS_OUT_OF_CAPS);

		Region_map_client(pd.address_space()).fault_handler(_faults.cap);
	}

	void init(Cpu_session &cpu, Capability<Cpu_session>) override { cpu.exception_sigh(_faults.cap); }

	Id_space<Parent::Server> &server_id_space() override { return _requester.id_space(); }

	bool initiate_env_sessions() const override { return false; }


	/***************************
	 ** Async_service::Wakeup **
	 ***************************/

	void wakeup_async_service() override { _requester.trigger_update(); }
};

#endif /* _CHILD_H_ */
