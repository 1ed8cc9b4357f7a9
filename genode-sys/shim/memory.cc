/*
 * Dataspaces, mappings, quota
 */
#include "versions.h"

using namespace Seam;

rs_err_t Seam::has_quota(size_t ram, size_t caps)
{
	if (ram  && env().pd().avail_ram().value  < ram)  return RS_OUT_OF_RAM;
	if (caps && env().pd().avail_caps().value < caps) return RS_OUT_OF_CAPS;
	return RS_OK;
}

/* memory that core did not clear may hold what others wrote */
static rs_err_t clear(rs_cap_t ds)
{
	uintptr_t addr = 0;
	size_t    size = 0;
	rs_err_t const result = attach(env().rm(), ds, { .size = 0, .offset = 0, .use_at = false, .at = 0, .executable = false, .writeable = true }, addr, size);
	if (result == RS_OK) {
		__builtin_memset(reinterpret_cast<void *>(addr), 0, size);
		env().rm().detach(addr);
	}
	return result;
}

rs_err_t rs_ram_alloc(size_t size, rs_cache_t cache, int32_t node, rs_cap_t *ds)
{
	return guard([&] {
		rs_err_t result = alloc_ram(env().pd_session_cap(), size, Cache(cache), node, *ds);
		if (result == RS_OK && numa_aware<Pd_session>) {
			result = guard([&] { return clear(*ds); });
			if (result != RS_OK)
				rs_ram_free(*ds);
		}
		return result;
	});
}

void rs_ram_free(rs_cap_t ds)
{
	attempt([&] { free_ram(env().pd(), ds); });
	rs_cap_drop(ds);
}

rs_err_t rs_ds_info(rs_cap_t ds, size_t *size, bool *writeable)
{
	if (!ds)
		return RS_INVALID;

	/* on base-linux the dataspace of a region map is no RPC object but known to its component's library only */
	if (managed_size(ds, *size)) {
		*writeable = true;
		return RS_OK;
	}

	return guard([&] {
		Dataspace_client client(typed<Dataspace>(ds));
		*size      = client.size();
		*writeable = client.writeable();
		return RS_OK;
	});
}

rs_err_t rs_attach(rs_cap_t ds, rs_attach_attr_t const *attr, uintptr_t *addr, size_t *size)
{
	if (!ds || attr->offset % RS_PAGE_SIZE)
		return RS_INVALID;

	return guard([&] {
		return attach(env().rm(), ds, { .size       = attr->size,
		                                .offset     = attr->offset,
		                                .use_at     = attr->at != 0,
		                                .at         = attr->at,
		                                .executable = attr->executable,
		                                .writeable  = attr->writeable }, *addr, *size);
	});
}

void rs_detach(uintptr_t addr) { attempt([&] { env().rm().detach(addr); }); }

rs_err_t rs_quota(rs_quota_t *quota)
{
	return guard([&] {
		*quota = { .ram_limit  = env().pd().ram_quota().value,  .ram_used  = env().pd().used_ram().value,
		           .caps_limit = env().pd().cap_quota().value,  .caps_used = env().pd().used_caps().value };
		return RS_OK;
	});
}
