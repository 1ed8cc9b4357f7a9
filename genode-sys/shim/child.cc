/*
 * Children: Genode's 'Child' with the policy in Rust
 */
#include <base/child.h>
#include <os/session_requester.h>

#include "entrypoint.h"
#include "versions.h"

using namespace Seam;

namespace {

	/* a service of our parent, made when first asked for, kept for good since sessions refer to it */
	struct Parent_offer : Parent_service, List<Parent_offer>::Element
	{
		Parent_offer(Service::Name const &name) : Parent_service(env(), name) { }
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
		using Child_service::Child_service;
	};

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
	Sliced_heap &child_heap() { static Sliced_heap inst { env().ram(), env().rm() }; return inst; }

	template <typename ELEMENT>
	ELEMENT *find_service(List<ELEMENT> &list, Service::Name const &name)
	{
		for (ELEMENT *e = list.first(); e; e = e->next())
			if (e->name() == name)
				return e;
		return nullptr;
	}

	Service &parent_offer(Service::Name const &name)
	{
		static List<Parent_offer> offers { };

		Parent_offer *offer = find_service(offers, name);
		if (!offer) {
			offer = new (heap()) Parent_offer(name);
			offers.insert(offer);
		}
		return *offer;
	}

	rs_affinity_t to_seam(Affinity const &a)
	{
		return { { a.space().width(), a.space().height() },
		         { a.location().xpos(), a.location().ypos(), a.location().width(), a.location().height() } };
	}
}


/* a private member: an explicit instantiation may name it */
struct Unanswered { };
unsigned Child::*unanswered_heartbeats(Unanswered);

template <unsigned Child::*MEMBER>
struct Member_of_child { friend unsigned Child::*unanswered_heartbeats(Unanswered) { return MEMBER; } };

template struct Member_of_child<&Child::_outstanding_heartbeats>;

struct rs_child : Paying<Routing<Child_policy>>, Async_service::Wakeup
{
	rs_ep                  &_ep;
	rs_child_policy_t const _policy;
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

	~rs_child()
	{
		_child.close_all_sessions();
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
			auto const id = session.id_at_client().value;
			if ((id == Parent::Env::pd().value  || id == Parent::Env::cpu().value
			  || id == Parent::Env::log().value || id == Parent::Env::binary().value)
			 && session.phase != Session_state::SERVICE_DENIED)
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

	void heartbeat()
	{
		unsigned const &unanswered = _child.*unanswered_heartbeats(Unanswered());
		if (_heartbeat_sent && !unanswered)
			_policy.heartbeat(_policy.ctx);
		_child.heartbeat();
		_heartbeat_sent = unanswered > 0;
	}

	Service &offer(Service::Name const &name)
	{
		need_pd();

		Child_offer *offer = find_service(_offers, name);
		if (!offer) {
			offer = new (heap()) Child_offer(name, _requester.id_space(), _child.session_factory(), *this,
			                                 _child.pd_session_cap(), _child.pd_session_cap());
			_offers.insert(offer);
		}
		return *offer;
	}

	Found find(Service::Name const &service, Session_label const &label) override
	{
		if (service == "ROM" && label.last_element() == Session_requester::rom_name())
			return { &_requester.service(), label };

		if (!_routed) {
			String<256> const args("label=\"", label, "\"");
			ask(service, label, args.string(), _affinity);
		}
		_routed = false;

		Session::Label const target { Cstring(_route.label) };

		switch (_route.kind) {
		case RS_ROUTE_DENY:   break;
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

	void filter_session_args(Service::Name const &service, char *args, size_t) override
	{
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


rs_err_t rs_child_create(rs_ep_t *ep, rs_child_attr_t const *attr, rs_child_policy_t const *policy, rs_child_t **child)
{
	if (!attr->name_len || attr->name_len >= Child_policy::Name::capacity()
	 || !attr->binary_len || attr->binary_len >= Child_policy::Binary_name::capacity())
		return RS_INVALID;

	return guard([&] {
		rs_err_t const quota = has_quota(attr->ram, attr->caps);
		if (quota != RS_OK)
			return quota;

		*child = new (child_heap()) rs_child(*ep, *attr, *policy);
		(*child)->need_pd();
		if ((*child)->_quota == RS_OK)
			return RS_OK;

		rs_err_t const result = (*child)->_quota;
		destroy(child_heap(), *child);
		return result;
	});
}

rs_err_t rs_child_start(rs_child_t *child)
{
	return guard([&] { return child->start(); });
}

void rs_child_destroy(rs_child_t *child) { attempt([&] { destroy(child_heap(), child); }); }

rs_err_t rs_child_transfer(rs_child_t *child, ::int64_t ram, ::int64_t caps)
{
	return guard([&] {
		rs_err_t result = RS_INVALID; /* not started yet */

		with_pd(child->_child, [&] (Pd_session &child_pd) {

			auto move = [&] (auto quota, ::int64_t amount, rs_err_t exceeded) {
				if (!amount)
					return RS_OK;
				quota.value = size_t(amount > 0 ? amount : -amount);
				return amount > 0 ? transfer(rs_child::own_account(), child->_child.pd_session_cap(), quota, exceeded)
				                  : transfer(child_pd, env().pd_session_cap(), quota, exceeded);
			};
			result = move(Ram_quota { }, ram, RS_OUT_OF_RAM);
			if (result == RS_OK)
				result = move(Cap_quota { }, caps, RS_OUT_OF_CAPS);
		});
		return result;
	});
}

rs_err_t rs_child_quota(rs_child_t *child, rs_quota_t *quota)
{
	return guard([&] {
		rs_err_t result = RS_INVALID;
		with_pd(child->_child, [&] (Pd_session &pd) {
			*quota = { .ram_limit  = pd.ram_quota().value,  .ram_used  = pd.used_ram().value,
			           .caps_limit = pd.cap_quota().value,  .caps_used = pd.used_caps().value };
			result = RS_OK;
		});
		return result;
	});
}

void rs_child_notify(rs_child_t *child, rs_parent_signal_t which, char const *args, size_t args_len)
{
	attempt([&] {
		switch (which) {
		case RS_RESOURCE_AVAIL: child->_child.notify_resource_avail(); break;
		case RS_YIELD:          child->_child.yield(Parent::Resource_args(Cstring(args, args_len))); break;
		case RS_HEARTBEAT:      child->heartbeat(); break;
		}
	});
}
