/*
 * Internals of the seam on Genode: what its files share
 *
 * The seam is 'rs_genode.h'. Its functions are called from Rust, whose frames a C++ exception must not cross. So each
 * function's body runs inside 'guard', which turns every exception into an error code.
 */
#ifndef _SHIM_H_
#define _SHIM_H_

#include <base/env.h>
#include <base/heap.h>
#include <base/log.h>
#include <base/sleep.h>
#include <session/session.h>

#include <rs_genode.h>

namespace Seam {

	using namespace Genode;

	/* the component's environment, valid from Component::construct on */
	Env &env();

	/* whether the component has quota for that much left */
	rs_err_t has_quota(size_t ram, size_t caps);

	/* whether 'ds' is the dataspace of a region map of ours, and its size */
	bool managed_size(rs_cap_t const &ds, size_t &size);

	/* heap for the objects behind opaque handles; messages need none */
	Heap &heap();

	/*
	 * A capability handle is the bit pattern of a 'Native_capability', a counted pointer. So handing capabilities through
	 * the seam allocates nothing.
	 */
	static_assert(sizeof(Native_capability) == sizeof(rs_cap_t), "a handle holds a capability");

	/* view a borrowed handle as capability */
	inline Native_capability const &cap(rs_cap_t const &handle) {
		return reinterpret_cast<Native_capability const &>(handle); }

	/* handle that borrows from 'cap' */
	inline rs_cap_t borrowed(Native_capability const &cap) {
		return reinterpret_cast<rs_cap_t const &>(cap); }

	/* handle that owns a reference of its own, 0 for an invalid capability */
	inline rs_cap_t owned(Native_capability const &cap)
	{
		if (!cap.valid())
			return 0;

		union Storage
		{
			Native_capability cap;
			rs_cap_t          handle;

			Storage(Native_capability const &c) : cap(c) { }
			~Storage() { /* the reference lives on in the handle */ }
		};
		return Storage(cap).handle;
	}

	/* give back the reference that 'handle' owns */
	inline void release(rs_cap_t handle)
	{
		if (handle)
			reinterpret_cast<Native_capability &>(handle).~Native_capability();
	}

	template <typename INTERFACE>
	inline Capability<INTERFACE> typed(rs_cap_t const &handle) {
		return reinterpret_cap_cast<INTERFACE>(cap(handle)); }

	/* zero-terminated copy of a borrowed string, cut at CAPACITY - 1 */
	template <size_t CAPACITY>
	struct Zero_terminated
	{
		char buf[CAPACITY] { };

		Zero_terminated(char const *s, size_t len) { memcpy(buf, s, min(len, CAPACITY - 1)); }

		static bool fits(size_t len) { return len < CAPACITY; }
	};

	inline Affinity::Location location(rs_location_t const &l) {
		return Affinity::Location(l.x, l.y, l.w, l.h); }

	inline Affinity affinity(rs_affinity_t const &a) {
		return Affinity(Affinity::Space(a.space.w, a.space.h), location(a.location)); }

	/* whether a thread can be placed at a location, the default location being always possible */
	bool within_affinity_space(rs_location_t const &);

	/* the error code of the exception that is being handled */
	rs_err_t caught();

	/* call 'fn', which returns an rs_err_t, and answer exceptions with their error code */
	template <typename FN>
	inline rs_err_t guard(FN const &fn)
	{
		try { return fn(); }
		catch (...) { return caught(); }
	}

	/* call 'fn', whose failure nobody can act on */
	template <typename FN>
	inline void attempt(FN const &fn)
	{
		guard([&] { fn(); return RS_OK; });
	}
}

#endif /* _SHIM_H_ */
