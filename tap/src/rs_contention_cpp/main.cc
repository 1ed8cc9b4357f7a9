/*
 * Genode's Mutex and Heap with one thread, and with several that are in each other's way: rs_contention in C++
 */
#include <base/component.h>
#include <base/heap.h>
#include <base/mutex.h>
#include <base/thread.h>
#include <timer_session/connection.h>
#include <util/reconstructible.h>

using namespace Genode;

namespace Rs_contention {

	enum { MILLISECONDS = 60, RUNS = 5, BLOCKS = 128, SOME = 256, MOST = 8 };

	template <typename> struct Thread_of;

	struct Rng;
	struct Shared;
	struct Load;
	struct Main;
}


/* stack sizes are typed from 26.02 on, weight and CPU session are arguments before */
template <typename THREAD>
struct Rs_contention::Thread_of : THREAD
{
	Thread_of(Env &env, char const *name, size_t stack, Affinity::Location at)
	: THREAD(env, typename THREAD::Name(name), stack, at, typename THREAD::Weight(), env.cpu()) { }
};


template <typename THREAD>
requires requires { typename THREAD::Stack_size; }
struct Rs_contention::Thread_of<THREAD> : THREAD
{
	Thread_of(Env &env, char const *name, size_t stack, Affinity::Location at)
	: THREAD(env, typename THREAD::Name(name), typename THREAD::Stack_size { stack }, at) { }
};


struct Rs_contention::Rng
{
	uint64_t _state;

	Rng(uint64_t seed) : _state(seed) { }

	uint64_t below(uint64_t limit)
	{
		_state ^= _state << 13;
		_state ^= _state >> 7;
		_state ^= _state << 17;
		return ((_state >> 32) * limit) >> 32;
	}
};


struct Rs_contention::Shared
{
	bool volatile stop    = false;
	Mutex         mutex   { };
	uint64_t      counter = 0;
};


struct Rs_contention::Load : Thread_of<Thread>
{
	Shared    &_shared;
	Allocator *_heap;        /* count under the mutex if null */
	Rng        _rng;
	uint64_t   operations = 0;

	struct { uint64_t *block; size_t size; } _blocks[BLOCKS] { };

	Load(Env &env, Location at, Shared &shared, Allocator *heap, uint64_t n)
	:
		Thread_of<Thread>(env, "load", 64*1024, at),
		_shared(shared), _heap(heap), _rng(((n + 1)*0x9e3779b97f4a7c15ull) | 1)
	{ start(); }

	Load(Load const &) = delete;
	Load &operator = (Load const &) = delete;

	void _free(unsigned i)
	{
		if (!_blocks[i].block)
			return;

		if (*_blocks[i].block != uint64_t(this))
			error("a block of ", _blocks[i].size, " bytes was overwritten");

		_heap->free(_blocks[i].block, _blocks[i].size);
		_blocks[i] = { };
	}

	void _replace()
	{
		unsigned const i = unsigned(_rng.below(BLOCKS));
		_free(i);
		_blocks[i].size  = 16 + size_t(_rng.below(256));
		_blocks[i].block = (uint64_t *)_heap->alloc(_blocks[i].size);
		*_blocks[i].block = uint64_t(this);
	}

	void _count()
	{
		uint64_t const one = 1 + _rng.below(1);
		Mutex::Guard guard(_shared.mutex);
		_shared.counter += one;
	}

	void entry() override
	{
		for (; !_shared.stop; operations += SOME)
			for (unsigned i = 0; i < SOME; i++)
				if (_heap) _replace(); else _count();

		for (unsigned i = 0; i < BLOCKS; i++)
			_free(i);
	}
};


struct Rs_contention::Main
{
	Env               &_env;
	Timer::Connection  _timer { _env };
	Heap               _heap  { _env.ram(), _env.rm() };

	Constructible<Load> _loads[MOST] { };

	/* picoseconds for an operation */
	uint64_t _run(unsigned threads, Allocator *heap)
	{
		Shared shared { };
		uint64_t const start = _timer.elapsed_us();
		Affinity::Space const space = _env.cpu().affinity_space();

		for (unsigned i = 0; i < threads; i++)
			_loads[i].construct(_env, space.location_of_index(int(i)), shared, heap, i);

		_timer.msleep(MILLISECONDS);
		shared.stop = true;

		uint64_t operations = 0;
		for (unsigned i = 0; i < threads; i++) {
			_loads[i]->join();
			operations += _loads[i]->operations;
			_loads[i].destruct();
		}
		if (!heap && shared.counter != operations)
			error(operations, " operations, ", shared.counter, " counted");

		uint64_t const spent = _timer.elapsed_us() - start;
		return spent*1000*1000 / max(operations, uint64_t(1));
	}

	void _bench(char const *name, Allocator *heap)
	{
		uint64_t one = 0;
		unsigned const counts[] { 1, 2, 8 };
		for (unsigned threads : counts) {
			uint64_t times[RUNS] { };
			_run(threads, heap);
			for (uint64_t &time : times)
				time = _run(threads, heap);

			for (unsigned i = 0; i < RUNS; i++)
				for (unsigned j = i + 1; j < RUNS; j++)
					if (times[j] < times[i]) {
						uint64_t const t = times[i];
						times[i] = times[j];
						times[j] = t;
					}

			uint64_t const median = max(times[RUNS/2], uint64_t(1));
			if (threads == 1)
				one = median;

			uint64_t const kops = 1000*1000*1000 / median;
			log(name, ", ", threads, threads == 1 ? " thread: " : " threads: ", kops/1000, ".",
			    kops/100 % 10, kops/10 % 10, " Mop/s, ", one*100/median, " % of one's");
		}
	}

	Main(Env &env) : _env(env)
	{
		_bench("Mutex", nullptr);
		_bench("Heap", &_heap);
		log("--- contention in C++ finished ---");
		env.parent().exit(0);
	}
};


void Component::construct(Genode::Env &env) { static Rs_contention::Main main(env); }
