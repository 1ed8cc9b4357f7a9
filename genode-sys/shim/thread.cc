/*
 * Threads and what they wait on
 */
#include <base/blockade.h>
#include <trace/timestamp.h>
#include <util/construct_at.h>

#include "versions.h"

using namespace Seam;

struct rs_thread : Thread_of<Thread>
{
	void (*_fn)(void *);
	void  *_arg;

	rs_thread(char const *name, size_t stack, Affinity::Location location, void (*fn)(void *), void *arg)
	:
		Thread_of<Thread>(env(), name, stack, location), _fn(fn), _arg(arg)
	{ }

	void entry() override { _fn(_arg); }

	rs_err_t begin() { return Seam::start<Thread>(*this, _thread_cap); }
};

bool Seam::within_affinity_space(rs_location_t const &l)
{
	if (!l.w && !l.h && !l.x && !l.y)
		return true;

	rs_space_t const space = rs_affinity_space();
	return location(l).within(Affinity::Space(space.w, space.h));
}

rs_space_t rs_affinity_space(void)
{
	rs_space_t result { 1, 1 };
	attempt([&] {
		Affinity::Space const space = env().cpu().affinity_space();
		result = { space.width(), space.height() };
	});
	return result;
}

rs_err_t rs_thread_create(char const *name, size_t name_len, size_t stack_size, rs_location_t at,
                          void (*fn)(void *arg), void *arg, rs_thread_t **thread)
{
	if (!within_affinity_space(at) || stack_size >= Thread::stack_virtual_size())
		return RS_INVALID;

	return guard([&] {
		rs_err_t const quota = has_quota(stack_size + 16*1024, 4);
		if (quota != RS_OK)
			return quota;

		Zero_terminated<32> const n(name, name_len);
		rs_thread &t = *new (heap()) rs_thread(n.buf, stack_size, location(at), fn, arg);

		rs_err_t const result = t.begin();
		if (result == RS_OK)
			*thread = &t;
		else
			destroy(heap(), &t);
		return result;
	});
}

void rs_thread_join(rs_thread_t *thread)
{
	attempt([&] {
		thread->join();
		destroy(heap(), thread);
	});
}

rs_err_t rs_thread_migrate(rs_thread_t *, rs_location_t) { return RS_UNSUPPORTED; }

::uint64_t rs_thread_id(void) { return ::uint64_t(Thread::myself()); }

::size_t rs_thread_name(char *name, ::size_t capacity)
{
	::size_t length = 0;
	attempt([&] {
		if (Thread *myself = Thread::myself()) {
			auto const known = name_of(*myself);
			while (length < capacity && known.string()[length]) {
				name[length] = known.string()[length];
				length++;
			}
		}
	});
	return length;
}

::uint64_t rs_timestamp(void) { return Trace::timestamp(); }

static_assert(sizeof(Blockade) <= sizeof(rs_blockade_t) && alignof(Blockade) <= alignof(rs_blockade_t),
              "rs_blockade_t holds a Blockade");

static Blockade &blockade(rs_blockade_t *b) { return *reinterpret_cast<Blockade *>(b); }

void rs_blockade_init(rs_blockade_t *b)   { construct_at<Blockade>(b); }
void rs_blockade_block(rs_blockade_t *b)  { attempt([&] { blockade(b).block(); }); }

/* A component's clock on Genode is the Timer service, a session above the seam. */
rs_err_t rs_blockade_block_until(rs_blockade_t *, ::uint64_t, bool *) { return RS_UNSUPPORTED; }
::uint64_t rs_time_us(void) { return 0; }

void rs_blockade_wakeup(rs_blockade_t *b) { attempt([&] { blockade(b).wakeup(); }); }
