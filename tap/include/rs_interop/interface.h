/*
 * Interface that covers every marshalling rule of Genode's RPC framework
 *
 * Its only purpose is to show the bytes: server and client print each message, and the printed lines are
 * the vectors of the Rust SDK's tests. Append functions, never reorder them: the opcodes are part of the vectors.
 */
#ifndef _INCLUDE__RS_INTEROP__INTERFACE_H_
#define _INCLUDE__RS_INTEROP__INTERFACE_H_

#include <util/attempt.h>
#include <util/string.h>
#include <base/affinity.h>
#include <base/rpc.h>
#include <base/rpc_args.h>
#include <base/exception.h>
#include <dataspace/capability.h>
#include <session/session.h>

namespace Rs_interop {

	using namespace Genode;

	enum class Color : int { RED, GREEN, BLUE = 7 };
	enum class Problem { NO_RAM, NO_CAPS, REFUSED };

	struct Done { };

	struct Point { uint8_t a; uint64_t b; uint16_t c; };
	struct Small { uint8_t r, g, b; };

	struct First  : Exception { };
	struct Second : Exception { };
	struct Third  : Exception { };

	using Name  = Rpc_in_buffer<16>;
	using Text  = Rpc_in_buffer<160>;
	using Greeting = String<32>;
	using Cap   = Capability<Dataspace>;

	using Value_result = Attempt<uint64_t, Problem>;
	using Point_result = Attempt<Point, Problem>;
	using Done_result  = Attempt<Done, Problem>;
	using Cap_result   = Attempt<Cap, Problem>;

	struct Base;
	struct Session;
}


/* the inherited part: opcodes 0 and 1 */
struct Rs_interop::Base : Interface
{
	virtual void     nothing() = 0;
	virtual uint32_t increment(uint32_t) = 0;

	GENODE_RPC(Rpc_nothing, void, nothing);
	GENODE_RPC(Rpc_increment, uint32_t, increment, uint32_t);
	GENODE_RPC_INTERFACE(Rpc_nothing, Rpc_increment);
};


struct Rs_interop::Session : Genode::Session, Base
{
	static const char *service_name() { return "Rs_interop"; }

	enum { CAP_QUOTA = 4 };

	virtual uint64_t unsigned_ints(uint8_t, uint16_t, uint32_t, uint64_t) = 0;
	virtual int64_t  signed_ints(int8_t, int16_t, int32_t, int64_t) = 0;
	virtual bool     negate(bool) = 0;
	virtual Color    next(Color) = 0;
	virtual double   half(double) = 0;

	virtual Point  mirror(Point const &) = 0;
	virtual Small  rotate(Small) = 0;
	virtual void   exchange(uint32_t &, Point &) = 0;
	virtual uint8_t pointers(Small const *, uint16_t *) = 0;

	virtual size_t   length(Name const &) = 0;
	virtual uint64_t texts(Name const &, uint32_t, Text const &) = 0;
	virtual Greeting greet(Greeting const &) = 0;

	virtual Value_result attempt_value(uint32_t) = 0;
	virtual Point_result attempt_point(uint32_t) = 0;
	virtual Done_result  attempt_done(uint32_t) = 0;
	virtual Cap_result   attempt_cap(uint32_t) = 0;

	virtual bool take(Cap, uint32_t) = 0;
	virtual uint32_t take_four(Cap, Cap, Cap, Cap) = 0;
	virtual Cap  give() = 0;
	virtual Cap  give_invalid() = 0;
	virtual void swap(Cap &, uint32_t &) = 0;

	virtual void     throw_void(uint32_t) = 0;
	virtual uint32_t throw_value(uint32_t, uint16_t &) = 0;

	virtual Affinity spread(Affinity const &, Affinity::Location) = 0;
	virtual uint32_t seven(uint8_t, Cap, Name const &, bool, Small, uint64_t &, int16_t) = 0;

	GENODE_RPC(Rpc_unsigned_ints, uint64_t, unsigned_ints, uint8_t, uint16_t, uint32_t, uint64_t);
	GENODE_RPC(Rpc_signed_ints, int64_t, signed_ints, int8_t, int16_t, int32_t, int64_t);
	GENODE_RPC(Rpc_negate, bool, negate, bool);
	GENODE_RPC(Rpc_next, Color, next, Color);
	GENODE_RPC(Rpc_half, double, half, double);
	GENODE_RPC(Rpc_mirror, Point, mirror, Point const &);
	GENODE_RPC(Rpc_rotate, Small, rotate, Small);
	GENODE_RPC(Rpc_exchange, void, exchange, uint32_t &, Point &);
	GENODE_RPC(Rpc_pointers, uint8_t, pointers, Small const *, uint16_t *);
	GENODE_RPC(Rpc_length, size_t, length, Name const &);
	GENODE_RPC(Rpc_texts, uint64_t, texts, Name const &, uint32_t, Text const &);
	GENODE_RPC(Rpc_greet, Greeting, greet, Greeting const &);
	GENODE_RPC(Rpc_attempt_value, Value_result, attempt_value, uint32_t);
	GENODE_RPC(Rpc_attempt_point, Point_result, attempt_point, uint32_t);
	GENODE_RPC(Rpc_attempt_done, Done_result, attempt_done, uint32_t);
	GENODE_RPC(Rpc_attempt_cap, Cap_result, attempt_cap, uint32_t);
	GENODE_RPC(Rpc_take, bool, take, Cap, uint32_t);
	GENODE_RPC(Rpc_take_four, uint32_t, take_four, Cap, Cap, Cap, Cap);
	GENODE_RPC(Rpc_give, Cap, give);
	GENODE_RPC(Rpc_give_invalid, Cap, give_invalid);
	GENODE_RPC(Rpc_swap, void, swap, Cap &, uint32_t &);
	GENODE_RPC_THROW(Rpc_throw_void, void, throw_void, GENODE_TYPE_LIST(First, Second, Third), uint32_t);
	GENODE_RPC_THROW(Rpc_throw_value, uint32_t, throw_value, GENODE_TYPE_LIST(First, Second), uint32_t, uint16_t &);
	GENODE_RPC(Rpc_spread, Affinity, spread, Affinity const &, Affinity::Location);
	GENODE_RPC(Rpc_seven, uint32_t, seven, uint8_t, Cap, Name const &, bool, Small, uint64_t &, int16_t);

	GENODE_RPC_INTERFACE_INHERIT(Base,
		Rpc_unsigned_ints, Rpc_signed_ints, Rpc_negate, Rpc_next, Rpc_half,                  /*  2 ..  6 */
		Rpc_mirror, Rpc_rotate, Rpc_exchange, Rpc_pointers,                                  /*  7 .. 10 */
		Rpc_length, Rpc_texts, Rpc_greet,                                                    /* 11 .. 13 */
		Rpc_attempt_value, Rpc_attempt_point, Rpc_attempt_done, Rpc_attempt_cap,             /* 14 .. 17 */
		Rpc_take, Rpc_take_four, Rpc_give, Rpc_give_invalid, Rpc_swap,                       /* 18 .. 22 */
		Rpc_throw_void, Rpc_throw_value, Rpc_spread, Rpc_seven);                             /* 23 .. 26 */
};

#endif /* _INCLUDE__RS_INTEROP__INTERFACE_H_ */
