/*
 * Print a message as vector lines
 *
 *   rs-vector <name> <call|reply> <exception code> <caps> <offset>/<length> <hex of at most 64 bytes>
 *
 * <caps> has a letter per capability of the message, v for a valid and i for an invalid one, or '-'.
 * A long message takes several lines, since a LOG line is limited; the offsets put them together again.
 */
#ifndef _INCLUDE__RS_INTEROP__VECTOR_H_
#define _INCLUDE__RS_INTEROP__VECTOR_H_

#include <base/ipc_msgbuf.h>
#include <base/log.h>

namespace Rs_interop {

	using namespace Genode;

	inline void print_vector(char const *name, char const *direction, long protocol_word, Msgbuf_base const &msg)
	{
		enum { STEP = 64 };

		char caps[Msgbuf_base::MAX_CAPS_PER_MSG + 1] { };
		for (unsigned i = 0; i < msg.used_caps() && i < Msgbuf_base::MAX_CAPS_PER_MSG; i++)
			caps[i] = msg.cap(i).valid() ? 'v' : 'i';
		if (!msg.used_caps())
			caps[0] = '-';

		auto const bytes = (unsigned char const *)msg.data();
		size_t const len = msg.data_size();

		for (size_t at = 0; at == 0 || at < len; at += STEP) {
			char hex[2*STEP + 1] { };
			for (size_t i = 0; i < STEP && at + i < len; i++) {
				char const *digits = "0123456789abcdef";
				hex[2*i]     = digits[bytes[at + i] >> 4];
				hex[2*i + 1] = digits[bytes[at + i] & 15];
			}
			log("rs-vector ", name, " ", direction, " ", protocol_word, " ", Cstring(caps), " ",
			    at, "/", len, " ", Cstring(hex));
		}
	}
}

#endif /* _INCLUDE__RS_INTEROP__VECTOR_H_ */
