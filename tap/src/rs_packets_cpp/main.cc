/*
 * Small packets through both ends of Genode's packet stream on one thread in turns: rs_packets in C++
 */
#include <base/attached_ram_dataspace.h>
#include <base/allocator_avl.h>
#include <base/component.h>
#include <base/heap.h>
#include <os/packet_stream.h>
#include <trace/timestamp.h>
#include <util/string.h>

using namespace Genode;

namespace Rs_packets {

	enum { SIZE = 64, BATCH = 32, BATCHES = 200, RUNS = 31, BUFFER = 64*1024 };

	struct Main;
}


struct Rs_packets::Main
{
	Env                    &_env;
	Heap                    _heap   { _env.ram(), _env.rm() };
	Allocator_avl           _alloc  { &_heap };
	Attached_ram_dataspace  _ds     { _env.ram(), _env.rm(), BUFFER };
	Packet_stream_sink<>    _sink   { _ds.cap(), _env.rm() };
	Packet_stream_source<>  _source { _ds.cap(), _env.rm(), _alloc };
	uint64_t                _sent   { 0 };

	/*
	 * A batch there and back; the number of packets that arrived as they were sent. Without wake-ups: they submit
	 * signals, which cost the system's time and not the stream's.
	 */
	unsigned _batch()
	{
		uint64_t const first = _sent;

		for (unsigned i = 0; i < BATCH; i++) {
			Packet_descriptor const packet = _source.alloc_packet(SIZE);
			char content[SIZE];
			for (char &c : content)
				c = char(_sent & 0xff);
			Genode::memcpy(_source.packet_content(packet), content, SIZE);
			if (!_source.try_submit_packet(packet))
				break;
			_sent++;
		}

		unsigned right = 0;
		while (_sink.packet_avail()) {
			Packet_descriptor const packet = _sink.try_get_packet();
			char content[SIZE];
			Genode::memcpy(content, _sink.packet_content(packet), SIZE);
			asm volatile ("" :: "r" (content) : "memory");
			right += (content[SIZE - 1] == char((first + right) & 0xff));
			_sink.try_ack_packet(packet);
		}

		while (_source.ack_avail())
			_source.release_packet(_source.try_get_acked_packet());

		return right;
	}

	uint64_t _run()
	{
		uint64_t const start = Trace::timestamp();

		unsigned right = 0;
		for (unsigned i = 0; i < BATCHES; i++)
			right += _batch();

		uint64_t const ticks = Trace::timestamp() - start;
		if (right != BATCHES*BATCH)
			error(right, " of ", unsigned(BATCHES*BATCH), " packets arrived as they were sent");

		return ticks / (BATCHES*BATCH);
	}

	Main(Env &env) : _env(env)
	{
		uint64_t ticks[RUNS];
		for (uint64_t &run : ticks)
			run = _run();

		for (unsigned i = 0; i < RUNS; i++)
			for (unsigned j = i + 1; j < RUNS; j++)
				if (ticks[j] < ticks[i]) {
					uint64_t const t = ticks[i];
					ticks[i] = ticks[j];
					ticks[j] = t;
				}

		log("64 bytes there and back: ", ticks[RUNS/2], " ticks");
		_env.parent().exit(0);
	}
};


void Component::construct(Genode::Env &env) { static Rs_packets::Main main(env); }
