/*
 * Children: their lives
 */
#include "child.h"


/* a private member: an explicit instantiation may name it */
struct Unanswered { };
unsigned Child::*unanswered_heartbeats(Unanswered);

template <unsigned Child::*MEMBER>
struct Member_of_child { friend unsigned Child::*unanswered_heartbeats(Unanswered) { return MEMBER; } };

template struct Member_of_child<&Child::_outstanding_heartbeats>;

void rs_child::heartbeat()
{
	unsigned const &unanswered = _child.*unanswered_heartbeats(Unanswered());
	if (_heartbeat_sent && !unanswered)
		_policy.heartbeat(_policy.ctx);
	_child.heartbeat();
	_heartbeat_sent = unanswered > 0;
}


Reaper &reaper(Entrypoint &ep) { static Reaper inst { ep }; return inst; }

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

void rs_child_destroy(rs_child_t *child)
{
	attempt([&] {
		bool const closed = child->close();
		child->_policy = deaf();
		child->_destroyed = true;
		if (closed)
			destroy(child_heap(), child);
		else
			reaper(child->_ep.ep).add(*child);
	});
}


void Reaper::reap()
{
	for (Zombie *zombie = _zombies.first(), *next; zombie; zombie = next) {
		next = zombie->next();
		if (!zombie->child._child.env_sessions_closed())
			continue;
		_zombies.remove(zombie);
		destroy(child_heap(), &zombie->child);
		destroy(heap(), zombie);
	}
}

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

rs_err_t rs_child_quotas(rs_child_t *const *children, size_t count, rs_quota_t *quotas)
{
	return guard([&] {
		for (size_t i = 0; i < count; i++) {
			rs_err_t result = RS_INVALID;
			with_pd(children[i]->_child, [&] (Pd_session &pd) {
				quotas[i] = { .ram_limit  = pd.ram_quota().value,  .ram_used  = pd.used_ram().value,
				              .caps_limit = pd.cap_quota().value,  .caps_used = pd.used_caps().value };
				result = RS_OK;
			});
			if (result != RS_OK)
				return result;
		}
		return RS_OK;
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
