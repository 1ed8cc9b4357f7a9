/*
 * Region maps: the RM service
 *
 * The session is called by its client class and not by 'Rm_connection', which answers a shortage by asking the parent
 * and waiting, perhaps for ever. The seam promises an error.
 */
#include <region_map/client.h>
#include <rm_session/client.h>
#include <base/connection.h>

#include "versions.h"

using namespace Seam;

namespace {

	enum { MAX_UPGRADES = 16, RAM_STEP = 8*1024, CAP_STEP = 2 };

	struct Session_of_rm : Connection_of<Connection<Rm_session>>
	{
		Rm_session_client client { cap() };

		Session_of_rm(Env &env) : Connection_of<Connection<Rm_session>>(env, 64*1024) { }

		/* call 'fn', which returns an rs_err_t, with more quota until it does not lack any */
		rs_err_t paid(auto const &fn)
		{
			rs_err_t result = RS_OK;
			for (unsigned i = 0; i < MAX_UPGRADES; i++) {
				result = fn();
				bool const ram = (result == RS_OUT_OF_RAM), caps = (result == RS_OUT_OF_CAPS);
				if (!ram && !caps)
					return result;

				/* the environment would wait for quota that is not there */
				if (rs_err_t const lack = has_quota(ram ? RAM_STEP : 0, caps ? CAP_STEP : 0))
					return lack;
				if (ram)  upgrade_ram (RAM_STEP);
				if (caps) upgrade_caps(CAP_STEP);
			}
			return result;
		}
	};

	struct Map : List<Map>::Element
	{
		Session_of_rm         &session;
		Capability<Region_map> cap;
		size_t                 size;
		Region_map_client      client { cap };
		Dataspace_capability   ds { };

		Map(Session_of_rm &session, Capability<Region_map> cap, size_t size)
		: session(session), cap(cap), size(size) { }
	};

	/* maps whose dataspace was asked for */
	struct Shown
	{
		Mutex     mutex { };
		List<Map> list  { };
	};

	Shown &shown() { static Shown inst { }; return inst; }

	Session_of_rm &rm (rs_rm_t         *p) { return *reinterpret_cast<Session_of_rm *>(p); }
	Map           &map(rs_region_map_t *p) { return *reinterpret_cast<Map *>(p); }
}

bool Seam::managed_size(rs_cap_t const &ds, size_t &size)
{
	if (!shown().list.first())
		return false;

	Mutex::Guard guard(shown().mutex);
	for (Map *m = shown().list.first(); m; m = m->next())
		if (m->ds == cap(ds)) {
			size = m->size;
			return true;
		}
	return false;
}

rs_err_t rs_rm_open(rs_rm_t **out)
{
	return guard([&] {
		*out = reinterpret_cast<rs_rm_t *>(new (heap()) Session_of_rm(env()));
		return RS_OK;
	});
}

void rs_rm_close(rs_rm_t *p)
{
	if (p)
		attempt([&] { destroy(heap(), &rm(p)); });
}

rs_err_t rs_rm_create(rs_rm_t *p, size_t size, rs_region_map_t **out)
{
	if (!size)
		return RS_DENIED;

	return guard([&] {
		Capability<Region_map> cap { };
		rs_err_t const result = rm(p).paid([&] {
			return guard([&] {
				return answer(rm(p).client.create(size),
				              [&] (Capability<Region_map> c) { cap = c; return RS_OK; }); }); });
		if (result == RS_OK)
			*out = reinterpret_cast<rs_region_map_t *>(
				new (heap()) Map(rm(p), cap, (size + RS_PAGE_SIZE - 1) & ~size_t(RS_PAGE_SIZE - 1)));
		return result;
	});
}

void rs_rm_destroy(rs_region_map_t *p)
{
	if (p)
		attempt([&] {
			if (map(p).ds.valid()) {
				Mutex::Guard guard(shown().mutex);
				shown().list.remove(&map(p));
			}
			map(p).session.client.destroy(map(p).cap);
			destroy(heap(), &map(p)); });
}

rs_cap_t rs_rm_dataspace(rs_region_map_t *p)
{
	rs_cap_t ds = 0;
	attempt([&] {
		if (!map(p).ds.valid()) {
			map(p).ds = map(p).client.dataspace();
			if (map(p).ds.valid()) {
				Mutex::Guard guard(shown().mutex);
				shown().list.insert(&map(p));
			}
		}
		ds = owned(map(p).ds);
	});
	return ds;
}

rs_err_t rs_rm_attach(rs_region_map_t *p, rs_cap_t ds, rs_attach_attr_t const *attr, size_t *size)
{
	if (!ds || attr->offset % RS_PAGE_SIZE)
		return RS_INVALID;

	/* the sum of address and size may wrap around, which base-linux does not notice */
	if (attr->at >= map(p).size)
		return RS_REGION_CONFLICT;

	return guard([&] {
		return map(p).session.paid([&] {
			uintptr_t at = 0;
			return attach(map(p).client, ds, { .size       = attr->size,
			                                   .offset     = attr->offset,
			                                   .use_at     = true,
			                                   .at         = attr->at,
			                                   .executable = attr->executable,
			                                   .writeable  = attr->writeable }, at, *size); }); });
}

void rs_rm_detach(rs_region_map_t *p, uintptr_t at) { attempt([&] { map(p).client.detach(at); }); }

rs_err_t rs_rm_fault_handler(rs_region_map_t *p, rs_cap_t context)
{
	return guard([&] {
		map(p).client.fault_handler(typed<Signal_context>(context));
		return RS_OK;
	});
}

rs_err_t rs_rm_fault(rs_region_map_t *p, rs_fault_t *out)
{
	return guard([&] {
		*out = fault(map(p).client);
		return RS_OK;
	});
}
