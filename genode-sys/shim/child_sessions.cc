/*
 * Sessions of children: what there is, and those on behalf of clients of our parent
 */
#include "child.h"


Forwarding &forwarding() { static Forwarding inst { }; return inst; }

static rs_session_state_t state_of(Session_state const &session)
{
	if (is_denied(session))
		return RS_SESSION_DENIED;

	switch (session.phase) {
	case Session_state::CREATE_REQUESTED:       return RS_SESSION_CREATING;
	case Session_state::SERVICE_DENIED:         return RS_SESSION_DENIED;
	case Session_state::INSUFFICIENT_RAM_QUOTA: return RS_SESSION_INSUFFICIENT_RAM;
	case Session_state::INSUFFICIENT_CAP_QUOTA: return RS_SESSION_INSUFFICIENT_CAPS;
	case Session_state::AVAILABLE:              return RS_SESSION_AVAILABLE;
	case Session_state::CAP_HANDED_OUT:         return RS_SESSION_OPEN;
	case Session_state::UPGRADE_REQUESTED:      return RS_SESSION_UPGRADING;
	case Session_state::CLOSE_REQUESTED:        return RS_SESSION_CLOSING;
	case Session_state::CLOSED:                 return RS_SESSION_CLOSED;
	}
	return RS_SESSION_CLOSED;
}


static rs_environment_t environment_of(Session_state const &session)
{
	if (!session.client_exists())
		return RS_OF_CLIENT;

	auto const id = session.id_at_client().value;
	if (id == Parent::Env::pd().value)     return RS_OF_PD;
	if (id == Parent::Env::cpu().value)    return RS_OF_CPU;
	if (id == Parent::Env::log().value)    return RS_OF_LOG;
	if (id == Parent::Env::binary().value) return RS_OF_BINARY;
	if (id == Parent::Env::linker().value) return RS_OF_LINKER;
	return RS_OF_CLIENT;
}


/* who serves a session of 'client'; an environment session's service stands for that which it was routed to */
static void served_by(rs_child &client, Session_state const &session, rs_child_session_t &told)
{
	Service const &service = session.service();

	for (Parent_offer *o = parent_offers().first(); o; o = o->next())
		if (service == *o) {
			told.kind = RS_ROUTE_PARENT;
			return;
		}
	for (rs_child::Local *l = client._local.first(); l; l = l->next())
		if (service == *l) {
			told.kind  = RS_ROUTE_LOCAL;
			told.local = borrowed(session.cap);
			return;
		}
	for (Known_offer *k = known_offers().first(); k; k = k->next())
		if (service == k->offer) {
			told.kind   = RS_ROUTE_CHILD;
			told.server = &k->offer.server;
			return;
		}
}


void rs_child_sessions(rs_child_t *child, bool provided, void *ctx, void (*each)(void *, rs_child_session_t const *))
{
	auto tell = [&] (Session_state const &session) {

		auto const requested = session.client_label();
		auto const label     = session.label();
		char const *args     = session.args().string();
		char const *name     = session.service().name().string();

		rs_child_session_t told {
			.service     = name,               .service_len   = strlen(name),
			.requested   = requested.string(), .requested_len = strlen(requested.string()),
			.label       = label.string(),     .label_len     = strlen(label.string()),
			.args        = args,               .args_len      = strlen(args),
			.ram         = session.donated_ram_quota().value,
			.caps        = session.donated_cap_quota().value,
			.state       = state_of(session),
			.environment = provided ? RS_OF_CLIENT : environment_of(session),
			.kind        = RS_ROUTE_DENY, .server = nullptr, .local = 0 };

		if (!provided)
			served_by(*child, session, told);
		each(ctx, &told);
	};
	attempt([&] {
		if (provided) child->_requester.id_space().for_each<Session_state const>(tell);
		else          child->_child.for_each_session(tell);
	});
}


void Forwarding::told(Session_state &session, rs_session_state_t state, rs_cap_t cap)
{
	for (Known_offer *k = known_offers().first(); k; k = k->next())
		if (session.service() == k->offer) {
			rs_child_policy_t const &policy = k->offer.server._policy;
			policy.forwarded(policy.ctx, session.id_at_client().value, state, cap);
			return;
		}
}


void Forwarding::session_ready(Session_state &session)
{
	switch (session.phase) {
	case Session_state::AVAILABLE:
		session.phase = Session_state::CAP_HANDED_OUT;
		told(session, RS_SESSION_AVAILABLE, borrowed(session.cap));
		return;
	case Session_state::CAP_HANDED_OUT:
		told(session, RS_SESSION_OPEN, 0);
		return;
	case Session_state::SERVICE_DENIED:
	case Session_state::INSUFFICIENT_RAM_QUOTA:
	case Session_state::INSUFFICIENT_CAP_QUOTA:
		over(session, state_of(session));
		return;
	default: return;
	}
}


void Forwarding::over(Session_state &session, rs_session_state_t state)
{
	give_back<Ram_transfer::Account>(session.service(), session.donated_ram_quota());
	give_back<Cap_transfer::Account>(session.service(), session.donated_cap_quota());

	told(session, state, 0);
	session.destroy();
}


static void request(Session_state &session, Session_state::Phase phase)
{
	session.phase = phase;
	(void)session.service().initiate_request(session);
	session.service().wakeup();
}


rs_err_t rs_child_forward(rs_child_t *server, ::uint64_t id, rs_request_t const *wanted)
{
	return guard([&] {

		Session_state::Args const args { Cstring(wanted->args, wanted->args_len) };
		Ram_quota const ram  = ram_quota_from_args(args.string());
		Cap_quota const caps = cap_quota_from_args(args.string());

		Service &service = server->offer(Service::Name(Cstring(wanted->service, wanted->service_len)));

		Session_state *session = create_session(service, server->_child.session_factory(), forwarding().ids,
		                                        Parent::Client::Id { id },
		                                        Session::Label(Cstring(wanted->label, wanted->label_len)),
		                                        args, affinity(wanted->affinity));
		if (!session)
			return RS_OUT_OF_RAM;

		rs_err_t paid = transfer(rs_child::own_account(), server->_child.pd_session_cap(), ram, RS_OUT_OF_RAM);
		if (paid == RS_OK) {
			paid = transfer(rs_child::own_account(), server->_child.pd_session_cap(), caps, RS_OUT_OF_CAPS);
			if (paid != RS_OK)
				give_back<Ram_transfer::Account>(service, ram);
		}
		if (paid != RS_OK) {
			session->destroy();
			return paid;
		}
		session->ready_callback  = &forwarding();
		session->closed_callback = &forwarding();
		request(*session, Session_state::CREATE_REQUESTED);
		return RS_OK;
	});
}


/* a forwarded session, if it is there */
template <typename FN>
static bool with_forwarded(::uint64_t id, FN const &fn)
{
	bool found = false;
	forwarding().ids.for_each<Session_state>([&] (Session_state &session) {
		if (!found && session.id_at_client().value == id) {
			found = true;
			fn(session);
		}
	});
	return found;
}


rs_err_t rs_child_forward_upgrade(::uint64_t id, ::uint64_t ram, ::uint64_t caps)
{
	return guard([&] {
		rs_err_t result = RS_INVALID;
		with_forwarded(id, [&] (Session_state &session) {

			if (session.phase != Session_state::CAP_HANDED_OUT)
				return;

			Ram_transfer::Account const &account = session.service();
			auto const to = reinterpret_cap_cast<Pd_session>(account.cap(Ram_quota()));
			Ram_quota const ram_quota { size_t(ram) };
			Cap_quota const cap_quota { size_t(caps) };

			result = transfer(rs_child::own_account(), to, ram_quota, RS_OUT_OF_RAM);
			if (result == RS_OK) {
				result = transfer(rs_child::own_account(), to, cap_quota, RS_OUT_OF_CAPS);
				if (result != RS_OK)
					give_back<Ram_transfer::Account>(session.service(), ram_quota);
			}
			if (result != RS_OK)
				return;
			session.increase_donated_quota(ram_quota, cap_quota);
			request(session, Session_state::UPGRADE_REQUESTED);
		});
		return result;
	});
}


void rs_child_forward_close(::uint64_t id)
{
	attempt([&] {
		with_forwarded(id, [&] (Session_state &session) {
			/* one that is being created is closed once it is there: the server knows it already */
			if (session.phase == Session_state::CREATE_REQUESTED || session.alive())
				request(session, Session_state::CLOSE_REQUESTED);
		});
	});
}
