/*
 * Sessions, announcements, and resources: the component's side of its parent
 */
#include <base/id_space.h>
#include <base/rpc_client.h>

#include "versions.h"

using namespace Seam;

namespace {

	/* an open session, known to the parent by the id of its element in the environment's id space */
	struct Open_session : Parent::Client, List<Open_session>::Element
	{
		Id_space<Parent::Client>::Element id { *this, env().id_space() };
	};

	struct Open_sessions
	{
		Mutex              mutex { };
		List<Open_session> list  { };

		/* take the session called 'id' off the list, nullptr if there is none */
		Open_session *take(::uint64_t id)
		{
			Mutex::Guard guard(mutex);
			for (Open_session *s = list.first(); s; s = s->next())
				if (s->id.id().value == id) {
					list.remove(s);
					return s;
				}
			return nullptr;
		}

		void insert(Open_session &s)
		{
			Mutex::Guard guard(mutex);
			list.insert(&s);
		}
	};

	Open_sessions &open_sessions() { static Open_sessions inst; return inst; }

	using Args = Zero_terminated<Parent::Session_args::MAX_SIZE>;
	using Name = Zero_terminated<Parent::Service_name::MAX_SIZE>;
}

rs_err_t rs_session_open(char const *service, size_t service_len, char const *args, size_t args_len,
                         rs_affinity_t const *aff, ::uint64_t *id, rs_cap_t *cap)
{
	if (!Name::fits(service_len) || !Args::fits(args_len))
		return RS_OVERFLOW;

	return guard([&] {
		Open_session &session = *new (heap()) Open_session();

		Session_capability session_cap { };
		rs_err_t const result = guard([&] {
			return try_session(env(), Name(service, service_len).buf, session.id.id(),
			                   Args(args, args_len).buf, affinity(*aff), session_cap); });

		if (result != RS_OK || !session_cap.valid()) {
			destroy(heap(), &session);
			return result == RS_OK ? RS_DENIED : result;
		}
		open_sessions().insert(session);
		*id  = session.id.id().value;
		*cap = owned(session_cap);
		return RS_OK;
	});
}

rs_err_t rs_session_upgrade(::uint64_t id, char const *args, size_t args_len)
{
	if (!Args::fits(args_len))
		return RS_OVERFLOW;

	return guard([&] {
		Args const a(args, args_len);

		/* the environment blocks for the response but does not tell of a failed transfer, so look before */
		rs_err_t const quota = has_quota(ram_quota_from_args(a.buf).value, cap_quota_from_args(a.buf).value);
		if (quota != RS_OK)
			return quota;

		env().upgrade(Parent::Client::Id { id }, a.buf);
		return RS_OK;
	});
}

void rs_session_close(::uint64_t id)
{
	attempt([&] {
		if (Open_session *session = open_sessions().take(id)) {
			env().close(session->id.id());
			destroy(heap(), session);
		}
	});
}

rs_err_t rs_announce(char const *service, size_t service_len)
{
	if (!Name::fits(service_len))
		return RS_OVERFLOW;

	return guard([&] {
		env().parent().announce(Name(service, service_len).buf);
		return RS_OK;
	});
}

void rs_session_response(::uint64_t id, rs_response_t response)
{
	attempt([&] { env().parent().session_response({ id }, session_response<Parent>(response)); });
}

void rs_session_deliver(::uint64_t id, rs_cap_t cap)
{
	attempt([&] { env().parent().deliver_session_cap({ id }, typed<Session>(cap)); });
}

bool rs_session_requests(uintptr_t, size_t, char *, size_t, size_t *)
{
	return false; /* the content of a ROM is what its last update brought */
}

void rs_resource_request(char const *args, size_t args_len)
{
	/* the environment's client would wait for the answer where no handler is installed for it */
	attempt([&] {
		if (auto *client = dynamic_cast<Rpc_client<Parent> *>(&env().parent()))
			client->call<Parent::Rpc_resource_request>(Parent::Resource_args(Cstring(args, args_len)));
	});
}

void rs_parent_sigh(rs_parent_signal_t which, rs_cap_t context)
{
	attempt([&] {
		auto const sigh = typed<Signal_context>(context);
		switch (which) {
		case RS_RESOURCE_AVAIL: env().parent().resource_avail_sigh(sigh); break;
		case RS_YIELD:          env().parent().yield_sigh(sigh);          break;
		case RS_HEARTBEAT:      env().parent().heartbeat_sigh(sigh);      break;
		}
	});
}

size_t rs_yield_request(char *buf, size_t capacity)
{
	if (!capacity)
		return 0;

	size_t len = 0;
	attempt([&] {
		Parent::Resource_args const args = env().parent().yield_request();
		copy_cstring(buf, args.string(), capacity);
		len = min(args.length() ? args.length() - 1 : 0, capacity - 1);
	});
	buf[len] = 0;
	return len;
}

void rs_yield_response(void)     { attempt([&] { env().parent().yield_response(); }); }
void rs_heartbeat_response(void) { attempt([&] { env().parent().heartbeat_response(); }); }
