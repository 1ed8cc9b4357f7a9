/*
 * An entrypoint with its bookkeeping of handlers
 */
#ifndef _ENTRYPOINT_H_
#define _ENTRYPOINT_H_

#include <base/entrypoint.h>
#include <base/rpc_server.h>

#include "shim.h"

/*
 * Handlers may remove themselves, but Genode waits in the removal for running handlers to return. Objects removed from
 * within are therefore marked, which keeps them from being called again, and freed when their entrypoint runs next.
 */
struct rs_ep
{
	struct Managed : Genode::List<Managed>::Element
	{
		rs_ep   &ep;
		unsigned running = 0; /* handler invocations in progress, on the entrypoint's thread */
		bool     gone    = false;

		Managed(rs_ep &ep) : ep(ep) { }
		virtual ~Managed() { }

		/* destruct and free the whole object */
		virtual void discard() = 0;
	};

	Genode::Entrypoint &ep;
	Genode::Mutex mutex { };
	Genode::List<Managed> removed { };
	Managed    *volatile first_removed = nullptr; /* lets the common case go without the mutex */

	rs_ep(Genode::Entrypoint &ep) : ep(ep) { }

	void remove_later(Managed &entry)
	{
		Genode::Mutex::Guard guard(mutex);
		removed.insert(&entry);
		first_removed = removed.first();
	}

	/* free what was removed from within and returned since, but not 'current', which Genode is about to run */
	void reap(Managed const *current)
	{
		while (first_removed) {
			Managed *idle = nullptr;
			{
				Genode::Mutex::Guard guard(mutex);
				for (Managed *e = removed.first(); e && !idle; e = e->next())
					if (!e->running && e != current)
						idle = e;
				if (!idle)
					return;
				removed.remove(idle);
				first_removed = removed.first();
			}
			idle->discard();
		}
	}

	/* run a handler of 'entry' unless it was removed */
	template <typename FN>
	void run(Managed &entry, FN const &fn)
	{
		if (first_removed)
			reap(&entry);
		if (entry.gone)
			return;
		entry.running++;
		fn();
		entry.running--;
	}

	/* remove 'entry' now, or later when called by itself */
	void remove(Managed &entry)
	{
		entry.gone = true;
		if (entry.running && on_my_thread())
			remove_later(entry);
		else
			entry.discard();
	}

	bool on_my_thread() { return ep.rpc_ep().is_myself(); }
};

#endif /* _ENTRYPOINT_H_ */
