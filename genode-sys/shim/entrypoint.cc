/*
 * Entrypoints, RPC objects and signal contexts
 */
#include "entrypoint.h"

using namespace Seam;

/* further entrypoints own theirs */
struct Own_ep : rs_ep
{
	Entrypoint own;

	Own_ep(size_t stack, char const *name, Affinity::Location location)
	: rs_ep(own), own(env(), stack, name, location) { }
};

static rs_ep &main_ep() { static rs_ep ep(env().ep()); return ep; }

rs_ep_t *rs_ep_main(void) { return &main_ep(); }

rs_err_t rs_ep_create(char const *name, size_t name_len, size_t stack_size, rs_location_t at, rs_ep_t **ep)
{
	if (!within_affinity_space(at) || stack_size >= Thread::stack_virtual_size())
		return RS_INVALID;

	return guard([&] {
		/* two threads with their stacks, capabilities, and signal contexts */
		rs_err_t const quota = has_quota(stack_size + 64*1024, 12);
		if (quota != RS_OK)
			return quota;

		Zero_terminated<32> const n(name, name_len);
		*ep = new (heap()) Own_ep(stack_size, n.buf, location(at));
		return RS_OK;
	});
}

void rs_ep_destroy(rs_ep_t *ep)
{
	if (ep != &main_ep())
		attempt([&] { ep->reap(nullptr); destroy(heap(), static_cast<Own_ep *>(ep)); });
}


/*****************
 ** RPC objects **
 *****************/

namespace {

	/* never used for marshalling, which is Rust's; it makes the object acceptable to 'Entrypoint::manage' */
	struct Opaque : Interface { GENODE_RPC_INTERFACE(); };

	/* gives access to the buffer that an unmarshaller reads from */
	struct Buffer_of : Ipc_unmarshaller
	{
		static Msgbuf_base &msg(Ipc_unmarshaller &in) { return static_cast<Buffer_of &>(in)._rcv_msg; }
	};

	/* a call of memset takes longer than this: the dynamic linker's stores single bytes up to a boundary, then words */
	void clear(char *at, size_t len)
	{
		for (; len >= 64; at += 64, len -= 64) {
			__builtin_memset(at, 0, 64);
			asm volatile ("" : : : "memory"); /* keep the compiler from turning the loop into a call of memset */
		}
		__builtin_memset(at, 0, len);
	}
}

struct rs_object : Rpc_object<Opaque, rs_object>, rs_ep::Managed
{
	rs_dispatch_fn const _fn;
	void          *const _ctx;

	rs_object(rs_ep &ep, rs_dispatch_fn fn, void *ctx) : Managed(ep), _fn(fn), _ctx(ctx) { }
	~rs_object() { if (cap().valid()) ep.ep.dissolve(*this); }

	void discard() override { destroy(heap(), this); }

	Rpc_exception_code dispatch(Rpc_opcode, Ipc_unmarshaller &in, Msgbuf_base &out) override
	{
		::int64_t code = Rpc_exception_code::INVALID_OBJECT;
		ep.run(*this, [&] { code = _serve(Buffer_of::msg(in), out); });
		return Rpc_exception_code(int(code));
	}

	::int64_t _serve(Msgbuf_base &in, Msgbuf_base &out)
	{
		/* base-hw tells the length; elsewhere what was not received is zero, because it is cleared below */
		size_t const len = in.data_size() ? min(in.data_size(), in.capacity()) : in.capacity();

		rs_msg_t call { };
		call.data     = (uint8_t *)in.data();
		call.len      = len;
		call.capacity = in.capacity();
		call.num_caps = uint32_t(min(in.used_caps(), size_t(RS_MAX_CAPS)));
		for (uint32_t i = 0; i < call.num_caps; i++)
			call.caps[i] = in.cap(i).valid() ? borrowed(in.cap(i)) : 0;

		rs_msg_t reply { };
		reply.data     = (uint8_t *)out.data();
		reply.capacity = out.capacity();

		::int64_t const code = _fn(_ctx, &call, &reply);

		/* the next caller's shorter message must not be completed by this one's bytes */
		clear((char *)in.data(), len);

		out.data_size((min(reply.len, out.capacity()) + 7) & ~7ul);
		for (uint32_t i = 0; i < reply.num_caps && i < RS_MAX_CAPS; i++) {
			out.insert(Seam::cap(reply.caps[i]));
			release(reply.caps[i]);
		}
		return code;
	}
};

rs_err_t rs_object_manage(rs_ep_t *ep, rs_dispatch_fn fn, void *ctx, rs_object_t **object, rs_cap_t *cap)
{
	return guard([&] {
		if (has_quota(0, 1) != RS_OK)
			return RS_OUT_OF_CAPS;

		rs_object &obj = *new (heap()) rs_object(*ep, fn, ctx);
		try {
			*cap    = owned(ep->ep.manage(obj));
			*object = &obj;
			if (*cap)
				return RS_OK;
		}
		catch (...) {
			destroy(heap(), &obj);
			throw;
		}
		destroy(heap(), &obj);
		return RS_OUT_OF_CAPS;
	});
}

void rs_object_dissolve(rs_object_t *object)
{
	attempt([&] {
		/* unreachable at once, also when the memory must stay until its handler returned */
		if (object->running && object->ep.on_my_thread())
			object->ep.ep.dissolve(*object);
		object->ep.remove(*object);
	});
}


/*************
 ** Signals **
 *************/

struct rs_signal : Signal_dispatcher_base, rs_ep::Managed
{
	rs_signal_fn const _fn;
	void        *const _ctx;

	Signal_context_capability const _cap;

	rs_signal(rs_ep &ep, bool io, rs_signal_fn fn, void *ctx)
	:
		Managed(ep), _fn(fn), _ctx(ctx), _cap(ep.ep.manage(*this))
	{
		if (io)
			_level = Level::Io;
	}

	~rs_signal() { ep.ep.dissolve(*this); }

	void discard() override { destroy(heap(), this); }

	void dispatch(unsigned count) override
	{
		ep.run(*this, [&] { _fn(_ctx, count ? count : 1); });
	}
};

rs_err_t rs_signal_create(rs_ep_t *ep, bool io, rs_signal_fn fn, void *ctx, rs_signal_t **signal, rs_cap_t *cap)
{
	return guard([&] {
		if (has_quota(0, 1) != RS_OK)
			return RS_OUT_OF_CAPS;

		*signal = new (heap()) rs_signal(*ep, io, fn, ctx);
		*cap    = owned((*signal)->_cap);
		return RS_OK;
	});
}

void rs_signal_destroy(rs_signal_t *signal)
{
	attempt([&] { signal->ep.remove(*signal); });
}

void rs_signal_submit(rs_cap_t context, uint32_t count)
{
	/* nobody is told of a component's death here, so there is nothing to make known */
	if (count)
		attempt([&] { Signal_transmitter(typed<Signal_context>(context)).submit(count); });
}

/* time is the Timer service's, see rs_time_us */
rs_err_t rs_signal_at(rs_signal_t *, uint64_t) { return RS_UNSUPPORTED; }

void rs_ep_wait_io_signal(rs_ep_t *ep)
{
	attempt([&] { ep->ep.wait_and_dispatch_one_io_signal(); });
}
