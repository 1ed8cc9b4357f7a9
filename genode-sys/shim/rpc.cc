/*
 * Calling RPC objects
 */
#include <base/ipc.h>

#include "shim.h"

using namespace Seam;

namespace {

	/* what a C++ entrypoint receives at most; a longer call would be cut on its way */
	enum { MAX_CALL = 1024 };

	/* message on the stack of which only the needed part is cleared, as that of a C++ stub */
	template <unsigned long CAPACITY>
	struct Message : Msgbuf_base
	{
		Headroom space; /* in front of 'bytes', where kernels put their header */
		char     bytes[CAPACITY] __attribute__((aligned(8)));

		Message(unsigned long used) : Msgbuf_base(bytes, min(used, CAPACITY)) { }
	};
}

rs_err_t rs_call(rs_cap_t dst, rs_msg_t const *call, rs_msg_t *reply, ::int64_t *exception)
{
	if (!dst)
		return RS_INVALID;

	if (call->len > MAX_CALL || call->num_caps > RS_MAX_CAPS)
		return RS_OVERFLOW;

	return guard([&] {

		/* kernels transfer whole words, and some pad a message by a few of them */
		size_t const reply_size = min(size_t(RS_MAX_BODY), (reply->capacity + 7) & ~7ul);

		Message<MAX_CALL>    snd((call->len + 7) & ~7ul);
		Message<RS_MAX_BODY> rcv(reply_size);

		memcpy(snd.data(), call->data, call->len);
		snd.data_size((call->len + 7) & ~7ul);
		for (uint32_t i = 0; i < call->num_caps; i++)
			snd.insert(cap(call->caps[i]));

		*exception = ipc_call(cap(dst), snd, rcv, RS_MAX_CAPS).value;

		/* base-hw tells the length, other kernels leave it at 0 */
		size_t const received = rcv.data_size() ? rcv.data_size() : reply_size;

		reply->len = min(received, reply->capacity);
		memcpy(reply->data, rcv.data(), reply->len);

		reply->num_caps = uint32_t(min(rcv.used_caps(), size_t(RS_MAX_CAPS)));
		for (uint32_t i = 0; i < reply->num_caps; i++)
			reply->caps[i] = owned(rcv.cap(i));

		return RS_OK;
	});
}
